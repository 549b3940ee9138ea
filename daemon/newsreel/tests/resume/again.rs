//! A second run over the same `--out`: nothing to do, something changed, somebody else's, or somebody still at it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::support::made::Desk;
use crate::support::out::{self, Stamp};
use crate::support::process::{HANG_S, run, start};
use crate::support::turn;
use crate::whole;

fn everything(dir: &Path) -> BTreeMap<String, Stamp> {
    out::stamps(dir, &out::files(dir))
}

fn forced(mut command: Command) -> Command {
    command.arg("--force");
    command
}

#[test]
fn a_second_run_over_a_complete_job_writes_nothing() {
    let _turn = turn();
    let whole = whole();
    let before = everything(&whole.out);
    let ended = run(&mut whole.desk.transcode(&whole.clip, &whole.out)).expect(0);
    assert!(ended.stderr.contains("complete"), "{}", ended.stderr);
    assert_eq!(out::files(&whole.out).len(), before.len());
    out::unchanged(&whole.out, &before);
    let work = whole.out.join(".work");
    assert!(!work.exists(), ".work is only there while a job runs");
}

/// Each change stops the job with 73 and the way out; nothing is touched.
#[track_caller]
fn refused(mut command: Command, dir: &Path, what: &str) {
    let before = everything(dir);
    let ended = run(&mut command).expect(73);
    let line = ended.one_line();
    assert!(line.contains(what) && line.contains("--force"), "{line}");
    assert_eq!(out::files(dir).len(), before.len());
    out::unchanged(dir, &before);
}

#[test]
fn what_changed_is_refused_and_force_starts_afresh() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 12);
    let out = desk.path("out");
    run(&mut desk.transcode(&clip, &out)).expect(0);

    // Complete or interrupted, it makes no difference.
    for state in ["completed", "interrupted"] {
        if state == "interrupted" {
            let mut running = start(&mut forced(desk.transcode(&clip, &out)));
            assert!(running.until(|| out::finished(&out).len() >= 5));
            running.kill();
        }
        refused(desk.with_profile("other", &clip, &out), &out, "the profile");
        let longer = desk.path("longer.mp4");
        fs::copy(&clip, &longer).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&longer).unwrap();
        file.write_all(b"\0").unwrap();
        refused(desk.transcode(&longer, &out), &out, "the input");
        let another = desk.clip(&format!("another-{state}.mp4"), 3);
        refused(desk.transcode(&another, &out), &out, "the input");
    }

    // Another profile has other rungs; a shorter clip has fewer segments. Nothing of the old job stays.
    let another = desk.path("another-completed.mp4");
    run(&mut forced(desk.with_profile("other", &another, &out))).expect(0);
    out::complete(&out);
    assert!(!out.join("video/180p").exists() && !out.join("mp4/180p.mp4").exists());
    assert!(out.join("mp4/96p.mp4").is_file());
    run(&mut forced(desk.transcode(&clip, &out))).expect(0);
    out::complete(&out);
    assert!(!out.join("video/96p").exists());
    // The same file under another name is the same input.
    let copy = desk.path("copy.mp4");
    fs::copy(&clip, &copy).unwrap();
    let before = everything(&out);
    run(&mut desk.transcode(&copy, &out)).expect(0);
    out::unchanged(&out, &before);
}

#[test]
fn the_same_input_of_another_time_with_a_changed_middle_is_another_input() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 4);
    let out = desk.path("out");
    run(&mut desk.transcode(&clip, &out)).expect(0);
    let mut bytes = fs::read(&clip).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&clip, bytes).unwrap();
    refused(desk.transcode(&clip, &out), &out, "the input");
}

#[test]
fn what_is_not_a_jobs_is_not_touched() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 2);
    let foreign: [(&str, &str); 5] = [
        ("notes.txt", "my notes"),
        ("job.json", "{\"kind\": \"print\", \"pages\": 3}"),
        ("job.json", "not even JSON"),
        ("master.m3u8", "#EXTM3U\n"),
        ("video/720p/seg-00001.m4s", "mine"),
    ];
    for (i, (name, text)) in foreign.into_iter().enumerate() {
        let out = desk.path(&format!("foreign-{i}"));
        let path = out.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let before = everything(&out);
        for command in [
            desk.transcode(&clip, &out),
            forced(desk.transcode(&clip, &out)),
        ] {
            let mut command = command;
            run(&mut command).expect(73).one_line();
            assert_eq!(out::files(&out).len(), 1, "{name}");
            assert!(!out.join(".work").exists(), "{name}: something was added");
            out::unchanged(&out, &before);
        }
    }
}

#[test]
fn force_leaves_files_of_others_in_a_jobs_directory() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 2);
    let out = desk.path("out");
    run(&mut desk.transcode(&clip, &out)).expect(0);
    fs::write(out.join("notes.txt"), "my notes").unwrap();
    run(&mut forced(desk.with_profile("other", &clip, &out))).expect(0);
    assert_eq!(
        fs::read_to_string(out.join("notes.txt")).unwrap(),
        "my notes"
    );
}

#[test]
fn an_out_that_is_a_file_is_refused() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 2);
    let out = desk.path("file");
    fs::write(&out, "mine").unwrap();
    for command in [
        &mut desk.transcode(&clip, &out),
        &mut forced(desk.transcode(&clip, &out)),
        &mut desk.transcode(&clip, &out.join("below")),
    ] {
        run(command).expect(73).one_line();
        assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    }
    // Its own input is no place for the output either.
    let before = fs::read(&clip).unwrap();
    run(&mut desk.transcode(&clip, &clip)).expect(73).one_line();
    assert!(before == fs::read(&clip).unwrap());
}

#[test]
fn two_at_once_the_second_is_told_and_the_first_completes() {
    let _turn = turn();
    let whole = whole();
    let dir = whole.desk.path("busy");
    let mut first = start(&mut whole.desk.transcode(&whole.clip, &dir));
    assert!(first.until(|| out::finished(&dir).len() >= 3));
    for command in [
        &mut whole.desk.transcode(&whole.clip, &dir),
        &mut forced(whole.desk.transcode(&whole.clip, &dir)),
    ] {
        let ended = run(command);
        let still = first.child.try_wait().unwrap().is_none();
        assert!(still, "the first was too fast for this test");
        let line = ended.expect(73).one_line().to_owned();
        assert!(line.contains("another process"), "{line}");
    }
    first.end(HANG_S).expect(0);
    out::complete(&dir);
    out::same_timing(&whole.timing, &dir);
}

#[test]
fn two_started_together_one_wins() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 8);
    for round in 0..3 {
        let out = desk.path(&format!("out-{round}"));
        let both = [0, 1].map(|_| start(&mut desk.transcode(&clip, &out)));
        let mut codes = both.map(|r| r.end(HANG_S).code());
        codes.sort_unstable();
        // The slower one finds the other at work, or its job complete.
        assert!(codes == [0, 73] || codes == [0, 0], "{codes:?}");
        out::complete(&out);
    }
}
