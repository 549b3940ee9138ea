//! A disk that is full: what was stored stays, what was not says so, and there is a way on. Here the limit is the store's own.
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

use std::thread;

use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::plan::Warning;
use newsreel_model::store::{Applied, Change, NewJob, Store};
use newsreel_model::{Class, Code};
use newsreel_store::conformance::fixtures::{ANY, end, id, job, make, submit};
use newsreel_store::{SqliteStore, StoreOptions};

/// A job that takes a few pages.
fn big(number: u32) -> NewJob {
    let mut job = job(number);
    job.spec.description = Some("x".repeat(20_000));
    job
}

fn small() -> StoreOptions {
    StoreOptions {
        max_bytes: Some(1 << 20),
        ..StoreOptions::default()
    }
}

#[test]
fn a_full_store_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("jobs.db"), small()).unwrap();
    let (stored, error) = (0..)
        .find_map(|number| {
            store
                .submit(big(number), None, ANY)
                .err()
                .map(|e| (number, e))
        })
        .unwrap();
    assert!(stored > 10, "{stored} jobs fit into 1 MiB");
    assert_eq!(
        (error.code(), error.class()),
        (Code::DiskFull, Class::Retry)
    );
    assert!(error.message().contains("delete jobs"), "{error}");
    assert_eq!(store.counts().unwrap().queued, u64::from(stored));
    assert_eq!(store.job(id(stored)).unwrap(), None);
    assert_eq!(
        store.events(0, u32::MAX, None).unwrap().len(),
        usize::try_from(stored).unwrap()
    );

    assert!(make(&store, end(0, JobState::Cancelled)));
    assert!(store.delete(id(0)).unwrap());
    store.submit(big(stored), None, ANY).unwrap();
    assert_eq!(
        store.job(id(stored)).unwrap().unwrap().spec,
        big(stored).spec
    );
}

/// Warns of something long; whether there was room for it.
fn warn(store: &SqliteStore, number: u32) -> bool {
    let warning = Warning::new("long", "x".repeat(20_000));
    let change = Change::Warn {
        job: id(number),
        warning,
    };
    match store.apply(vec![(change, Some(Event::Preempted {}))]) {
        Ok(applied) => {
            assert_eq!(applied, [Applied::Yes]);
            true
        }
        Err(error) => {
            assert_eq!(error.code(), Code::DiskFull, "{error}");
            false
        }
    }
}

#[test]
fn a_request_without_room_does_not_undo_its_neighbours() {
    const JOBS: u32 = 160;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let store = SqliteStore::open(&path, small()).unwrap();
    submit(&store, 0..JOBS);
    // Many callers fill the store together, so that the full disk meets transactions of several requests.
    let done: Vec<u32> = thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let store = &store;
                let mine = (0..JOBS).filter(move |number| number % 8 == caller);
                scope.spawn(move || mine.filter(|number| warn(store, *number)).collect())
            })
            .collect();
        let done = callers.into_iter().map(|caller| caller.join().unwrap());
        done.collect::<Vec<Vec<_>>>().concat()
    });
    assert!(!done.is_empty() && done.len() < 160, "{}", done.len());
    drop(store);
    let store = SqliteStore::open(&path, StoreOptions::default()).unwrap();
    for number in 0..JOBS {
        let kept = store.job(id(number)).unwrap().unwrap();
        let warned = done.contains(&number);
        assert_eq!(kept.warnings.len(), usize::from(warned), "job {number}");
        let events = store.events(0, 9, Some(id(number))).unwrap();
        assert_eq!(events.len(), 1 + usize::from(warned), "job {number}");
    }
}
