//! The picture of every real clip against plain FFmpeg told what the clip is, and of made ones whatever they are made of: the
//! same pictures, upright, progressive, in the right colours. `docs/fidelity.md` is this file in words.
//!
//! Not here: sound, containers, joints (`media.rs`, `runs.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "tests, where a panic is the report"
)]

mod common;

#[path = "fidelity/aperture.rs"]
mod aperture;
#[path = "fidelity/auto.rs"]
mod auto;
#[path = "fidelity/colour.rs"]
mod colour;
#[path = "fidelity/film.rs"]
mod film;
#[path = "fidelity/hdr.rs"]
mod hdr;
#[path = "fidelity/made.rs"]
mod made;
#[path = "fidelity/measured.rs"]
mod measured;

use std::path::{Path, PathBuf};

use common::ladder::Ladder;
use common::place::Place;
use common::{Tier, alone, media, pictures, probe, tier};

/// Rungs without loss, so that what comes out is exactly what was conditioned and scaled; and ones that stay HDR.
const CONFIG: &str = r#"
[profiles.exact]
preset = "ultrafast"
rate_control = "crf"
crf = 0
rungs = [{}]
[profiles.exact.thumbnails]
count = 1
storyboard_tiles = 0

[profiles.fields]
deinterlace = "field"
preset = "ultrafast"
rate_control = "crf"
crf = 0
rungs = [{}]
[profiles.fields.thumbnails]
count = 1
storyboard_tiles = 0

[profiles.seconds]
preset = "ultrafast"
rate_control = "crf"
crf = 0
segment_s = 1.0
first_segment_s = 1.0
rungs = [{}]
[profiles.seconds.thumbnails]
count = 1
storyboard_tiles = 0

[profiles.hdr]
codec = "hevc"
hdr = "keep"
preset = "ultrafast"
rungs = [{ short_side_px = 144, bitrate_kbps = 500 }]
[profiles.hdr.thumbnails]
count = 1
storyboard_tiles = 0
"#;

const HD: [&str; 3] = ["bt709", "bt709", "bt709"];
const SD_525: [&str; 3] = ["smpte170m", "smpte170m", "smpte170m"];
const SD_625: [&str; 3] = ["bt470bg", "smpte170m", "bt470bg"];

/// Tone mapping as it is documented, in FFmpeg's words.
const HLG_TO_SDR: &str = "zscale=min=9:pin=9:tin=18:rin=tv:t=linear:p=1:npl=203,format=gbrpf32le,\
    tonemap=mobius:param=0.3:desat=0:peak=4.9261,zscale=t=1:m=1:p=1:r=tv,format=yuv420p";

