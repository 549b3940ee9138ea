//! Every real clip through `web`: a playable ladder with exactly the planned frames, or one line that says why not.
//! And picture and sound stay together, measured on a flash with a beep. Not here: several runs (`runs.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "tests, where a panic is the report"
)]

mod common;
#[path = "media/pictures.rs"]
mod pictures;
#[path = "media/short.rs"]
mod short;

use std::path::Path;

use common::ladder::Ladder;
use common::{Tier, alone, clips, loud, media, probe, sound, text, tier, transcode, try_transcode};

/// What a clip must become.
enum Expect {
    /// A ladder with these rungs; so many frames of the source are shown, and so many more stand in for others.
    Ladder {
        rungs: &'static [&'static str],
        /// Pictures FFmpeg decodes of it.
        decoded: u64,
        held: u64,
        concealed: u64,
        warnings: &'static [&'static str],
    },
    /// Renditions of its sound: `sound/alone.rs` looks at them.
    SoundAlone,
    /// Exit 65 and one line.
    Refused(&'static str),
}

use Expect::{Ladder as Made, Refused, SoundAlone};

const UP_TO_1080: &[&str] = &["1080p", "720p", "480p", "360p", "240p"];
const UP_TO_720: &[&str] = &["720p", "480p", "360p", "240p"];
const UP_TO_480: &[&str] = &["480p", "360p", "240p"];
const TRUNCATED: &str = "source_truncated";
const SOUND_EMPTY: &str = "sound_empty";
const LEFT_OUT: &str = "sound_left_out";
const CONCEALED: &str = "frames_concealed";

const fn made(
    rungs: &'static [&'static str],
    decoded: u64,
    more: [u64; 2],
    warnings: &'static [&'static str],
) -> Expect {
    Made {
        rungs,
        decoded,
        held: more[0],
        concealed: more[1],
        warnings,
    }
}

/// Every file of `../shared/media`. `[held, concealed]` stand between the frames decoded and the warnings.
#[rustfmt::skip]
const TABLE: &[(&str, Expect)] = &[
    ("anamorphic-720p30.mp4", made(UP_TO_720, 119, [0, 1], &[TRUNCATED, CONCEALED])),
    ("audio-only.mp3", SoundAlone),
    ("broadcast-1080i25-2audio.ts", made(UP_TO_1080, 17, [1, 0], &[])),
    ("bunny-720p25.mp4", made(UP_TO_720, 132, [0, 0], &[])),
    ("captions.srt", Refused("no media file that can be read")),
    ("cc-480i30-mpeg2.ts", made(UP_TO_480, 202, [0, 0], &[])),
    ("concert-vp8-45s.webm", made(&["240p"], 836, [0, 0], &[])),
    ("cut-off-upload.mp4", Refused("check that it is complete")),
    ("film-576p24-37s.mkv", made(UP_TO_480, 72, [0, 0], &[TRUNCATED])),
    ("imx50-608line-8ch.mxf", made(UP_TO_480, 4, [0, 0], &[LEFT_OUT])),
    ("interlaced-bff-480i.mkv", made(UP_TO_480, 11, [0, 0], &[TRUNCATED])),
    ("negative-ctts.mp4", made(UP_TO_480, 13, [0, 0], &[])),
    ("phone-hlg-rotated.mov", made(UP_TO_1080, 100, [0, 0], &[])),
    ("prores-proxy-interlaced.mov", made(UP_TO_1080, 2, [0, 0], &[])),
    ("README.md", Refused("no media file that can be read")),
    ("size-change-midstream.webm", made(UP_TO_1080, 300, [0, 0], &[])),
    ("starts-on-nonkeyframe.mp4", made(UP_TO_720, 27, [2, 0], &[])),
    ("traffic-432p12.mp4", made(&["360p", "240p"], 377, [0, 0], &[])),
    ("truncated-tv-recording.wtv", made(UP_TO_480, 41, [1, 0], &["subtitles_left_out", TRUNCATED])),
    // FFmpeg's own count leaves out two pictures that its decoder marks as damaged.
    ("webcam-hevc-vfr.mp4", made(UP_TO_1080, 33, [1, 2], &[SOUND_EMPTY, TRUNCATED, CONCEALED])),
    ("xavc-1080i25-422-10bit.mxf", made(UP_TO_1080, 6, [0, 1], &[LEFT_OUT, TRUNCATED, CONCEALED])),
];

/// What the quick tier looks at.
const QUICK: &[&str] = &["bunny-720p25.mp4", "negative-ctts.mp4"];

