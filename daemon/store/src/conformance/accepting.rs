//! Checks of accepting jobs. Not here: what becomes of them.

use newsreel_model::Code;
use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::store::{Counts, NewJob, Store, StoredJob};

use super::Check;
use super::fixtures::{ANY, at, end, id, job, kept_at, key, logged, make, start, submit};

pub const CHECKS: &[Check] = &[
    a_job_is_kept_as_it_was_given,
    a_full_queue_takes_no_more,
    a_destination_has_one_job_at_a_time,
    a_refused_job_leaves_nothing,
    a_key_gives_the_same_job_again,
    a_key_belongs_to_its_caller,
    a_key_lives_for_24_hours,
    a_deleted_job_frees_its_key,
];

/// A job just accepted, its time as fine as it was given.
pub fn accepted(given: NewJob) -> StoredJob {
    StoredJob {
        id: given.id,
        spec: given.spec,
        profile: given.profile,
        destination: given.destination,
        roots: given.roots,
        state: JobState::Queued,
        phase: None,
        created_at: given.created_at,
        started_at: None,
        ended_at: None,
        failures: 0,
        frames_total: 0,
        frames_done: 0,
        playable: false,
        warnings: Vec::new(),
        failure: None,
    }
}

fn a_job_is_kept_as_it_was_given(store: &dyn Store) {
    assert_eq!(store.job(id(1)).unwrap(), None);
    let given = job(1);
    let submitted = store.submit(given.clone(), None, ANY).unwrap();
    let expected = StoredJob {
        created_at: kept_at(1),
        ..accepted(given)
    };
    assert!(!submitted.repeated);
    assert_eq!(submitted.job, expected);
    assert_eq!(store.job(id(1)).unwrap(), Some(expected));
    assert_eq!(store.plan(id(1)).unwrap(), None);
    assert_eq!(store.pieces(id(1)).unwrap(), []);
    assert_eq!(logged(store, None), [(Some(id(1)), Event::Queued {})]);
}

fn a_full_queue_takes_no_more(store: &dyn Store) {
    submit(store, [1, 2]);
    let refused = store.submit(job(3), None, 2).unwrap_err();
    assert_eq!(refused.code(), Code::QueueFull);
    // A running job waits no more.
    assert!(make(store, start(1)));
    store.submit(job(3), key("a", "k", "h"), 2).unwrap();
    let repeated = store.submit(job(4), key("a", "k", "h"), 2).unwrap();
    assert!(repeated.repeated, "a repeated request adds no job");
    let refused = store.submit(job(4), None, 0).unwrap_err();
    assert_eq!(refused.code(), Code::QueueFull);
}

fn a_destination_has_one_job_at_a_time(store: &dyn Store) {
    submit(store, [1]);
    let mut other = job(2);
    other.destination = job(1).destination;
    for change in [None, Some(start(1))] {
        assert!(change.is_none_or(|change| make(store, change)));
        let busy = store.submit(other.clone(), None, ANY).unwrap_err();
        assert_eq!(busy.code(), Code::OutputBusy);
        assert!(busy.message().contains(&id(1).to_string()), "{busy}");
    }
    assert!(make(store, end(1, JobState::Failed)));
    store.submit(other, None, ANY).unwrap();
}

fn a_refused_job_leaves_nothing(store: &dyn Store) {
    submit(store, [1]);
    let mut other = job(2);
    other.destination = job(1).destination;
    let refused = store.submit(other, key("a", "k", "h"), ANY).unwrap_err();
    assert_eq!(refused.code(), Code::OutputBusy);
    assert_eq!(store.job(id(2)).unwrap(), None);
    assert_eq!(logged(store, Some(id(2))), []);
    let queued = Counts {
        queued: 1,
        ..Counts::default()
    };
    assert_eq!(store.counts().unwrap(), queued);
    let mut third = job(3);
    third.destination = "/out/free".to_owned();
    let accepted = store.submit(third, key("a", "k", "other"), ANY).unwrap();
    assert!(
        !accepted.repeated,
        "a refused request does not use its key up"
    );
}

fn a_key_gives_the_same_job_again(store: &dyn Store) {
    store.submit(job(1), key("a", "k", "h"), ANY).unwrap();
    assert!(make(store, start(1)));
    let repeated = store.submit(job(2), key("a", "k", "h"), ANY).unwrap();
    assert!(repeated.repeated);
    assert_eq!(Some(repeated.job), store.job(id(1)).unwrap());
    let conflict = store.submit(job(2), key("a", "k", "g"), ANY).unwrap_err();
    assert_eq!(conflict.code(), Code::IdempotencyConflict);
    assert_eq!(store.job(id(2)).unwrap(), None);
    assert_eq!(logged(store, None).len(), 1);
}

fn a_key_belongs_to_its_caller(store: &dyn Store) {
    for (number, caller, name) in [(1, "a", "k"), (2, "b", "k"), (3, "a", "l")] {
        let accepted = store.submit(job(number), key(caller, name, "h"), ANY);
        assert!(!accepted.unwrap().repeated);
    }
    let repeated = store.submit(job(4), key("b", "k", "h"), ANY).unwrap();
    assert_eq!(repeated.job.id, id(2));
}

fn a_key_lives_for_24_hours(store: &dyn Store) {
    const DAY: i64 = 24 * 60 * 60;
    store.submit(job(1), key("a", "k", "h"), ANY).unwrap();
    let accepted = 1;
    store.trim(at(accepted + DAY - 1), at(0)).unwrap();
    let mut later = job(2);
    later.created_at = at(accepted + DAY - 1);
    assert!(
        store
            .submit(later.clone(), key("a", "k", "h"), ANY)
            .unwrap()
            .repeated
    );
    // Too old, though nobody has dropped it; and what takes its place counts from its own time.
    later.created_at = at(accepted + DAY);
    assert!(
        !store
            .submit(later, key("a", "k", "g"), ANY)
            .unwrap()
            .repeated
    );
    store.trim(at(accepted + DAY), at(0)).unwrap();
    let mut last = job(3);
    last.created_at = at(accepted + DAY);
    assert!(
        store
            .submit(last.clone(), key("a", "k", "g"), ANY)
            .unwrap()
            .repeated
    );
    store.trim(at(accepted + 2 * DAY), at(0)).unwrap();
    assert!(
        !store
            .submit(last, key("a", "k", "f"), ANY)
            .unwrap()
            .repeated
    );
}

fn a_deleted_job_frees_its_key(store: &dyn Store) {
    store.submit(job(1), key("a", "k", "h"), ANY).unwrap();
    assert!(make(store, end(1, JobState::Cancelled)));
    assert!(store.delete(id(1)).unwrap());
    assert!(
        !store
            .submit(job(2), key("a", "k", "g"), ANY)
            .unwrap()
            .repeated
    );
}
