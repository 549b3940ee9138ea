//! Clips the tests make for themselves: every frame with its number burnt in, in many containers; a flash with a beep.

use std::path::{Path, PathBuf};

use super::{media, tool};

/// Bits of a burnt-in frame number.
pub const BITS: u32 = 13;
/// Blocks in the strip: white, black, the number, its parity.
pub const COLUMNS: u32 = 16;
/// The strip is one part in so many of the picture's height.
pub const CODE_LINES: u32 = 9;

/// Size of the made clips: blocks are 32 pixels here and 16 in a rung of half the size.
pub const WIDTH: u32 = 512;
pub const HEIGHT: u32 = 288;
pub const RATE: u32 = 25;

pub fn ffmpeg(args: &[&str], out: &Path) {
    let how = ["-nostdin", "-y", "-v", "error"];
    tool("ffmpeg", &[&how, args, &[out.to_str().unwrap()]].concat());
}

/// Filters that burn the frame number `n` into the top of the picture.
pub fn burn() -> String {
    let (w, h) = (WIDTH / COLUMNS, HEIGHT / CODE_LINES);
    let strip = w * COLUMNS;
    let mut filters = format!("drawbox=0:0:{strip}:{h}:black:fill,drawbox=0:0:{w}:{h}:white:fill");
    let mut block = |column: u32, when: &str| {
        let x = column * w;
        filters.push_str(&format!(
            ",drawbox={x}:0:{w}:{h}:white:fill:enable='{when}'"
        ));
    };
    let mut parity = String::from("0");
    for bit in 0..BITS {
        let value = format!("mod(floor(n/{}),2)", 1 << bit);
        block(2 + bit, &value);
        parity.push_str(&format!("+{value}"));
    }
    block(2 + BITS, &format!("mod({parity},2)"));
    filters
}

/// A master of `frames` numbered frames with a tone, nearly lossless: a real moving picture where there is one.
/// `busy` adds grain, so that rungs reach their caps.
pub fn master(dir: &Path, frames: u32, busy: bool) -> PathBuf {
    let out = dir.join(if busy { "busy.mkv" } else { "master.mkv" });
    let grain = if busy { ",noise=alls=40:allf=t" } else { "" };
    let shape = format!(
        "fps={RATE},scale={WIDTH}:{HEIGHT},setsar=1{grain},{},format=yuv420p",
        burn()
    );
    let count = frames.to_string();
    let made = format!("testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}");
    let real = media().map(|m| m.join("bunny-720p25.mp4").display().to_string());
    let picture: Vec<&str> = match &real {
        Some(real) => vec!["-stream_loop", "-1", "-i", real],
        None => vec!["-f", "lavfi", "-i", &made],
    };
    // Muxers that interleave by sound must not run out of it before the last picture.
    let seconds = (f64::from(frames) / f64::from(RATE) + 0.2).to_string();
    let tone = [
        "-f",
        "lavfi",
        "-t",
        &seconds,
        "-i",
        "sine=330:sample_rate=48000",
    ];
    let how = [
        "-map",
        "0:v:0",
        "-map",
        "1:a",
        "-vf",
        &shape,
        "-frames:v",
        &count,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-qp",
        "8",
        "-g",
        "25",
        "-c:a",
        "pcm_s16le",
    ];
    ffmpeg(&[&picture[..], &tone, &how].concat(), &out);
    out
}

/// How a container is written: name with extension, the arguments, and how much of it is kept.
pub struct Form {
    pub name: &'static str,
    pub args: &'static str,
    /// Percent of the bytes.
    pub kept: usize,
    /// Whether FFmpeg leaves the last few pictures out, or half there.
    pub open_end: bool,
    /// Whether the frames are a steady 25 per second, from 0.
    pub steady: bool,
}

const fn form(name: &'static str, args: &'static str) -> Form {
    Form {
        name,
        args,
        kept: 100,
        open_end: false,
        steady: true,
    }
}

const fn cut(name: &'static str, args: &'static str, kept: usize) -> Form {
    Form {
        kept,
        open_end: true,
        ..form(name, args)
    }
}

