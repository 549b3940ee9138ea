//! `newsreel serve` as a whole: killed, stopped, asked for too much, and what is left of its jobs afterwards.
//!
//! Not here: HTTP as such (`newsreel-api`), the scheduler's rules (its own tests), or whether an encode is right (`media.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test has no better answer to what cannot be"
)]
#![cfg_attr(
    not(feature = "faults"),
    allow(dead_code, reason = "the tests of faults use a part of it alone")
)]

#[path = "serve/access.rs"]
mod access;
#[path = "serve/bucket.rs"]
mod bucket;
#[path = "serve/cancel.rs"]
mod cancel;
#[path = "serve/captions.rs"]
mod captions;
#[path = "serve/console.rs"]
mod console;
#[path = "serve/crash.rs"]
mod crash;
#[path = "serve/daemon.rs"]
mod daemon;
#[path = "serve/destination.rs"]
mod destination;
#[path = "serve/drain.rs"]
mod drain;
#[path = "serve/early.rs"]
mod early;
#[path = "serve/events.rs"]
mod events;
#[path = "serve/fenced.rs"]
mod fenced;
#[path = "serve/fetched.rs"]
mod fetched;
#[path = "serve/folders.rs"]
mod folders;
#[path = "serve/foreign.rs"]
mod foreign;
#[path = "serve/full.rs"]
mod full;
#[path = "serve/gpu.rs"]
mod gpu;
#[path = "serve/hang.rs"]
mod hang;
#[path = "serve/kill.rs"]
mod kill;
#[path = "serve/kill_worker.rs"]
mod kill_worker;
#[path = "serve/logs.rs"]
mod logs;
#[path = "serve/long_upload.rs"]
mod long_upload;
#[path = "serve/manager.rs"]
mod manager;
#[path = "serve/many.rs"]
mod many;
#[path = "serve/measured.rs"]
mod measured;
#[path = "serve/metrics.rs"]
mod metrics;
#[path = "serve/nested.rs"]
mod nested;
#[cfg(feature = "faults")]
#[path = "serve/people.rs"]
mod people;
#[path = "serve/preempt.rs"]
mod preempt;
#[path = "serve/processes.rs"]
mod processes;
#[cfg(feature = "faults")]
#[path = "serve/receiver.rs"]
mod receiver;
#[path = "serve/refused.rs"]
mod refused;
#[path = "serve/reload.rs"]
mod reload;
#[path = "serve/retention.rs"]
mod retention;
#[cfg(feature = "faults")]
#[path = "serve/secured_mail.rs"]
mod secured_mail;
#[cfg(feature = "faults")]
#[path = "serve/sink.rs"]
mod sink;
#[path = "serve/sound_alone.rs"]
mod sound_alone;
#[cfg(feature = "faults")]
#[path = "serve/storage.rs"]
mod storage;
#[path = "serve/store.rs"]
mod store;
#[path = "serve/subtitles.rs"]
mod subtitles;
mod support;
#[path = "serve/traces.rs"]
mod traces;
#[path = "serve/translated.rs"]
mod translated;
#[path = "serve/tus.rs"]
mod tus;
#[path = "serve/unread.rs"]
mod unread;
#[path = "serve/upgrade.rs"]
mod upgrade;
#[path = "serve/uploads.rs"]
mod uploads;
#[path = "serve/watched_buckets.rs"]
mod watched_buckets;
#[path = "serve/webhooks.rs"]
mod webhooks;

use std::path::{Path, PathBuf};

use support::{made, out, process};

/// A moving clip with sound of so many seconds; made once, and kept between runs of the tests.
fn clip(seconds: u32) -> PathBuf {
    let dir = clips();
    let path = dir.join(format!("moving-{seconds}s.mp4"));
    if !path.exists() {
        // Two runs of the tests at once must not see each other's half.
        let name = format!("{}-{seconds}s.mp4", std::process::id());
        std::fs::rename(made::clip(&dir, &name, seconds), &path).unwrap();
    }
    path
}

/// Where [`clip`] keeps its clips: the root that daemons under test may read from.
fn clips() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve-clips");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Fails unless `newsreel verify` calls the job sound.
#[track_caller]
fn sound(dir: &Path) {
    process::run(&mut process::newsreel([Path::new("verify"), dir])).expect(0);
}

/// Fails unless a job of the daemon is complete and has the frames, times and key frames of one that nothing disturbed.
#[track_caller]
fn as_if_undisturbed(daemon: &daemon::Daemon, job: &newsreel_model::control::JobView) {
    let dir = daemon::dir(job);
    out::complete(&dir);
    let input = url::Url::parse(&job.spec.input.url).unwrap();
    let whole = daemon.path(&format!("whole-{}", job.id));
    let mut command = process::newsreel(["transcode", "--json", "--profile", &job.spec.profile]);
    command.arg("--config").arg(daemon.path("newsreel.toml"));
    command
        .arg("--out")
        .arg(&whole)
        .arg(input.to_file_path().unwrap());
    process::run(&mut command).expect(0);
    out::same_timing(&out::timing(&whole), &dir);
    std::fs::remove_dir_all(whole).unwrap();
}

/// Tests of faults need a binary that can have them.
#[cfg(not(feature = "faults"))]
#[test]
fn left_out_without_the_feature_faults_are_hanging_crashing_stopped_workers_and_preemption() {
    println!(
        "!!!!!!!! built without `--features newsreel/faults`: workers that hang, crash or are stopped past their lease, \
         and preemption on a known number of cores are NOT tested"
    );
}
