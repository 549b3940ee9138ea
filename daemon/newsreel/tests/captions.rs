//! Captions inside pictures (CEA-608): what FFmpeg reads in a source it reads in every rung, whatever the rate and however
//! many runs there were, and in the track of text beside them. Not here: how the bytes lie (`newsreel-media`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, where a panic is the report"
)]

mod common;

use std::path::{Path, PathBuf};

use common::captions::{read, triplets};
use common::ladder::Ladder;
use common::place::Place;
use common::{alone, media, playlist, text};
use newsreel_model::job::layout;
use newsreel_model::plan::CaptionPlan;
use newsreel_model::profile::VideoCodec;

/// Small enough to be quick, with segments short enough for several runs.
const CONFIG: &str = r#"
[profiles.frame]
preset = "ultrafast"
segment_s = 1.0
first_segment_s = 1.0
rungs = [{ short_side_px = 120, bitrate_kbps = 300 }, { short_side_px = 90, bitrate_kbps = 200 }]

[profiles.field]
deinterlace = "field"
preset = "ultrafast"
rungs = [{ short_side_px = 90, bitrate_kbps = 300 }]

[profiles.hevc]
codec = "hevc"
preset = "ultrafast"
rungs = [{ short_side_px = 90, bitrate_kbps = 300 }]
"#;

/// What is said when, as FFmpeg reads it in a file's pictures: start in seconds and text.
fn said(file: &Path) -> Vec<(f64, String)> {
    cues(&text(&read(file, &["-f", "srt"])))
}

/// Start and text of the blocks of SubRip or WebVTT, markup and space at the ends of lines left out.
fn cues(file: &str) -> Vec<(f64, String)> {
    let file = file.replace('\r', "");
    let blocks = file.split("\n\n").filter(|b| b.contains(" --> "));
    blocks
        .map(|block| {
            let lines: Vec<&str> = block.lines().collect();
            let times = lines.iter().position(|l| l.contains(" --> ")).unwrap();
            let clock = lines[times]
                .split(" --> ")
                .next()
                .unwrap()
                .replace(',', ".");
            let at = clock.split(':').fold(0.0, |sum, part| {
                sum * 60.0 + part.trim().parse::<f64>().unwrap()
            });
            let lines = lines[times + 1..].iter().map(|l| plain(l));
            let lines: Vec<String> = lines.filter(|l| !l.is_empty()).collect();
            (at, lines.join("\n"))
        })
        .collect()
}

fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut within = None;
    for c in line.replace("\\h", " ").chars() {
        match (within, c) {
            (None, '<') => within = Some('>'),
            (None, '{') => within = Some('}'),
            (None, c) => out.push(c),
            (Some(end), c) if c == end => within = None,
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// The rungs' pictures carry what the source's do, and the track beside them says what FFmpeg reads in the source.
fn check(ladder: &Ladder, source: &Path) {
    ladder.check();
    let found = CaptionPlan {
        channels: vec![1],
        services: false,
        in_rungs: true,
    };
    assert_eq!(ladder.plan().captions.as_ref(), Some(&found));
    assert_eq!(ladder.report.captions.as_ref(), Some(&found));
    let (sent, wanted) = (triplets(source), said(source));
    assert!(sent.len() > 100 && wanted.len() > 1, "{wanted:?}");
    for rung in ladder.rungs() {
        let file = ladder.mp4(rung);
        assert_eq!(triplets(&file), sent, "{}", rung.name);
        alike(&said(&file), &wanted, &rung.name);
    }
    let track = ladder.dir.join(layout::subtitle_dir("cc1"));
    let written = std::fs::read_to_string(track.join(layout::SUBTITLES_WHOLE)).unwrap();
    alike(&cues(&written), &wanted, &written);
}

/// Word for word, and within a picture.
fn alike(ours: &[(f64, String)], theirs: &[(f64, String)], of: &str) {
    let words = |cues: &[(f64, String)]| cues.iter().map(|c| c.1.clone()).collect::<Vec<_>>();
    assert_eq!(words(ours), words(theirs), "{of}");
    for ((at, said), (wanted, _)) in ours.iter().zip(theirs) {
        assert!((at - wanted).abs() < 0.04, "{of}: {said} at {at}, {wanted}");
    }
}

/// The picture scrolls, each line of the later field half a step further; the captions are those of the broadcast.
fn interlaced(place: &Place, broadcast: &Path) -> PathBuf {
    let scroll = "geq=lum='lum(mod(X+N*8+4*mod(Y\\,2)\\,W)\\,Y)':cb=128:cr=128";
    let filters = format!("scale=320:240,{scroll},setfield=tff");
    let fields = ["-flags", "+ilme+ildct", "-x264-params", "tff=1"];
    let coding = ["-c:v", "libx264", "-preset", "veryfast", "-t", "5"];
    let picture = ["-i", broadcast.to_str().unwrap(), "-an", "-vf", &filters];
    place.clip("fields.mkv", &[&picture[..], &coding, &fields].concat())
}

fn broadcast() -> Option<PathBuf> {
    media().map(|media| media.join("cc-480i30-mpeg2.ts"))
}

#[test]
fn a_broadcast_keeps_its_captions_however_it_is_cut() {
    let Some(clip) = broadcast() else { return };
    let _alone = alone();
    let place = Place::new(CONFIG);
    let mut tracks = Vec::new();
    for runs in ["1", "3"] {
        let ladder = place.transcode(&clip, runs, "frame", &["--runs", runs]);
        assert_eq!(ladder.report.runs.to_string(), runs);
        check(&ladder, &clip);
        let whole = ladder.dir.join("subs/cc1").join(layout::SUBTITLES_WHOLE);
        tracks.push(std::fs::read(whole).unwrap());
        let (variants, renditions) = playlist::master(&ladder.dir.join(layout::MASTER));
        let of = |kind: &str| renditions.iter().find(|r| r["TYPE"] == kind).unwrap();
        let (inside, beside) = (of("CLOSED-CAPTIONS"), of("SUBTITLES"));
        assert_eq!(inside["INSTREAM-ID"], "CC1");
        assert_eq!(inside["NAME"], beside["NAME"]);
        assert!(
            beside["CHARACTERISTICS"].contains("public.accessibility.transcribes-spoken-dialog")
        );
        assert!(
            variants
                .iter()
                .all(|(v, _)| v["CLOSED-CAPTIONS"] == inside["GROUP-ID"])
        );
    }
    assert_eq!(tracks[0], tracks[1]);
}

#[test]
fn fields_that_become_frames_or_pictures_of_their_own_carry_each_pair_once() {
    let Some(clip) = broadcast() else { return };
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = interlaced(&place, &clip);
    for (profile, per_frame) in [("frame", 1), ("field", 2)] {
        let ladder = place.transcode(&input, profile, profile, &[]);
        let conditioning = &ladder.plan().video.conditioning;
        assert!(
            conditioning.deinterlace.is_some(),
            "the clip is not as meant"
        );
        assert_eq!(conditioning.pictures_per_frame(), per_frame);
        check(&ladder, &input);
    }
    let ladder = place.transcode(&input, "hevc", "hevc", &[]);
    assert_eq!(ladder.lowest().codec, VideoCodec::Hevc);
    check(&ladder, &input);
}

#[test]
fn a_programme_without_captions_is_said_to_have_none() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let drawn = "testsrc2=size=160x90:rate=25:duration=1";
    let input = place.drawn(drawn, &["-c:v", "libx264"]);
    let ladder = place.transcode(&input, "out", "field", &[]);
    assert_eq!(ladder.report.captions, None);
    let (variants, _) = playlist::master(&ladder.dir.join(layout::MASTER));
    assert!(variants.iter().all(|(v, _)| v["CLOSED-CAPTIONS"] == "NONE"));
}
