//! Clips that are hardly any: a frame, two, and pictures that stand for seconds each. As many frames, as long, and playable.
//! Not here: what is well-formed on the outside only (`broken.rs`).

use std::path::Path;

use crate::common::place::Place;
use crate::common::{alone, probe, text, tool};

const CONFIG: &str = r#"
[profiles.small]
preset = "veryfast"
rungs = [{ short_side_px = 90, bitrate_kbps = 100 }]
"#;

/// A clip: its name, how FFmpeg writes it, its frames and seconds, and how often a frame is repeated at a line.
struct Case {
    name: &'static str,
    how: &'static str,
    frames: u64,
    seconds: f64,
    held: u64,
}

const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// Lines lie at 2 s and every 4 s after it.
#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "one.mp4", how: "-i testsrc2=s=160x90:r=25 -frames:v 1", frames: 1, seconds: 0.04, held: 0 },
    Case { name: "one.ts", how: "-i testsrc2=s=160x90:r=25 -frames:v 1", frames: 1, seconds: 0.04, held: 0 },
    Case { name: "two.mkv", how: "-i testsrc2=s=160x90:r=50 -frames:v 2", frames: 2, seconds: 0.04, held: 0 },
    Case { name: "two.mp4", how: "-i testsrc2=s=160x90:r=1 -frames:v 2", frames: 2, seconds: 2.0, held: 0 },
    Case { name: "stills.mp4", how: "-i testsrc2=s=160x90:r=1/5 -t 20", frames: 4, seconds: 20.0, held: 4 },
    Case { name: "stills.mkv", how: "-i testsrc2=s=160x90:r=1/5 -t 20", frames: 4, seconds: 20.0, held: 4 },
    Case { name: "spoken.mp4", how: "-i testsrc2=s=160x90:r=25 -f lavfi -i sine -map 0 -map 1 -t 10 -vf trim=end_frame=1 -c:a aac", frames: 1, seconds: 10.0, held: 2 },
];

#[test]
fn a_frame_or_two_and_stills_are_as_long_as_they_were() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let mut failed = Vec::new();
    for case in CASES {
        if std::panic::catch_unwind(|| check(&place, case)).is_err() {
            failed.push(case.name);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}

fn check(place: &Place, case: &Case) {
    let how = format!("-f lavfi {} {H264}", case.how);
    let how: Vec<&str> = how.split(' ').collect();
    let input = place.clip(case.name, &how);
    let ladder = place.transcode(&input, &format!("{}-out", case.name), "small", &[]);
    ladder.check();
    let (frames, plan) = (ladder.report.frames, ladder.plan());
    let name = case.name;
    assert_eq!(
        (frames.held, frames.concealed),
        (case.held, 0),
        "{name}: held"
    );
    assert_eq!(frames.planned, case.frames + case.held, "{name}: frames");
    let seconds = plan.duration_s();
    assert!((seconds - case.seconds).abs() < 0.05, "{name}: {seconds} s");
    if case.held > 0 {
        // A picture that is held is the same picture: as many different ones come out as went in.
        let shown = different(&ladder.mp4(ladder.lowest()));
        assert_eq!(shown, case.frames, "{name}: different pictures");
    }
}

/// Pictures that are not like the one before, as FFmpeg tells duplicates.
fn different(path: &Path) -> u64 {
    let file = path.to_str().unwrap();
    let args = ["-nostdin", "-v", "error", "-i", file, "-map", "0:v"];
    let how = [
        "-vf",
        "mpdecimate=hi=2000:lo=1000:frac=0.5",
        "-fps_mode",
        "passthrough",
    ];
    let out = ["-f", "framemd5", "-"];
    let lines = text(&tool("ffmpeg", &[&args[..], &how, &out].concat()));
    let shown = lines.lines().filter(|line| !line.starts_with('#'));
    shown.count() as u64
}

#[test]
fn a_timecode_is_in_the_report_and_in_the_mp4_as_it_was() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let source = "-f lavfi -i testsrc2=s=160x90:r=30000/1001 -frames:v 3 -c:v mpeg4";
    for (name, said) in [
        ("drop.mov", Some("00:59:59;28")),
        ("plain.mov", Some("10:00:00:00")),
        ("none.mov", None),
    ] {
        let mut how: Vec<&str> = source.split(' ').collect();
        how.extend(said.into_iter().flat_map(|t| ["-timecode", t]));
        let input = place.clip(name, &how);
        let ladder = place.transcode(&input, &format!("{name}-out"), "small", &[]);
        assert_eq!(ladder.report.source.timecode.as_deref(), said, "{name}");
        let streams = probe(&ladder.mp4(ladder.lowest()), &["-show_streams"]);
        let told = |stream: &serde_json::Value| stream["tags"]["timecode"].as_str() == said;
        let streams = streams["streams"].as_array().unwrap();
        // The picture has it from a track of its own.
        assert_eq!(streams.len(), 1 + usize::from(said.is_some()), "{name}");
        assert!(streams.iter().all(told), "{name}: {streams:#?}");
    }
}