/// The containers and codings whose runs must be exact.
pub const FORMS: &[Form] = &[
    form(
        "h264.ts",
        "-c:v libx264 -preset superfast -crf 20 -bf 3 -b_strategy 0 -g 48 -c:a aac -output_ts_offset 2355 -f mpegts",
    ),
    cut(
        "mpeg2.mxf",
        "-c:v mpeg2video -q:v 3 -g 12 -bf 2 -c:a pcm_s16le -f mxf",
        100,
    ),
    cut(
        "h264.mxf",
        "-c:v libx264 -preset superfast -crf 20 -bf 3 -b_strategy 0 -g 30 -c:a pcm_s16le -f mxf",
        100,
    ),
    form(
        "open-gop.mkv",
        "-c:v libx264 -preset superfast -crf 20 -bf 3 -b_strategy 0 -x264-params open-gop=1:keyint=50:min-keyint=50:scenecut=0 -c:a aac",
    ),
    form(
        "open-gop-hevc.mkv",
        "-c:v libx265 -preset ultrafast -crf 20 -x265-params open-gop=1:keyint=50:bframes=4:b-adapt=0:log-level=none -c:a aac",
    ),
    form(
        "mpeg2.wtv",
        "-c:v mpeg2video -q:v 3 -g 12 -bf 2 -c:a mp2 -f wtv",
    ),
    cut(
        "cut.mkv",
        "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 50 -c:a aac",
        97,
    ),
    cut(
        "cut.ts",
        "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 50 -c:a aac -f mpegts",
        97,
    ),
    form(
        "intra-refresh.ts",
        "-c:v libx264 -preset superfast -crf 20 -bf 0 -x264-params intra-refresh=1:keyint=50 -c:a aac -f mpegts",
    ),
    Form {
        steady: false,
        ..form(
            "vfr.mkv",
            "-vf select='not(eq(mod(n,7),3)+eq(mod(n,11),5)+between(mod(n,100),60,67))' -fps_mode passthrough -c:v libx264 -preset superfast -crf 20 -bf 3 -g 60 -c:a aac",
        )
    },
    Form {
        steady: false,
        // A picture that stands for a second, with pictures reordered over it.
        ..form(
            "gaps.mkv",
            "-vf select='not(between(mod(n,200),101,125))' -fps_mode passthrough -c:v libx264 -preset superfast -crf 20 -bf 3 -b_strategy 0 -g 60 -c:a aac",
        )
    },
    form(
        "open-gop.mp4",
        "-c:v libx264 -preset superfast -crf 20 -bf 3 -b_strategy 0 -x264-params open-gop=1:keyint=50:min-keyint=50:scenecut=0 -c:a aac",
    ),
    form(
        "open-gop-mpeg2.ts",
        "-c:v mpeg2video -q:v 3 -g 15 -bf 2 -c:a mp2 -f mpegts",
    ),
    form("mpeg4.avi", "-c:v mpeg4 -q:v 3 -g 50 -bf 2 -c:a mp2"),
    form(
        "mpeg2.mpg",
        "-c:v mpeg2video -q:v 3 -g 15 -bf 2 -c:a mp2 -f vob",
    ),
    form(
        "vp9.webm",
        "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -crf 25 -b:v 0 -g 50 -auto-alt-ref 1 -lag-in-frames 16 -c:a libopus",
    ),
];

/// Writes the master in one form.
pub fn make(master: &Path, form: &Form, dir: &Path) -> PathBuf {
    let out = dir.join(form.name);
    let input = ["-i", master.to_str().unwrap(), "-map", "0"];
    let args: Vec<&str> = form.args.split(' ').collect();
    ffmpeg(&[&input[..], &args].concat(), &out);
    if form.kept < 100 {
        let length = std::fs::metadata(&out).unwrap().len();
        let file = std::fs::OpenOptions::new().write(true).open(&out).unwrap();
        file.set_len(length * form.kept as u64 / 100).unwrap();
    }
    out
}

/// Seconds between two flashes of [`flash_and_beep`], each with a beep at the same instant; the first is at 1 s.
pub const FLASH_EVERY_S: f64 = 2.0;

/// Nine seconds of a white flash and a beep at the same instants, odd seconds, as an uncompressed master.
pub fn flash_and_beep(dir: &Path) -> PathBuf {
    let out = dir.join("flash.mkv");
    let video = format!(
        "color=black:size=320x180:rate={RATE}:duration=9,drawbox=0:0:320:180:white:fill:enable='eq(mod(n,50),25)'"
    );
    let audio =
        "aevalsrc='if(gte(mod(t,2),1)*lt(mod(t,2),1.1),0.8*sin(2*PI*1000*t),0)':s=48000:d=9";
    ffmpeg(
        &[
            "-f",
            "lavfi",
            "-i",
            &video,
            "-f",
            "lavfi",
            "-i",
            audio,
            "-c:v",
            "ffv1",
            "-c:a",
            "pcm_s16le",
        ],
        &out,
    );
    out
}