#[test]
fn the_table_names_every_real_clip() {
    let Some(media) = media() else { return };
    let mut there: Vec<String> = std::fs::read_dir(media)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut named: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    there.sort_unstable();
    named.sort_unstable();
    assert_eq!(there, named);
}

#[test]
fn every_real_clip_becomes_a_sound_ladder() {
    let Some(media) = media() else { return };
    let _alone = alone();
    let mut failed = Vec::new();
    for (name, expect) in TABLE {
        let Made { .. } = expect else { continue };
        if tier() == Tier::Quick && !QUICK.contains(name) {
            continue;
        }
        let input = media.join(name);
        let checked = std::panic::catch_unwind(|| check_clip(&input, expect));
        if checked.is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}

fn check_clip(input: &Path, expect: &Expect) {
    let Made {
        rungs,
        decoded,
        held,
        concealed,
        warnings,
    } = expect
    else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let ladder = transcode(input, &dir.path().join("out"), &["--profile", "web"]);
    ladder.check();
    let names: Vec<&str> = ladder.rungs().iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, *rungs);
    let codes: Vec<&str> = ladder
        .report
        .warnings
        .iter()
        .map(|w| w.code.as_str())
        .collect();
    assert_eq!(codes, *warnings);
    let frames = ladder.report.frames;
    assert_eq!(
        (frames.held, frames.concealed),
        (*held, *concealed),
        "held, concealed"
    );
    assert_eq!(frames.planned, decoded + held + concealed, "frames");
    check_together(input, &ladder);
}

/// Sound against picture, in the source and in the MP4 of the lowest rung.
fn check_together(input: &Path, ladder: &Ladder) {
    let name = input.file_name().unwrap().display();
    let Some(audio) = ladder.plan().audio.first() else {
        return;
    };
    let original = sound::decode(input, &audio.inputs[0].stream.to_string(), 8.0);
    let made = ladder.mp4(ladder.lowest());
    let copy = sound::decode(&made, "a:0", 20.0);
    let pictures = sound::picture_lag(&sound::picture_times(input), &sound::picture_times(&made));
    let loudest = original.samples.iter().fold(0f32, |m, s| m.max(s.abs()));
    if loudest < 1e-3 {
        loud(&format!(
            "{name}: its sound is silence, so where it lies cannot be measured"
        ));
        return;
    }
    let (moved, alike) = sound::lag(&original, &copy, pictures, 0.3);
    let offset_ms = (moved - pictures) * 1000.0;
    eprintln!("{name}: sound {offset_ms:+.1} ms against the picture, alike {alike:.2}");
    assert!(
        alike > 0.5,
        "{name}: the sound is not found again ({alike:.2})"
    );
    assert!(
        offset_ms.abs() <= 20.0,
        "{name}: sound {offset_ms:+.1} ms off"
    );
}

#[test]
fn what_is_no_video_is_refused_in_one_line() {
    let Some(media) = media() else { return };
    for (name, expect) in TABLE {
        let Refused(why) = expect else { continue };
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let done = try_transcode(&media.join(name), &out, &["--profile", "web"]);
        check_refused(name, &done, 65, why);
        assert!(!out.exists(), "{name}: something was left in the output");
    }
}

#[test]
fn made_inputs_with_nothing_in_them_are_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("empty.mp4"), b"").unwrap();
    std::fs::write(path("zeros.ts"), vec![0; 100_000]).unwrap();
    let cases = [
        ("empty.mp4", 65, "empty"),
        ("zeros.ts", 65, ""),
        ("absent.mp4", 66, ""),
    ];
    for (name, status, why) in cases {
        let out = path("out");
        let done = try_transcode(&path(name), &out, &[]);
        check_refused(name, &done, status, why);
        assert!(!out.exists(), "{name}: something was left in the output");
    }
}

fn check_refused(name: &str, done: &std::process::Output, status: i32, why: &str) {
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(status), "{name}: {said}");
    assert_eq!(said.lines().count(), 1, "{name}: {said}");
    assert!(said.contains(why), "{name}: {said}");
    assert!(done.stdout.is_empty(), "{name}");
}

