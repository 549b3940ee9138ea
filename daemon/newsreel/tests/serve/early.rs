//! Jobs that begin while their upload still arrives, by the real daemon: cut, put back, killed, cancelled in the middle.
//!
//! Not here: which containers can be read so, and that they are read like the whole (`newsreel-media`).

#![cfg(feature = "faults")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use newsreel_model::control::JobView;
use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::until;
use crate::support::turn;
use crate::tus::{Tus, job_over};
use crate::{clip, clips, sound};

/// Seconds of the clip; its two thumbnails come from the first three quarters.
const SECONDS: u32 = 24;

/// The clip in a container that can be read as it comes.
fn arriving(extension: &str) -> PathBuf {
    let path = clips().join(format!("arriving-{SECONDS}s.{extension}"));
    if !path.exists() {
        let made = clips().join(format!("{}-arriving.{extension}", std::process::id()));
        let mut remux = Command::new("ffmpeg");
        remux.args(["-nostdin", "-v", "error", "-y", "-i"]);
        remux.arg(clip(SECONDS)).args(["-c", "copy"]);
        remux.args(["-movflags", "faststart"]).arg(&made);
        assert!(remux.status().unwrap().success());
        std::fs::rename(made, &path).unwrap();
    }
    path
}

#[track_caller]
fn wait_for_event(daemon: &Daemon, job: &JobView, name: &str) {
    let store = daemon.store();
    until(name, || {
        store.events(job.id).iter().any(|event| event == name)
    });
}

/// An upload of which a share has arrived, with the rest of it.
struct Sent<'a> {
    tus: Tus<'a>,
    at: String,
    all: Vec<u8>,
}

impl<'a> Sent<'a> {
    fn percent(daemon: &'a Daemon, clip: &Path, percent: usize) -> Self {
        let tus = Tus::new(daemon);
        let all = std::fs::read(clip).unwrap();
        let at = tus.begin(all.len() as u64);
        let sent = Self { tus, at, all };
        sent.up_to(percent);
        sent
    }

    #[track_caller]
    fn up_to(&self, percent: usize) {
        let from = self.tus.offset(&self.at);
        let there = usize::try_from(from).unwrap();
        let to = self.all.len() * percent / 100;
        let answer = self.tus.patch(&self.at, from, &self.all[there..to]);
        assert_eq!(answer.status, 204, "{answer:?}");
    }
}

/// What was made, by path: everything but what tells of the making.
fn made(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                folders.push(path);
            } else if name != "job.json" && name != "report.json" {
                let bytes = std::fs::read(&path).unwrap();
                all.insert(path.strip_prefix(dir).unwrap().to_owned(), bytes);
            }
        }
    }
    all
}

/// Fails unless two jobs left the same, byte for byte.
#[track_caller]
fn same(early: &JobView, whole: &JobView) {
    let (early, whole) = (made(&dir(early)), made(&dir(whole)));
    assert!(early.keys().eq(whole.keys()), "{:?}", early.keys());
    let other: Vec<_> = early.iter().filter(|(p, b)| whole[*p] != **b).collect();
    let other: Vec<_> = other.iter().map(|(path, _)| path).collect();
    assert!(other.is_empty(), "they differ: {other:?}");
}

/// One core: a job is one run then, and its bytes do not depend on where runs were cut.
fn start() -> Daemon {
    Daemon::start_with("", &[("NEWSREEL_FAULTS_CORES", "1")])
}

#[test]
fn a_story_is_seen_and_playable_before_its_upload_ends() {
    let _turn = turn();
    let daemon = start();
    for extension in ["ts", "mkv", "mp4"] {
        let clip = arriving(extension);
        let sent = Sent::percent(&daemon, &clip, 30);
        let job = daemon.submit(&job_over(&sent.at));
        sent.up_to(95);
        wait_for_event(&daemon, &job, "thumbnails.ready");
        wait_for_event(&daemon, &job, "output.playable");
        assert_eq!(daemon.job(job.id).state, JobState::Running, "{extension}");
        // Whoever has all it needs does not wait for who has not.
        let other = daemon.submit(&spec(&clip, "story"));
        let whole = daemon.wait_for(other.id, JobState::Completed);
        sent.up_to(100);
        let done = daemon.wait_for(job.id, JobState::Completed);
        sound(&dir(&done));
        same(&done, &whole);
        daemon.made_nothing_twice();
    }
}

#[test]
fn a_job_whose_upload_stands_still_waits_and_goes_on() {
    let _turn = turn();
    let daemon = Daemon::start("[uploads]\nearly = 1\nearly_stall_s = 2\n");
    let clip = arriving("ts");
    let sent = Sent::percent(&daemon, &clip, 50);
    let job = daemon.submit(&job_over(&sent.at));
    let waits_again = |job: &JobView| {
        wait_for_event(&daemon, job, "job.started");
        let waits = || daemon.job(job.id).state == JobState::Queued;
        until("it waits again", waits);
    };
    waits_again(&job);
    // Its place is free for another.
    let other = Sent::percent(&daemon, &clip, 50);
    let next = daemon.submit(&job_over(&other.at));
    waits_again(&next);
    other.up_to(100);
    daemon.wait_for(next.id, JobState::Completed);
    sent.up_to(100);
    let done = daemon.wait_for(job.id, JobState::Completed);
    sound(&dir(&done));
    daemon.made_nothing_twice();
    let playable = daemon.store().events(job.id).into_iter();
    let playable = playable.filter(|event| event == "output.playable");
    assert_eq!(playable.count(), 1);
}

#[test]
fn a_job_over_an_upload_outlives_a_kill_in_its_middle() {
    let _turn = turn();
    let daemon = start();
    let clip = arriving("mkv");
    let sent = Sent::percent(&daemon, &clip, 60);
    let job = daemon.submit(&job_over(&sent.at));
    wait_for_event(&daemon, &job, "output.playable");
    let before = daemon.store().stamps(job.id);
    daemon.kill9();
    daemon.restart();
    sent.up_to(95);
    wait_for_event(&daemon, &job, "thumbnails.ready");
    sent.up_to(100);
    let done = daemon.wait_for(job.id, JobState::Completed);
    sound(&dir(&done));
    daemon.made_nothing_twice();
    assert!(!before.files.is_empty());
    before.unchanged();
}

#[test]
fn what_was_begun_early_ends_when_it_is_told_to() {
    let _turn = turn();
    let daemon = start();
    let sent = Sent::percent(&daemon, &arriving("ts"), 50);
    let job = daemon.submit(&job_over(&sent.at));
    wait_for_event(&daemon, &job, "output.playable");
    let needed = sent.tus.ask(&format!("DELETE {}", sent.at), &[]);
    assert_eq!(needed.status, 409, "{needed:?}");
    daemon.tell(job.id, "cancel").unwrap();
    // It waits for its upload as before, and takes it up where it was.
    daemon.tell(job.id, "retry").unwrap();
    sent.up_to(100);
    let done = daemon.wait_for(job.id, JobState::Completed);
    sound(&dir(&done));
    let gone = Sent::percent(&daemon, &arriving("ts"), 50);
    let job = daemon.submit(&job_over(&gone.at));
    wait_for_event(&daemon, &job, "output.playable");
    daemon.tell(job.id, "cancel").unwrap();
    until("nobody needs it", || {
        gone.tus.ask(&format!("DELETE {}", gone.at), &[]).status == 204
    });
    // Nobody waits for its bytes for ever.
    until("no worker is left with it", || daemon.workers().len() <= 1);
    assert_eq!(daemon.job(job.id).state, JobState::Cancelled);
}
