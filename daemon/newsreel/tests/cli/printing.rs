//! What is printed where: probes, events, progress, errors.

use std::process::Command;

use serde_json::Value;

use crate::support::made::{Desk, ffmpeg};
use crate::support::process::{newsreel, run};
use crate::support::{media, out, turn};

#[test]
fn probe_names_what_is_there() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.ts", 2);
    let silent = desk.path("silent.mkv");
    ffmpeg("-f lavfi -i testsrc2=s=64x48:r=10 -t 2 -c:v mpeg4", &silent);
    let mut expected = vec![
        (clip, "mpegts", "h264", (320, 180), Some("aac")),
        (silent, "matroska", "mpeg4", (64, 48), None),
    ];
    if let Some(folder) = media() {
        let real = [
            ("bunny-720p25.mp4", "mov", "h264", (1280, 720), Some("aac")),
            ("traffic-432p12.mp4", "mov", "h264", (768, 432), Some("aac")),
            (
                "concert-vp8-45s.webm",
                "matroska",
                "vp8",
                (480, 270),
                Some("vorbis"),
            ),
            (
                "cc-480i30-mpeg2.ts",
                "mpegts",
                "mpeg2video",
                (704, 480),
                None,
            ),
            (
                "phone-hlg-rotated.mov",
                "mov",
                "hevc",
                (1920, 1080),
                Some("aac"),
            ),
            (
                "xavc-1080i25-422-10bit.mxf",
                "mxf",
                "h264",
                (1920, 1080),
                Some("pcm_s24le"),
            ),
        ];
        expected.extend(real.map(|(f, c, v, s, a)| (folder.join(f), c, v, s, a)));
    }
    for (path, container, video, size, audio) in expected {
        let text = run(newsreel(["probe"]).arg(&path)).expect(0);
        let json = run(newsreel(["probe", "--json"]).arg(&path)).expect(0);
        assert_eq!((text.stderr.as_str(), json.stderr.as_str()), ("", ""));
        let summary: Value = serde_json::from_str(&json.stdout).unwrap();
        let name = path.display();
        assert!(
            summary["container"].as_str().unwrap().contains(container),
            "{name}"
        );
        assert_eq!(
            summary["size_bytes"].as_u64(),
            Some(path.metadata().unwrap().len())
        );
        assert!(summary["duration_s"].as_f64().unwrap() > 0.5, "{name}");
        assert!(summary["warnings"].is_array());
        let streams = summary["streams"].as_array().unwrap();
        let chosen = |kind: &str| {
            streams
                .iter()
                .find(|s| s["kind"] == kind && s["chosen"] == true)
        };
        let v = chosen("video").unwrap();
        let measured = (v["width"].as_u64().unwrap(), v["height"].as_u64().unwrap());
        assert_eq!(
            (v["codec"].as_str(), measured),
            (Some(video), size),
            "{name}"
        );
        assert_eq!(
            chosen("audio").and_then(|a| a["codec"].as_str()),
            audio,
            "{name}"
        );
        assert!(
            text.stdout
                .contains(&format!("{video}, {}x{}", size.0, size.1)),
            "{}",
            text.stdout
        );
        assert_eq!(
            text.stdout.lines().filter(|l| l.contains(" #")).count(),
            streams.len()
        );
    }
}

#[test]
fn probe_tells_what_will_be_different() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("askew.mp4", 1);
    let mut bytes = std::fs::read(&clip).unwrap();
    let header = bytes.windows(4).position(|w| w == b"tkhd").unwrap();
    // The second number of the picture's matrix, which no quarter turn has beside the first.
    bytes[header + 48..header + 52].copy_from_slice(&0x4000_u32.to_be_bytes());
    std::fs::write(&clip, bytes).unwrap();
    let ended = run(newsreel(["probe"]).arg(clip)).expect(0);
    assert!(
        ended.stdout.contains("rotation_not_applied"),
        "{}",
        ended.stdout
    );
}

/// Each line of `stdout` as an event.
fn events(stdout: &str) -> Vec<Value> {
    let event = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| unreadable(line, &e));
    stdout.lines().map(event).collect()
}

#[allow(clippy::panic, reason = "the test has failed")]
fn unreadable(line: &str, why: &serde_json::Error) -> Value {
    panic!("not an event ({why}): {line}")
}