/// A real clip: what FFmpeg has to be told to show it rightly, and what must come out.
struct Clip {
    name: &'static str,
    filters: &'static str,
    size: (u64, u64),
    /// Matrix, transfer, primaries.
    colour: [&'static str; 3],
    /// Pictures that are damaged in the source, where two decodings differ: FFmpeg shows what is left of them, Newsreel leaves
    /// out those before the first whole one and holds the one before where it can tell.
    damaged: usize,
    /// Whether it is in the quick tier.
    quick: bool,
}

#[rustfmt::skip]
const CLIPS: &[Clip] = &[
    Clip { name: "anamorphic-720p30.mp4", filters: "null", size: (960, 720), colour: HD, damaged: 0, quick: false },
    Clip { name: "broadcast-1080i25-2audio.ts", filters: "null", size: (1920, 1080), colour: HD, damaged: 2, quick: false },
    Clip { name: "bunny-720p25.mp4", filters: "null", size: (1280, 720), colour: HD, damaged: 0, quick: false },
    Clip { name: "cc-480i30-mpeg2.ts", filters: "null", size: (640, 480), colour: SD_525, damaged: 0, quick: false },
    Clip { name: "concert-vp8-45s.webm", filters: "null", size: (480, 270), colour: SD_525, damaged: 0, quick: false },
    Clip { name: "film-576p24-37s.mkv", filters: "null", size: (1024, 576), colour: ["smpte170m", "bt709", "smpte170m"], damaged: 0, quick: false },
    Clip { name: "imx50-608line-8ch.mxf", filters: "crop=720:576:0:32,bwdif=0:0:0", size: (768, 576), colour: ["bt470bg", "bt470m", "bt470bg"], damaged: 0, quick: true },
    Clip { name: "interlaced-bff-480i.mkv", filters: "bwdif=0:1:0", size: (720, 484), colour: SD_525, damaged: 0, quick: true },
    Clip { name: "negative-ctts.mp4", filters: "null", size: (704, 576), colour: SD_625, damaged: 0, quick: false },
    Clip { name: "phone-hlg-rotated.mov", filters: HLG_TO_SDR, size: (1080, 1920), colour: HD, damaged: 0, quick: true },
    Clip { name: "prores-proxy-interlaced.mov", filters: "bwdif=0:1:0", size: (1920, 1080), colour: HD, damaged: 0, quick: true },
    Clip { name: "size-change-midstream.webm", filters: "scale=1920:1080:flags=bicubic:in_color_matrix=bt601:out_color_matrix=bt709", size: (1920, 1080), colour: HD, damaged: 0, quick: false },
    Clip { name: "starts-on-nonkeyframe.mp4", filters: "null", size: (1280, 720), colour: HD, damaged: 0, quick: false },
    Clip { name: "traffic-432p12.mp4", filters: "null", size: (768, 432), colour: SD_525, damaged: 0, quick: false },
    Clip { name: "truncated-tv-recording.wtv", filters: "null", size: (1024, 576), colour: SD_625, damaged: 0, quick: false },
    Clip { name: "webcam-hevc-vfr.mp4", filters: "null", size: (1920, 1080), colour: HD, damaged: 6, quick: false },
    Clip { name: "xavc-1080i25-422-10bit.mxf", filters: "bwdif=0:0:0", size: (1920, 1080), colour: HD, damaged: 0, quick: true },
];

/// Luma of every picture is at least this near to what FFmpeg makes of the same one; dB. Fields left in it, a line too
/// many or another range are 15 dB and more below.
const NEAR_DB: f64 = 40.0;

#[test]
fn every_real_clip_looks_as_plain_ffmpeg_shows_it() {
    let Some(media) = media() else { return };
    let _alone = alone();
    let place = Place::new(CONFIG);
    let mut failed = Vec::new();
    for clip in CLIPS {
        if tier() == Tier::Quick && !clip.quick {
            continue;
        }
        let input = media.join(clip.name);
        if std::panic::catch_unwind(|| check_clip(&place, &input, clip)).is_err() {
            failed.push(clip.name);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}

fn check_clip(place: &Place, input: &Path, clip: &Clip) {
    let ladder = place.transcode(input, clip.name, "exact", &[]);
    let made = ladder.mp4(ladder.lowest());
    let stream = stream(&made);
    assert_eq!(stream["width"], clip.size.0);
    assert_eq!(stream["height"], clip.size.1);
    assert_eq!(stream["sample_aspect_ratio"], "1:1");
    assert_eq!(colour_of(&made), clip.colour, "{}", clip.name);
    let reference = reference(place, input, &[], clip.filters, clip.size);
    let mut all = alike_in_order(&reference, &made, clip.size);
    all.sort_by(f64::total_cmp);
    let (damaged, whole) = all.split_at(clip.damaged);
    eprintln!(
        "{}: {:.1} dB at worst, {damaged:.1?} left aside",
        clip.name, whole[0]
    );
    assert!(
        whole[0] >= NEAR_DB,
        "{}: {:.1?}",
        clip.name,
        &whole[..whole.len().min(8)]
    );
    check_poster(&ladder, clip.size);
    std::fs::remove_dir_all(&ladder.dir).unwrap();
}

/// What FFmpeg makes of the source when it is told what it is, without loss; `more` stands before the input.
fn reference(
    place: &Place,
    input: &Path,
    more: &[&str],
    filters: &str,
    (width, height): (u64, u64),
) -> PathBuf {
    let out = place.path().join("reference.mkv");
    let scaled = format!(
        "{filters},scale={width}:{height}:flags=bicubic:out_range=tv,setsar=1,format=yuv420p"
    );
    let input = ["-i", input.to_str().unwrap()];
    let how = [
        "-map",
        "0:V:0",
        "-vf",
        &scaled,
        "-fps_mode",
        "passthrough",
        "-c:v",
        "ffv1",
    ];
    common::clips::ffmpeg(&[more, &input, &how].concat(), &out);
    out
}

/// PSNR of the picture that is least like the reference.
fn least_alike(reference: &Path, made: &Path, size: (u64, u64)) -> f64 {
    let all = alike_in_order(reference, made, size);
    all.into_iter().fold(f64::INFINITY, f64::min)
}

/// PSNR of every picture to the one of the reference near its place that is most like it: pictures may be held or concealed.
fn alike_in_order(reference: &Path, made: &Path, (width, height): (u64, u64)) -> Vec<f64> {
    const AROUND: usize = 3;
    let [wide, high] = [width, height].map(|v| u32::try_from(v).unwrap());
    let mut wanted = pictures::Luma::open(reference, wide, high);
    let mut shown = pictures::Luma::open(made, wide, high);
    let mut near = std::collections::VecDeque::new();
    for _ in 0..=AROUND {
        near.extend(wanted.next());
    }
    let mut all = Vec::new();
    while let Some(picture) = shown.next() {
        let best = near.iter().map(|other| alike(&picture, other));
        all.push(best.fold(0.0, f64::max));
        if near.len() > 2 * AROUND {
            near.pop_front();
        }
        near.extend(wanted.next());
    }
    assert!(!all.is_empty(), "no picture in {}", made.display());
    all
}

fn alike(a: &[u8], b: &[u8]) -> f64 {
    let squares = a
        .iter()
        .zip(b)
        .map(|(x, y)| u64::from(x.abs_diff(*y)).pow(2));
    let mean = squares.sum::<u64>() as f64 / a.len() as f64;
    10.0 * (255.0 * 255.0 / mean.max(0.01)).log10()
}

fn stream(path: &Path) -> serde_json::Value {
    probe(path, &["-select_streams", "V:0", "-show_streams"])["streams"][0].take()
}

/// Matrix, transfer and primaries as the file says.
fn colour_of(path: &Path) -> [String; 3] {
    let stream = stream(path);
    ["color_space", "color_transfer", "color_primaries"]
        .map(|key| stream[key].as_str().unwrap_or("unknown").to_owned())
}

/// The poster has the picture's own shape, so it stands upright too.
fn check_poster(ladder: &Ladder, (width, height): (u64, u64)) {
    let poster = stream(&ladder.dir.join("poster.jpg"));
    assert_eq!(
        (&poster["width"], &poster["height"]),
        (&width.into(), &height.into())
    );
}

#[test]
fn fields_become_twice_as_many_pictures_where_the_profile_says_so() {
    let Some(media) = media() else { return };
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = media.join("interlaced-bff-480i.mkv");
    let ladder = place.transcode(&input, "fields", "fields", &[]);
    let made = ladder.mp4(ladder.lowest());
    let rate = ladder.plan().video.frame_rate.unwrap();
    assert_eq!((rate.num, rate.den), (60_000, 1001));
    assert_eq!(ladder.plan().grid.frames(), 22);
    let size = (720, 484);
    let reference = reference(&place, &input, &[], "bwdif=1:1:0", size);
    let worst = least_alike(&reference, &made, size);
    assert!(worst >= NEAR_DB, "{worst:.1} dB");
}
