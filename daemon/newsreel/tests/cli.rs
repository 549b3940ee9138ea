//! The command line as people and scripts meet it: help, refusals, what is printed where.
//!
//! Not here: what a job makes (`media.rs`), or broken input (`broken.rs`).
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

#[path = "cli/calibrate.rs"]
mod calibrate;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/devices.rs"]
mod devices;
#[path = "cli/devices_stand_in.rs"]
mod devices_stand_in;
#[path = "cli/printing.rs"]
mod printing;
#[path = "cli/sandbox.rs"]
mod sandbox;
mod support;

use support::process::{newsreel, run};

#[test]
fn help_and_version_go_to_stdout() {
    let commands: [&[&str]; 7] = [
        &["--help"],
        &["help"],
        &["transcode", "--help"],
        &["probe", "-h"],
        &["verify", "--help"],
        &["config", "--help"],
        &["help", "transcode"],
    ];
    for arguments in commands {
        let ended = run(&mut newsreel(arguments)).expect(0);
        assert!(ended.stdout.contains("Usage: newsreel"), "{arguments:?}");
        assert_eq!(ended.stderr, "", "{arguments:?}");
    }
    let general = run(&mut newsreel(["--help"])).expect(0).stdout;
    for command in ["transcode", "probe", "verify", "config"] {
        assert!(general.contains(command), "{command} is in the help");
    }
    let transcode = run(&mut newsreel(["transcode", "--help"])).expect(0).stdout;
    for option in ["--out", "--profile", "--json", "--force", "--runs"] {
        assert!(transcode.contains(option), "{option} is in the help");
    }
    let version = run(&mut newsreel(["--version"])).expect(0).stdout;
    assert_eq!(
        version,
        concat!("newsreel ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_usage_is_64_with_words() {
    let wrong: [&[&str]; 11] = [
        &[],
        &["frobnicate"],
        &["transcode"],
        &["transcode", "clip.mp4"],
        &["transcode", "--out", "out"],
        &["transcode", "clip.mp4", "--out", "out", "--runs", "0"],
        &["transcode", "clip.mp4", "--out", "out", "--runs", "many"],
        &["transcode", "clip.mp4", "--out", "out", "--sideways"],
        &["transcode", "clip.mp4", "another.mp4", "--out", "out"],
        &["probe"],
        &["config"],
    ];
    for arguments in wrong {
        let ended = run(&mut newsreel(arguments)).expect(64);
        assert_eq!(ended.stdout, "", "{arguments:?}");
        assert!(ended.stderr.contains("Usage:") || ended.stderr.contains("--help"));
        assert!(!ended.stderr.contains('\u{1b}'), "colours in a log");
    }
}

#[test]
fn verify_says_what_is_no_job() {
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path(), std::path::Path::new("/no/such/directory")] {
        let ended = run(newsreel(["verify"]).arg(path)).expect(66);
        assert!(ended.one_line().contains("holds no job"));
    }
}
