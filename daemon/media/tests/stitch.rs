//! Segments in our own form, made from what FFmpeg encodes, stitched and held against FFmpeg's reading of the MP4.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, where a panic is the report"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use newsreel_media::boxes::{
    Sample, read_init, read_segment, walk, with_edit_list, write_fragment,
};
use newsreel_media::package::mp4::{StitchStats, Track, stitch};
use newsreel_model::Code;

fn run(program: &str, args: &[&str]) -> String {
    let done = Command::new(program).args(args).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&done.stdout).into_owned(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    );
    assert!(done.status.success(), "{program} {args:?}: {err}");
    assert_eq!(err, "", "{program} {args:?} had something to say");
    out
}

fn ffmpeg(args: &[&str]) {
    let quiet = ["-nostdin", "-v", "error", "-y"];
    run("ffmpeg", &[&quiet[..], args].concat());
}

/// The boxes of one kind or another, as they are.
fn only(file: &[u8], kinds: &[&[u8; 4]]) -> Vec<u8> {
    let wanted = walk::boxes(file).map(Result::unwrap);
    let wanted = wanted.filter(|b| kinds.contains(&&b.kind));
    wanted.flat_map(|b| b.whole.to_vec()).collect()
}

/// Cuts a fragmented file into our segments. Video gets decode times that are its sorted presentation times, and so negative offsets.
fn segments(file: &Path, dir: &Path, video: bool, total: i64) -> Track {
    let bytes = std::fs::read(file).unwrap();
    let mut init = only(&bytes, &[b"ftyp", b"moov"]);
    let priming = read_init(&init).unwrap().media_time;
    if video {
        init = with_edit_list(&init, 0).unwrap();
    }
    let fragments = read_segment(&bytes).unwrap();
    let first = |i: usize| {
        let times = fragments
            .get(i)
            .map(|f| f.presentation_times(priming).min().unwrap());
        times.unwrap_or(total)
    };
    let mut paths = Vec::new();
    for (i, fragment) in (0..).zip(&fragments) {
        let data = &bytes[fragment.data.clone()];
        let mut samples = fragment.samples.clone();
        let mut base = fragment.base_decode_time;
        if video {
            let shown: Vec<i64> = fragment.presentation_times(priming).collect();
            let mut decode = shown.clone();
            decode.sort_unstable();
            base = u64::try_from(decode[0]).unwrap();
            decode.push(first(i + 1));
            for (k, sample) in samples.iter_mut().enumerate() {
                *sample = Sample {
                    duration: u32::try_from(decode[k + 1] - decode[k]).unwrap(),
                    composition_offset: i32::try_from(shown[k] - decode[k]).unwrap(),
                    ..*sample
                };
            }
        }
        let path = dir.join(format!("{video}-{i:05}.m4s"));
        let number = u32::try_from(i + 1).unwrap();
        std::fs::write(&path, write_fragment(number, 1, base, &samples, data)).unwrap();
        paths.push(path);
    }
    Track {
        init,
        segments: paths,
    }
}

/// Six seconds of H.264 with B-frames in two-second segments, and of AAC.
fn source(dir: &Path) -> (Track, Track) {
    let (video, audio) = (dir.join("v.mp4"), dir.join("a.mp4"));
    let picture = "testsrc2=size=320x180:rate=30000/1001:duration=6.006";
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        picture,
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-bf",
        "3",
        "-g",
        "60",
        "-sc_threshold",
        "0",
        "-video_track_timescale",
        "30000",
        "-movflags",
        "frag_keyframe+empty_moov+default_base_moof+delay_moov",
        video.to_str().unwrap(),
    ]);
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=48000:duration=6",
        "-ac",
        "2",
        "-c:a",
        "aac",
        "-frag_duration",
        "2000000",
        "-movflags",
        "empty_moov+default_base_moof+delay_moov",
        audio.to_str().unwrap(),
    ]);
    (
        segments(&video, dir, true, 180 * 1001),
        segments(&audio, dir, false, 0),
    )
}

fn probe(file: &Path, stream: &str, field: &str) -> String {
    let entries = format!("stream={field}");
    let args = [
        "-v",
        "error",
        "-count_frames",
        "-select_streams",
        stream,
        "-show_entries",
        &entries,
        "-of",
        "csv=p=0",
        file.to_str().unwrap(),
    ];
    run("ffprobe", &args)
        .trim()
        .trim_end_matches(',')
        .to_owned()
}

fn write(tracks: &[Track], to: &Path) -> StitchStats {
    let mut file = std::io::BufWriter::new(std::fs::File::create(to).unwrap());
    stitch(tracks, None, &mut file).unwrap()
}

/// Presentation times and checksums of all frames after decoding.
fn frames(file: &Path, map: &str) -> String {
    let args = [
        "-nostdin",
        "-v",
        "error",
        "-i",
        file.to_str().unwrap(),
        "-map",
        map,
        "-f",
        "framemd5",
        "-",
    ];
    run("ffmpeg", &args)
}