/// Forms of the flash and beep: name, and what is done to the master to make it.
const FLASHES: &[(&str, &[&str])] = &[
    ("plain.mp4", &["-c:v", "libx264", "-bf", "2", "-c:a", "aac"]),
    ("plain.ts", &["-c:v", "libx264", "-bf", "2", "-c:a", "aac"]),
    (
        "mp2.ts",
        &[
            "-c:v",
            "mpeg2video",
            "-q:v",
            "2",
            "-bf",
            "2",
            "-c:a",
            "mp2",
            "-output_ts_offset",
            "95443",
        ],
    ),
    (
        "plain.mkv",
        &["-c:v", "libx264", "-bf", "2", "-c:a", "libvorbis"],
    ),
    (
        "opus.webm",
        &[
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-c:a",
            "libopus",
        ],
    ),
    (
        "pcm.mxf",
        &[
            "-c:v",
            "mpeg2video",
            "-q:v",
            "2",
            "-bf",
            "2",
            "-c:a",
            "pcm_s16le",
        ],
    ),
    (
        "44100.mov",
        &["-c:v", "libx264", "-c:a", "pcm_s16le", "-ar", "44100"],
    ),
    (
        "mono-22050.avi",
        &[
            "-c:v", "mpeg4", "-q:v", "2", "-c:a", "mp3", "-ar", "22050", "-ac", "1",
        ],
    ),
];

/// The sound's own start against the picture's, as `-itsoffset` of the sound or, below zero, of the picture.
const STARTS: &[f64] = &[0.0, 0.5, -0.06, -0.5, 3.0, -3.0];

#[test]
fn a_flash_and_its_beep_stay_together() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let master = clips::flash_and_beep(dir.path());
    let mut failed = Vec::new();
    for (index, (name, how)) in FLASHES.iter().enumerate() {
        for (turn, &start) in STARTS.iter().enumerate() {
            // Every form once as it is; the odd starts in turn, unless everything is asked for.
            let wanted = match tier() {
                Tier::Quick => index == 0 && turn < 2,
                Tier::Full => turn == 0 || index % 2 == turn % 2 || index == 0,
                Tier::Soak => true,
            };
            // MXF and AVI cannot say that a stream begins later than another.
            let wanted = wanted && (turn == 0 || !(name.ends_with("mxf") || name.ends_with("avi")));
            if wanted {
                let checked = std::panic::catch_unwind(|| {
                    check_flash(dir.path(), &master, name, how, start);
                });
                if checked.is_err() {
                    failed.push(format!("{name} with the sound {start:+} s"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "see above: {failed:#?}");
}

fn check_flash(dir: &Path, master: &Path, name: &str, how: &[&str], start: f64) {
    let input = dir.join(format!("{start:+}-{name}"));
    let file = master.to_str().unwrap();
    let (picture, tone) = ((-start).max(0.0).to_string(), start.max(0.0).to_string());
    // Both streams lose what the shift would push out, so that a late sound is a sound that begins late.
    let args = [
        "-itsoffset",
        &picture,
        "-i",
        file,
        "-itsoffset",
        &tone,
        "-i",
        file,
    ];
    clips::ffmpeg(
        &[&args[..], &["-map", "0:v", "-map", "1:a"], how].concat(),
        &input,
    );
    let out = dir.join(format!("out{start:+}-{name}"));
    let ladder = transcode(&input, &out, &["--profile", "preview"]);
    ladder.check();
    let mp4 = ladder.mp4(ladder.lowest());
    let before = offset(&input, &ladder.plan().audio[0].inputs[0].stream.to_string());
    let after = offset(&mp4, "a:0");
    eprintln!(
        "{name} {start:+}: beep {:+.1} ms after its flash, was {:+.1} ms",
        after * 1e3,
        before * 1e3
    );
    assert!(
        (before - start).abs() < 0.1,
        "{name}: the made clip is not as meant: {before}"
    );
    assert!(
        (after - before).abs() <= 0.02,
        "{name} {start:+}: was {before}, is {after}"
    );
    let duration = probe(&mp4, &["-show_format"])["format"]["duration"]
        .as_str()
        .unwrap()
        .parse::<f64>()
        .unwrap();
    assert!(
        (8.9..13.2).contains(&duration),
        "{name} {start:+}: {duration} s"
    );
}

/// Mean distance from each flash to the beep that belongs to it, in seconds.
fn offset(path: &Path, stream: &str) -> f64 {
    let flashes = sound::flashes(path);
    let beeps = sound::beeps(&sound::decode(path, stream, 30.0));
    assert_eq!(
        flashes.len(),
        4,
        "{}: flashes at {flashes:?}",
        path.display()
    );
    assert!(beeps.len() >= 3, "{}: beeps at {beeps:?}", path.display());
    // Both count from the end, where neither is cut off.
    let pairs = flashes.iter().rev().zip(beeps.iter().rev());
    let count = pairs.len() as f64;
    pairs.map(|(f, b)| b - f).sum::<f64>() / count
}
