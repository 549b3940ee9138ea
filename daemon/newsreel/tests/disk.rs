//! Disks that are full, files that may not grow, directories that may not be written: a clear error, and a job to go on with.
//!
//! Not here: other interruptions (`resume.rs`).
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::disk::Disk;
use support::made::Desk;
use support::process::{NEWSREEL, run};
use support::{out, turn};

/// Bytes of all files of a job below a directory, in KiB, whole pages as tmpfs counts them.
fn kib(dir: &Path, below: &str) -> u64 {
    out::files(dir)
        .iter()
        .filter(|name| name.starts_with(below))
        .map(|name| dir.join(name).metadata().unwrap().len().div_ceil(4096) * 4)
        .sum()
}

#[track_caller]
fn says_that_the_disk_is_full(line: &str) {
    assert!(line.contains("the disk is full"), "{line}");
    assert!(line.contains("run the same command again"), "{line}");
}

/// A clip and what it becomes where there is room.
fn roomy(desk: &Desk) -> (PathBuf, PathBuf) {
    let clip = desk.clip("clip.mp4", 30);
    let whole = desk.path("whole");
    run(&mut desk.transcode(&clip, &whole)).expect(0);
    (clip, whole)
}

#[test]
fn a_full_disk_is_an_error_to_go_on_from() {
    let _turn = turn();
    let desk = Desk::new();
    let (clip, whole) = roomy(&desk);
    let timing = out::timing(&whole);
    let segments = kib(&whole, "video/") + kib(&whole, "audio/");
    let mut sizes = vec![
        // Nothing fits; half of the segments do; all of them, but no MP4.
        ("nothing", 16),
        ("half", segments / 2),
        ("no MP4", segments + kib(&whole, "mp4/") / 3),
    ];
    if support::tier() == support::Tier::Quick {
        sizes = vec![sizes[1]];
    }
    for (name, size) in sizes {
        let Some(disk) = Disk::new(&desk.path("disk"), size) else {
            return;
        };
        let dir = disk.0.join("out");
        // A second time is no different: nothing of the first attempt is in the way.
        for attempt in 1..=2 {
            let ended = run(&mut desk.transcode(&clip, &dir)).expect(73);
            println!("{name}, attempt {attempt}: {}", ended.stderr.trim_end());
            says_that_the_disk_is_full(ended.one_line());
        }
        if name == "no MP4" {
            out::playlists_hold(&dir);
            for mp4 in out::files(&dir).iter().filter(|f| f.starts_with("mp4/")) {
                out::decodes(&dir.join(mp4));
            }
        } else {
            out::nothing_looks_finished(&dir);
        }
        let kept = out::finished_media(&dir);
        assert!(name == "nothing" || kept.len() > 10, "{name}: {kept:?}");
        let before = out::stamps(&dir, &kept);
        disk.grow(64 * 1024);
        run(&mut desk.transcode(&clip, &dir)).expect(0);
        out::unchanged(&dir, &before);
        out::complete(&dir);
        out::same_timing(&timing, &dir);
    }
}

/// The command under `ulimit -f`: no file may be larger.
fn with_file_limit(kib: u64, command: &Command) -> Command {
    let mut limited = Command::new("bash");
    limited.args(["-c", &format!("ulimit -f {kib}; exec \"$@\""), "bash"]);
    limited.arg(command.get_program()).args(command.get_args());
    limited
}

#[test]
fn a_file_that_may_not_grow_is_an_error_and_no_death() {
    let _turn = turn();
    let desk = Desk::new();
    let (clip, whole) = roomy(&desk);
    let largest = |below: &str| {
        let names = out::files(&whole);
        let sizes = names.iter().filter(|n| n.starts_with(below));
        let sizes = sizes.map(|n| whole.join(n).metadata().unwrap().len());
        sizes.max().unwrap() / 1024
    };
    // Below the segments, then between them and the MP4s.
    for (i, limit) in [largest("video/") / 2, largest("mp4/") / 2]
        .into_iter()
        .enumerate()
    {
        let dir = desk.path(&format!("limited-{i}"));
        let ended = run(&mut with_file_limit(limit, &desk.transcode(&clip, &dir)));
        // 153 would be SIGXFSZ.
        let ended = ended.expect(73);
        says_that_the_disk_is_full(ended.one_line());
        let before = out::stamps(&dir, &out::finished_media(&dir));
        run(&mut desk.transcode(&clip, &dir)).expect(0);
        out::unchanged(&dir, &before);
        out::complete(&dir);
    }
}

/// The command as the user nobody, with a binary that everyone may run.
fn as_nobody(desk: &Desk, arguments: &[&Path]) -> Command {
    let binary = desk.path("newsreel");
    if !binary.exists() {
        fs::copy(NEWSREEL, &binary).unwrap();
        for path in [&binary, &desk.path("")] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command
        .arg(binary)
        .args(["transcode", "--profile", "preview", "--json"]);
    command.args(arguments);
    command
}

fn is_root() -> bool {
    let id = run(Command::new("id").arg("-u")).expect(0);
    let root = id.stdout.trim() == "0";
    if !root {
        println!("!!!!!!!! not root: directories that may not be written are tried as this user");
    }
    root
}

#[test]
fn a_directory_that_may_not_be_written_is_refused() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 2);
    let locked = desk.path("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, Permissions::from_mode(0o555)).unwrap();
    let root = is_root();
    for dir in [locked.join("out"), locked.join("deep/out"), locked.clone()] {
        let mut command = if root {
            as_nobody(&desk, &[Path::new("--out"), &dir, &clip])
        } else {
            desk.transcode(&clip, &dir)
        };
        let ended = run(&mut command).expect(73);
        let line = ended.one_line();
        assert!(
            line.contains("cannot write") && line.contains("locked"),
            "{line}"
        );
        assert!(out::files(&locked).is_empty());
    }
}

#[test]
fn an_input_that_may_not_be_read_is_refused() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 2);
    fs::set_permissions(&clip, Permissions::from_mode(0o000)).unwrap();
    let dir = desk.path("out");
    let mut command = if is_root() {
        as_nobody(&desk, &[Path::new("--out"), &dir, &clip])
    } else {
        desk.transcode(&clip, &dir)
    };
    let ended = run(&mut command).expect(66);
    assert!(ended.one_line().contains("cannot open"), "{}", ended.stderr);
    assert!(!dir.exists());
}

#[test]
fn missing_parents_are_made() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 2);
    let dir = desk.path("new/and/new/out");
    run(&mut desk.transcode(&clip, &dir)).expect(0);
    out::complete(&dir);
}
