//! Checks of many callers at once. Not here: speed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use newsreel_model::Code;
use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::store::Store;

use super::Check;
use super::fixtures::{ANY, commit, end, id, job, key, logged, make, piece, submit};

pub const CHECKS: &[Check] = &[
    every_job_of_many_callers_is_there_once,
    one_of_many_gets_the_key,
    one_of_many_gets_the_destination,
    one_of_many_ends_the_job,
    no_frame_of_many_callers_is_lost,
    whoever_follows_the_log_misses_nothing,
];

const CALLERS: u32 = 8;

/// Has each of many callers do something, and gives what they say.
fn all<T: Send>(what: impl Fn(u32) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let what = &what;
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| scope.spawn(move || what(caller)))
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

fn every_job_of_many_callers_is_there_once(store: &dyn Store) {
    const EACH: u32 = 25;
    all(|caller| submit(store, caller * EACH..(caller + 1) * EACH));
    let jobs: Vec<_> = store
        .unfinished()
        .unwrap()
        .iter()
        .map(|job| job.id)
        .collect();
    assert_eq!(jobs, (0..CALLERS * EACH).map(id).collect::<Vec<_>>());
    assert_eq!(store.counts().unwrap().queued, u64::from(CALLERS * EACH));
    let events = logged(store, None);
    let told: BTreeSet<_> = events.iter().map(|(job, _)| *job).collect();
    assert_eq!((events.len(), told.len()), (jobs.len(), jobs.len()));
}

fn one_of_many_gets_the_key(store: &dyn Store) {
    let answers = all(|caller| store.submit(job(caller), key("a", "k", "h"), ANY).unwrap());
    let first = answers.iter().filter(|answer| !answer.repeated).count();
    let jobs: BTreeSet<_> = answers.iter().map(|answer| answer.job.id).collect();
    assert_eq!((first, jobs.len()), (1, 1));
    assert_eq!(store.counts().unwrap().queued, 1);
}

fn one_of_many_gets_the_destination(store: &dyn Store) {
    let answers = all(|caller| {
        let mut job = job(caller);
        job.destination = "/out/one".to_owned();
        store.submit(job, None, ANY).map_err(|error| error.code())
    });
    let refused = answers
        .iter()
        .filter(|answer| matches!(answer, Err(Code::OutputBusy)));
    assert_eq!(refused.count() + 1, answers.len());
    assert_eq!(store.counts().unwrap().queued, 1);
}

fn one_of_many_ends_the_job(store: &dyn Store) {
    submit(store, [1]);
    let ends = [JobState::Completed, JobState::Failed, JobState::Cancelled];
    let answers = all(|caller| {
        let state = ends[usize::try_from(caller).unwrap() % ends.len()];
        make(store, end(1, state)).then_some(state)
    });
    let won: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(won, [store.job(id(1)).unwrap().unwrap().state]);
}

fn no_frame_of_many_callers_is_lost(store: &dyn Store) {
    submit(store, [1]);
    all(|caller| {
        for segment in 0..20 {
            let path = format!("video/{}p/seg-{segment:05}.m4s", caller / 2);
            assert!(make(store, commit(1, &[piece(&path, 10)])));
        }
    });
    // Two callers made each rung.
    let expected = CALLERS / 2 * 20;
    let kept = store.job(id(1)).unwrap().unwrap();
    assert_eq!(kept.frames_done, u64::from(expected) * 10);
    let pieces = store.pieces(id(1)).unwrap();
    assert_eq!(pieces.len(), usize::try_from(expected).unwrap());
}

fn whoever_follows_the_log_misses_nothing(store: &dyn Store) {
    let next = AtomicU32::new(0);
    let over = AtomicBool::new(false);
    let followed = thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let mut seen = Vec::new();
            loop {
                let last = over.load(Ordering::SeqCst);
                let after = seen.last().map_or(0, |(id, _)| *id);
                let events = store.events(after, 7, None).unwrap();
                if events.is_empty() && last {
                    break seen;
                }
                seen.extend(events.into_iter().map(|logged| (logged.id, logged.event)));
            }
        });
        all(|_| (0..20).for_each(|_| submit(store, [next.fetch_add(1, Ordering::SeqCst)])));
        over.store(true, Ordering::SeqCst);
        follower.join().unwrap()
    });
    assert_eq!(followed.len(), usize::try_from(CALLERS * 20).unwrap());
    assert!(followed.iter().all(|(_, event)| *event == Event::Queued {}));
}
