//! Ladders played to their end in a real browser, with hls.js and dash.js. Not here: what players never see.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, where a panic is the report"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::ladder::Ladder;
use common::{Tier, alone, clips, loud, media, text, tier, transcode};

/// With sound; without; with a picture held over a gap.
const CLIPS: &[&str] = &[
    "bunny-720p25.mp4",
    "traffic-432p12.mp4",
    "starts-on-nonkeyframe.mp4",
];

const WITHOUT: &str = "NEWSREEL_WITHOUT_BROWSER";

/// Whether to play at all: the environment may say that there is no browser here, which is said loudly.
fn wanted() -> bool {
    if std::env::var(WITHOUT).is_ok_and(|v| v == "1") {
        loud(&format!(
            "{WITHOUT}=1: NOTHING WAS PLAYED, whether the ladders play in a browser is not known"
        ));
        return false;
    }
    true
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/browser")
}

/// Plays a ladder with both players; every frame of the plan must have been decoded.
fn play(ladder: &Ladder, name: &str) {
    let frames = ladder.plan().grid.frames();
    let at_least = frames.to_string();
    // On a busy machine a few seconds at four times the speed end before the players have found their feet.
    let rate = if ladder.plan().duration_s() < 12.0 {
        "1"
    } else {
        "4"
    };
    let done = Command::new("node")
        .arg(scripts().join("play.mjs"))
        .arg(&ladder.dir)
        .args(["--player", "both", "--rate", rate, "--frames", &at_least])
        .output();
    let done = match done {
        Ok(done) => done,
        Err(e) => panic!("node cannot be run: {e}. {}", advice()),
    };
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    eprintln!("{name}, {frames} frames:\n{out}");
    let missing = done.status.code() == Some(69) || err.contains("ERR_MODULE_NOT_FOUND");
    assert!(!missing, "{err}\n{}", advice());
    assert!(done.status.success(), "{name} does not play:\n{out}{err}");
}

fn advice() -> String {
    format!(
        "This test needs Node, the modules of scripts/browser and a Chromium: `scripts/setup --test` installs them. \
             {WITHOUT}=1 leaves it out."
    )
}

fn transcode_and_play(input: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let ladder = transcode(input, &dir.path().join("out"), &["--profile", "web"]);
    let name = input.file_name().unwrap().to_string_lossy();
    play(&ladder, &name);
}

#[test]
fn browser_plays_a_made_clip() {
    if !wanted() {
        return;
    }
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let master = clips::flash_and_beep(dir.path());
    transcode_and_play(&master);
}

#[test]
fn browser_plays_real_clips() {
    let Some(media) = media() else { return };
    if tier() == Tier::Quick || !wanted() {
        return;
    }
    let _alone = alone();
    let mut names: Vec<String> = CLIPS.iter().map(|n| (*n).to_owned()).collect();
    if tier() == Tier::Soak {
        // What is refused has no ladder: `media.rs` says which.
        let refused = ["README.md", "captions.srt", "cut-off-upload.mp4"];
        let there = std::fs::read_dir(&media)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap());
        names = there.filter(|n| !refused.contains(&n.as_str())).collect();
        names.sort_unstable();
    }
    let mut failed = Vec::new();
    for name in names {
        if std::panic::catch_unwind(|| transcode_and_play(&media.join(&name))).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}