#[test]
fn events_come_in_order_and_progress_only_grows() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 30);
    let dir = desk.path("out");
    let ended = run(&mut desk.transcode(&clip, &dir)).expect(0);
    assert_eq!(ended.stderr, "");
    let events = events(&ended.stdout);
    let types: Vec<&str> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    let at = |name: &str| {
        let found: Vec<usize> = (0..types.len()).filter(|i| types[*i] == name).collect();
        assert_eq!(found.len(), 1, "one {name} in {types:?}");
        found[0]
    };
    let completed = at("job.completed");
    assert_eq!(completed, types.len() - 1, "nothing comes after completion");
    let started = at("job.started");
    for between in ["thumbnails.ready", "output.playable"] {
        assert!(
            started < at(between) && at(between) < completed,
            "{types:?}"
        );
    }
    let phases: Vec<&Value> = events.iter().filter(|e| e["type"] == "job.phase").collect();
    let phases: Vec<&str> = phases
        .iter()
        .map(|e| e["phase"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["probing", "encoding", "packaging"]);

    let (mut done_before, mut seen) = (0, 0);
    for (i, event) in events.iter().enumerate() {
        if event["type"] != "job.progress" {
            continue;
        }
        seen += 1;
        let done = event["frames_done"].as_u64().unwrap();
        let total = event["frames_total"].as_u64().unwrap();
        assert!(i > started && i < completed);
        assert!(
            done >= done_before,
            "progress goes back: {done_before} to {done}"
        );
        assert!(done <= total, "{done} of {total}");
        assert!(total == 2 * 750 || total == 2 * 750 - 25, "of {total}");
        assert!(event["speed"].as_f64().unwrap() >= 0.0);
        done_before = done;
    }
    assert!(seen > 3, "{seen} reports of progress");
    // What an event names is there.
    for event in &events {
        let paths = event["paths"].as_array().cloned().unwrap_or_default();
        for path in paths.iter().chain(event.get("playlist")) {
            assert!(dir.join(path.as_str().unwrap()).is_file(), "{path}");
        }
    }
    out::complete(&dir);
}

#[test]
fn a_failed_job_says_so_as_an_event_too() {
    let _turn = turn();
    let desk = Desk::new();
    let words = desk.path("words.mp4");
    std::fs::write(&words, "Not a film.\n".repeat(200)).unwrap();
    let ended = run(&mut desk.transcode(&words, &desk.path("out"))).expect(65);
    let last = events(&ended.stdout).pop().unwrap();
    assert_eq!(last["type"], "job.failed", "{last}");
    assert_eq!(last["code"], "input_unreadable");
    let line = ended.one_line();
    assert_eq!(line.strip_prefix("newsreel: "), last["message"].as_str());
}

#[test]
fn without_a_terminal_there_are_plain_lines_on_stderr() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 4);
    let dir = desk.path("out");
    let mut command = newsreel(["transcode", "--profile", "preview", "--out"]);
    let ended = run(command.arg(&dir).arg(&clip)).expect(0);
    assert_eq!(ended.stdout, "");
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains('\r'));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(
        lines.iter().any(|l| l.starts_with("playable: ")),
        "{lines:?}"
    );
    assert!(
        lines.last().unwrap().starts_with("complete after "),
        "{lines:?}"
    );
    assert!(
        lines.last().unwrap().contains(dir.to_str().unwrap()),
        "{lines:?}"
    );
}

/// The command on a terminal of its own, 100 columns wide; all it wrote.
fn on_a_terminal(desk: &Desk, arguments: &str) -> String {
    let line = format!(
        "stty cols 100 rows 30; exec {} {arguments} --config {}",
        crate::support::process::NEWSREEL,
        desk.path("newsreel.toml").display()
    );
    let mut command = Command::new("script");
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    run(command.args(["-qec", &line, "/dev/null"])).stdout
}

#[test]
fn on_a_terminal_a_bar_shows_frames_speed_and_time_left() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 60);
    let dir = desk.path("out");
    let arguments = format!(
        "transcode --profile small --out {} {}",
        dir.display(),
        clip.display()
    );
    let shown = on_a_terminal(&desk, &arguments);
    out::complete(&dir);
    let states: Vec<&str> = shown.split(['\r', '\n']).collect();
    let bars: Vec<&&str> = states.iter().filter(|s| s.contains(" frames ")).collect();
    assert!(bars.len() > 3, "{shown}");
    assert!(bars.iter().any(|b| b.contains('█')), "a bar: {bars:?}");
    let told = bars.iter().filter(|b| b.contains("s left"));
    let told: Vec<_> = told.filter(|b| b.contains("x, ")).collect();
    assert!(!told.is_empty(), "speed and time left: {bars:?}");
    let last = states.iter().rev().find(|s| !s.trim().is_empty()).unwrap();
    assert!(last.contains("complete after"), "{last:?}");
}

#[test]
fn on_a_terminal_an_error_is_not_hidden_by_the_bar() {
    let _turn = turn();
    let desk = Desk::new();
    let words = desk.path("words.mp4");
    std::fs::write(&words, "Not a film.\n".repeat(200)).unwrap();
    let arguments = format!(
        "transcode --out {} {}",
        desk.path("out").display(),
        words.display()
    );
    let shown = on_a_terminal(&desk, &arguments);
    assert_eq!(shown.matches("newsreel: ").count(), 1, "{shown:?}");
    assert!(
        shown.contains("newsreel: the input is no media file"),
        "{shown:?}"
    );
}

#[test]
fn a_reader_that_goes_away_does_not_stop_the_job() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 8);
    let dir = desk.path("out");
    let command = desk.transcode(&clip, &dir);
    let mut piped = Command::new("bash");
    piped.args(["-c", "set -o pipefail; \"$@\" | head -n 1", "bash"]);
    piped.arg(command.get_program()).args(command.get_args());
    run(&mut piped).expect(0);
    out::complete(&dir);
}