#[test]
fn segments_become_one_mp4_that_plays_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (video, audio) = source(dir.path());
    let negative = video.segments.iter().any(|path| {
        let read = read_segment(&std::fs::read(path).unwrap()).unwrap();
        read[0].samples.iter().any(|s| s.composition_offset < 0)
    });
    assert!(negative, "the source has no B-frames");
    assert_eq!(video.segments.len(), 3);
    assert_eq!(read_init(&audio.init).unwrap().media_time, 1024);

    let out = dir.path().join("out.mp4");
    let stats = write(&[video, audio], &out);
    assert_eq!(stats.bytes, std::fs::metadata(&out).unwrap().len());
    assert_eq!(stats.samples[0], 180);
    assert!((stats.duration_s - 6.006).abs() < 0.03, "{stats:?}");
    let bytes = std::fs::read(&out).unwrap();
    let kinds: Vec<[u8; 4]> = walk::boxes(&bytes).map(|b| b.unwrap().kind).collect();
    assert_eq!(kinds, [*b"ftyp", *b"moov", *b"mdat"]);

    assert_eq!(probe(&out, "v:0", "nb_read_frames"), "180");
    assert_eq!(probe(&out, "v:0", "start_time"), "0.000000");
    assert_eq!(probe(&out, "a:0", "start_time"), "0.000000");
    assert_eq!(probe(&out, "v:0", "duration"), "6.006000");
    assert_eq!(probe(&out, "v:0", "r_frame_rate"), "30000/1001");
    let sound: u32 = probe(&out, "a:0", "nb_read_frames").parse().unwrap();
    assert!((281..=283).contains(&sound), "{sound}");
    run(
        "ffmpeg",
        &[
            "-nostdin",
            "-v",
            "error",
            "-i",
            out.to_str().unwrap(),
            "-f",
            "null",
            "-",
        ],
    );
    // Every picture at the time and with the content it had in FFmpeg's own file.
    assert_eq!(
        frames(&out, "0:v"),
        frames(&dir.path().join("v.mp4"), "0:v")
    );
}

#[test]
fn a_missing_or_foreign_segment_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut video, audio) = source(dir.path());
    let gone = video.segments.remove(1);
    let error = stitch(&[video.clone(), audio.clone()], None, &mut Vec::new()).unwrap_err();
    assert_eq!(error.code(), Code::GateFailed);
    let expected = "true-00002.m4s cannot be used: it starts at tick 120120, but the segment before ends at 60060";
    assert!(error.message().ends_with(expected), "{error}");

    video.segments.insert(1, PathBuf::from("/nowhere.m4s"));
    let error = stitch(&[video.clone(), audio.clone()], None, &mut Vec::new()).unwrap_err();
    assert_eq!(error.code(), Code::GateFailed);

    video.segments[1] = gone;
    let mut full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let error = stitch(&[video, audio], None, &mut full).unwrap_err();
    assert_eq!(error.code(), Code::DiskFull);
}

/// Keeps the first bytes and counts the rest.
#[derive(Default)]
struct Head {
    kept: Vec<u8>,
    length: u64,
}

impl std::io::Write for Head {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = (1usize << 16).saturating_sub(self.kept.len());
        self.kept.extend(bytes.iter().take(room));
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn more_than_4_gib_takes_wide_offsets_in_soak_only() {
    // Copies 5 GiB (of holes, so it takes no disk): too long for every run of the tests.
    if std::env::var("NEWSREEL_TIER").as_deref() != Ok("soak") {
        eprintln!("NOT RUN: wide offsets are tested with NEWSREEL_TIER=soak only");
        return;
    }
    const GIB: u32 = 1 << 30;
    let dir = tempfile::tempdir().unwrap();
    let (video, _) = source(dir.path());
    let mut track = Track {
        init: video.init,
        segments: Vec::new(),
    };
    for i in 0..5u32 {
        let sample = Sample {
            size: GIB,
            duration: 1000,
            composition_offset: 0,
            key: true,
        };
        let mut bytes = write_fragment(i + 1, 1, u64::from(i) * 1000, &[sample], &[]);
        let mdat = bytes.len() - 8;
        bytes[mdat..mdat + 4].copy_from_slice(&(GIB + 8).to_be_bytes());
        let path = dir.path().join(format!("{i}.m4s"));
        std::fs::write(&path, &bytes).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(bytes.len() as u64 + u64::from(GIB)).unwrap();
        track.segments.push(path);
    }
    let mut out = Head::default();
    let stats = stitch(&[track], None, &mut out).unwrap();
    assert_eq!(stats.bytes, out.length);
    let at = out.kept.windows(4).position(|w| w == b"co64").unwrap() + 12;
    let offset = |i: usize| {
        let at = at + 8 * i;
        u64::from_be_bytes(out.kept[at..at + 8].try_into().unwrap())
    };
    assert_eq!(offset(0), out.length - 5 * u64::from(GIB));
    assert_eq!(offset(4), out.length - u64::from(GIB));
    let mdat = out.kept.windows(4).position(|w| w == b"mdat").unwrap();
    assert_eq!(mdat as u64 + 12, offset(0));
    let size = u64::from_be_bytes(out.kept[mdat + 4..mdat + 12].try_into().unwrap());
    assert_eq!(size, 5 * u64::from(GIB) + 16);
}
