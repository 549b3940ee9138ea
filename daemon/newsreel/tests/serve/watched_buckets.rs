//! Watched folders in a bucket, by the real daemon: objects that are replaced, restarts, names that were there before, what fails.

#![cfg(feature = "faults")]

use newsreel_model::job::JobState;

use crate::bucket::{BUCKET, SECRET, Store};
use crate::daemon::Daemon;
use crate::processes::until;
use crate::support::{out, turn};
use crate::{clip, sound};

fn watching(store: &Store) -> String {
    let bucket = store.section(SECRET, "");
    format!(
        "{bucket}[watch]\nsettle_s = 2\n[watch.folders.agency]\ndirectory = \"s3://{BUCKET}/in\"\nprofile = \"story\"\n\
         tenant = \"sport\"\npriority = 60\n"
    )
}

#[test]
fn an_object_that_stays_as_it_is_becomes_one_job_and_is_moved() {
    let _turn = turn();
    let store = Store::start();
    let daemon = Daemon::start(&watching(&store));
    store.has("in/Flood & fire.mp4", &clip(2));
    store.has("in/deeper/not looked at.mp4", &clip(2));
    until("it is taken", || daemon.jobs().len() == 1);
    daemon.kill9();
    daemon.restart();
    until("it is moved", || {
        store.file("in/done/Flood & fire.mp4").exists()
    });
    let [job] = &daemon.jobs()[..] else {
        panic!("one object, one job")
    };
    assert_eq!(job.state, JobState::Completed);
    assert_eq!(job.spec.title.as_deref(), Some("Flood & fire"));
    assert_eq!((job.spec.tenant.as_str(), job.spec.priority), ("sport", 60));
    sound(&daemon.path("data/jobs").join(job.id.to_string()));
    let moved = std::fs::read(store.file("in/done/Flood & fire.mp4")).unwrap();
    assert!(moved == std::fs::read(clip(2)).unwrap());
    // Another object of that name keeps the first.
    store.has("in/Flood & fire.mp4", &clip(2));
    until("the second is moved", || {
        !store.file("in/Flood & fire.mp4").exists()
    });
    let done = out::files(&store.file("in/done")).into_iter();
    let done = done.filter(|name| name.ends_with("Flood & fire.mp4"));
    assert_eq!(done.count(), 2);
    assert_eq!(daemon.jobs().len(), 2);
}

#[test]
fn what_fails_is_moved_with_the_reason_and_a_store_that_is_away_is_waited_for() {
    let _turn = turn();
    let store = Store::start();
    let words = text(&store, "this is text");
    let daemon = Daemon::start(&watching(&store));
    store.has("in/no video.mp4", &words);
    store.has("in/.hidden.mp4", &words);
    until("it is moved", || {
        store.file("in/failed/no video.mp4").exists() && !store.file("in/no video.mp4").exists()
    });
    let reason = store.file("in/failed/no video.mp4.txt");
    let said = std::fs::read_to_string(reason).unwrap();
    assert!(said.starts_with("input_unreadable\n"), "{said}");
    assert!(said.contains(&daemon.jobs()[0].id.to_string()));
    assert!(store.file("in/.hidden.mp4").exists());
    assert_eq!(daemon.jobs().len(), 1);
    // The store is away for a while: what comes then is found afterwards.
    store.stop();
    store.has("in/late.mp4", &clip(2));
    until("the store is missed", || {
        daemon.lines_with("the watched folder") > 0
    });
    store.restart();
    until("it is moved", || store.file("in/done/late.mp4").exists());
}

/// A file of such words beside the bucket.
fn text(store: &Store, words: &str) -> std::path::PathBuf {
    let path = store.file("../text");
    std::fs::write(&path, words).unwrap();
    path
}
