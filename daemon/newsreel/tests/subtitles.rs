//! Subtitles from containers and from files beside them: which tracks there are, what is read in them and when. FFmpeg and
//! the files' text judge. Not here: how a player draws them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, where a panic is the report"
)]

mod common;

use std::path::Path;

use common::ladder::Ladder;
use common::place::Place;
use common::{alone, loud, media, playlist, text, tool, try_transcode};
use newsreel_model::job::layout;

/// A profile small enough to be quick.
const CONFIG: &str = r#"
[profiles.small]
preset = "ultrafast"
rungs = [{ short_side_px = 90, bitrate_kbps = 100 }]
"#;

/// What is said when, in seconds.
const SAID: [(f64, f64, &str); 3] = [
    (0.5, 1.25, "One"),
    (1.5, 4.75, "Two & more"),
    (6.0, 7.0, "Größer"),
];

fn srt() -> String {
    let time = |s: f64| format!("00:00:{s:06.3}").replace('.', ",");
    let cue = |(n, (from, until, said)): (usize, &(f64, f64, &str))| {
        format!(
            "{}\n{} --> {}\n{said}\n\n",
            n + 1,
            time(*from),
            time(*until)
        )
    };
    SAID.iter().enumerate().map(cue).collect()
}

/// What blocks of SubRip say: start in seconds and text.
fn cues(file: &str) -> Vec<(f64, String)> {
    let file = file.replace('\r', "");
    let blocks = file.split("\n\n").filter(|b| b.contains("-->"));
    blocks
        .map(|block| {
            let (_, rest) = block.trim().split_once('\n').unwrap();
            let (times, said) = rest.split_once('\n').unwrap();
            let clock = times.split(" --> ").next().unwrap().replace(',', ".");
            let parts = clock.split(':').map(|p| p.trim().parse::<f64>().unwrap());
            let at = parts.fold(0.0, |sum, part| sum * 60.0 + part);
            (at, said.to_owned())
        })
        .collect()
}

/// What FFmpeg reads from a track's playlist: start in seconds and text.
fn read(path: &Path) -> Vec<(f64, String)> {
    let file = path.to_str().unwrap();
    let args = ["-nostdin", "-v", "error", "-i", file, "-f", "srt", "-"];
    let written = text(&tool("ffmpeg", &args));
    cues(&written)
}

/// The track says what was said, in one file and cut along the grid.
fn check(ladder: &Ladder, track: &str) {
    let dir = ladder.dir.join(layout::subtitle_dir(track));
    let whole = read(&dir.join(layout::SUBTITLES_WHOLE));
    assert_eq!(whole.len(), SAID.len(), "{track}: {whole:?}");
    for ((at, said), (from, _, wanted)) in whole.iter().zip(SAID) {
        assert!((at - from).abs() < 0.02, "{track}: {said} at {at}");
        assert_eq!(said, wanted, "{track}");
    }
    let list = playlist::media(&dir.join(layout::INDEX));
    let grid = &ladder.plan().grid.segments;
    assert_eq!(list.segments.len(), grid.len(), "{track}");
    let mut begins = 0.0;
    for (length, uri) in &list.segments {
        let segment = std::fs::read_to_string(dir.join(uri)).unwrap();
        assert!(segment.starts_with("WEBVTT\nX-TIMESTAMP-MAP="), "{segment}");
        for (from, until, said) in SAID {
            let seen = from < begins + length && until > begins;
            let there = segment.contains(&said.replace('&', "&amp;"));
            assert_eq!(there, seen, "{track}: {said} in {uri}: {segment}");
        }
        begins += length;
    }
}

fn write(place: &Place, name: &str, bytes: &[u8]) -> String {
    let path = place.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn text_of_every_container_is_a_track() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let file = write(&place, "said.srt", srt().as_bytes());
    for (name, codec) in [
        ("subrip.mkv", "subrip"),
        ("ass.mkv", "ass"),
        ("webvtt.mkv", "webvtt"),
        ("mov.mp4", "mov_text"),
    ] {
        let picture = [
            "-f",
            "lavfi",
            "-t",
            "8",
            "-i",
            "testsrc2=size=160x90:rate=25",
        ];
        let how = [
            "-i", &*file, "-i", &*file, "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264",
            "-preset",
        ];
        let more = [
            "ultrafast",
            "-c:s",
            codec,
            "-metadata:s:s:0",
            "language=ger",
            "-metadata:s:s:1",
            "language=eng",
        ];
        let deaf = ["-disposition:s:1", "hearing_impaired"];
        let input = place.clip(name, &[&picture[..], &how, &more, &deaf].concat());
        let ladder = place.transcode(&input, &format!("out-{name}"), "small", &[]);
        ladder.check();
        let names: Vec<&str> = ladder
            .plan()
            .subtitles
            .iter()
            .map(|s| s.name.as_str())
            .collect();
        assert_eq!(names, ["de", "en-sdh"], "{name}");
        for track in ladder.plan().subtitles.iter().map(|s| &s.name) {
            check(&ladder, track);
        }
        let (variants, renditions) = playlist::master(&ladder.dir.join(layout::MASTER));
        let subtitles: Vec<_> = renditions
            .iter()
            .filter(|r| r["TYPE"] == "SUBTITLES")
            .collect();
        assert_eq!(subtitles.len(), 2, "{name}");
        assert_eq!(
            (&*subtitles[0]["LANGUAGE"], &*subtitles[0]["NAME"]),
            ("de", "German")
        );
        assert!(
            variants
                .iter()
                .all(|(v, _)| v["SUBTITLES"] == subtitles[0]["GROUP-ID"])
        );
        let manifest = std::fs::read_to_string(ladder.dir.join(layout::MANIFEST)).unwrap();
        assert!(
            manifest.contains("<BaseURL>subs/de/all.vtt</BaseURL>"),
            "{manifest}"
        );
    }
}

#[test]
fn files_beside_the_clip_are_tracks_whatever_wrote_them() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = place.drawn(
        "testsrc2=size=160x90:rate=25:duration=8",
        &["-c:v", "libx264"],
    );
    let said = srt();
    let utf16: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = said
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let vtt = format!("WEBVTT\n\n{}", said.replace(',', "."));
    let files = [
        ("utf8.srt", said.clone().into_bytes(), ":fr"),
        ("utf16.srt", utf16, ":fra"),
        ("latin.srt", latin, ":de"),
        ("web.vtt", vtt.into_bytes(), ""),
    ];
    let named: Vec<String> = files
        .iter()
        .map(|(name, bytes, language)| write(&place, name, bytes) + language)
        .collect();
    let args: Vec<&str> = named.iter().flat_map(|n| ["--subtitles", n]).collect();
    let ladder = place.transcode(&input, "out", "small", &args);
    ladder.check();
    let names: Vec<&str> = ladder
        .plan()
        .subtitles
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["fr", "fr-2", "de", "und"]);
    for name in names {
        check(&ladder, name);
    }
}

#[test]
fn a_real_file_of_subtitles_belongs_to_its_clip() {
    let Some(media) = media() else { return };
    let _alone = alone();
    let place = Place::new(CONFIG);
    let captions = format!("{}:en", media.join("captions.srt").display());
    let ladder = place.transcode(
        &media.join("concert-vp8-45s.webm"),
        "out",
        "small",
        &["--subtitles", &captions],
    );
    ladder.check();
    let plain = |said: &str| said.replace("&lt;", "<").replace("&gt;", ">");
    let ours: Vec<_> = read(&ladder.dir.join("subs/en/all.vtt"))
        .into_iter()
        .map(|(at, said)| (at, plain(&said)))
        .collect();
    let end = ladder.plan().duration_s();
    let mut theirs = cues(&std::fs::read_to_string(media.join("captions.srt")).unwrap());
    theirs.retain(|(at, _)| *at < end);
    theirs.iter_mut().for_each(|(_, said)| *said = plain(said));
    loud(&format!("{} cues in the clip", theirs.len()));
    assert_eq!(ours, theirs);
}

#[test]
fn hostile_files_are_refused_or_cost_only_themselves() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = place.drawn(
        "testsrc2=size=160x90:rate=25:duration=2",
        &["-c:v", "libx264"],
    );
    let huge = vec![b'x'; 5 << 20];
    for (name, bytes, why) in [
        ("empty.srt", &b""[..], "holds no subtitles"),
        (
            "noise.srt",
            &[0xFF, 0x00, 0x80, 0x1B, 0x0A],
            "holds no subtitles",
        ),
        ("huge.srt", &huge, "larger than"),
    ] {
        let file = write(&place, name, bytes);
        let out = place.path().join("refused");
        let done = try_transcode(&input, &out, &["--subtitles", &file]);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(65), "{name}: {said}");
        assert!(said.contains(why), "{name}: {said}");
        assert!(!out.exists(), "{name}: something was left");
    }
    let missing = try_transcode(
        &input,
        &place.path().join("refused"),
        &["--subtitles", "/nowhere.srt"],
    );
    assert_eq!(missing.status.code(), Some(66));

    // Arrows, tags and blank lines in the text end nothing early, and what lies outside the clip is left out.
    let odd = "1\n00:00:00,100 --> 00:00:00,900\na --> b <script>\n\n2\n00:00:01,000 --> 99:00:00,000\n{\\an8}up & away\n\n\
        3\n01:00:00,000 --> 01:00:01,000\nlater\n";
    let file = write(&place, "odd.srt", odd.as_bytes());
    let ladder = place.transcode(&input, "odd", "small", &["--subtitles", &file]);
    ladder.check();
    let written = std::fs::read_to_string(ladder.dir.join("subs/und/all.vtt")).unwrap();
    let wanted = "WEBVTT\n\n00:00:00.100 --> 00:00:00.900\na --&gt; b\n\n00:00:01.000 --> 00:00:02.000\nup &amp; away\n";
    assert_eq!(written, wanted);
}
