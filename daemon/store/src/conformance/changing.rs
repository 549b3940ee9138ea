//! Checks of what may happen to a job in which state. Not here: its pieces.

use newsreel_model::JobId;
use newsreel_model::event::{Event, Phase};
use newsreel_model::job::JobState;
use newsreel_model::store::{Applied, Change, Store, StoredJob};

use super::Check;
use super::fixtures::{
    ANY, at, commit, end, fingerprint, id, job, kept_at, logged, make, piece, plan, settle, start,
    submit, warning,
};

pub const CHECKS: &[Check] = &[
    a_job_goes_its_way,
    the_first_end_wins,
    an_ended_job_takes_nothing_more,
    an_unknown_job_takes_nothing,
    a_plan_is_settled_once,
    only_a_running_job_has_a_phase,
    a_job_that_ended_badly_waits_again,
    a_job_does_not_wait_for_a_destination_in_use,
    a_running_job_is_recovered,
    a_warning_is_kept_once,
    another_priority_is_kept_in_the_spec,
    changes_are_made_in_order,
];

fn get(store: &dyn Store, number: u32) -> StoredJob {
    store.job(id(number)).unwrap().unwrap()
}

/// Everything but the end and what follows it.
fn work(job: JobId) -> Vec<Change> {
    vec![
        Change::Start { job, at: at(5) },
        Change::Enter {
            job,
            phase: Phase::Encoding,
        },
        Change::Plan {
            job,
            fingerprint: fingerprint(),
            plan: plan(3),
            frames_total: 300,
        },
        Change::Pieces(newsreel_model::store::PieceCommit {
            job,
            pieces: vec![piece("video/720p/seg-00001.m4s", 100)],
        }),
        Change::Playable { job },
        Change::Warn {
            job,
            warning: warning(1),
        },
        Change::Failure { job },
        Change::Prioritise { job, priority: 7 },
        Change::Forget {
            job,
            paths: Vec::new(),
        },
    ]
}

fn a_job_goes_its_way(store: &dyn Store) {
    submit(store, [1]);
    for change in work(id(1)) {
        assert!(make(store, change));
    }
    let mut expected = StoredJob {
        state: JobState::Running,
        phase: Some(Phase::Encoding),
        started_at: Some(kept_at(5)),
        failures: 1,
        frames_total: 300,
        frames_done: 100,
        playable: true,
        warnings: vec![warning(1)],
        ..get(store, 1)
    };
    assert_eq!(get(store, 1), expected);
    assert_eq!(store.plan(id(1)).unwrap(), Some((fingerprint(), plan(3))));
    assert!(make(store, end(1, JobState::Completed)));
    expected.state = JobState::Completed;
    expected.phase = None;
    expected.ended_at = Some(kept_at(2000));
    assert_eq!(get(store, 1), expected);
}

fn the_first_end_wins(store: &dyn Store) {
    let ends = [JobState::Completed, JobState::Failed, JobState::Cancelled];
    for (number, first) in (1..).zip(ends) {
        submit(store, [number]);
        for state in [JobState::Queued, JobState::Running] {
            assert!(!make(store, end(number, state)), "that is no end");
        }
        assert!(make(store, end(number, first)));
        let ended = get(store, number);
        assert_eq!(ended.state, first);
        assert_eq!(ended.failure.is_some(), first == JobState::Failed);
        for second in ends {
            assert!(!make(store, end(number, second)));
        }
        assert_eq!(get(store, number), ended);
    }
}

fn an_ended_job_takes_nothing_more(store: &dyn Store) {
    submit(store, [1]);
    assert!(make(store, end(1, JobState::Completed)));
    let ended = get(store, 1);
    let mut changes = work(id(1));
    changes.push(Change::Recover { job: id(1) });
    changes.push(Change::Requeue { job: id(1) });
    let with_events = changes
        .into_iter()
        .map(|change| (change, Some(Event::Preempted {})))
        .collect();
    let applied = store.apply(with_events).unwrap();
    assert!(applied.iter().all(|applied| *applied == Applied::No));
    assert_eq!(get(store, 1), ended);
    assert_eq!(store.plan(id(1)).unwrap(), None);
    assert_eq!(store.pieces(id(1)).unwrap(), []);
    assert_eq!(logged(store, None), [(Some(id(1)), Event::Queued {})]);
}

fn an_unknown_job_takes_nothing(store: &dyn Store) {
    let mut changes = work(id(1));
    changes.push(end(1, JobState::Failed));
    changes.push(Change::Recover { job: id(1) });
    changes.push(Change::Requeue { job: id(1) });
    for change in changes {
        assert!(!make(store, change));
    }
    assert_eq!(store.plan(id(1)).unwrap(), None);
    assert_eq!(store.pieces(id(1)).unwrap(), []);
}

fn a_plan_is_settled_once(store: &dyn Store) {
    submit(store, [1]);
    assert!(make(store, settle(1, 3)));
    assert!(!make(store, settle(1, 4)));
    assert_eq!(get(store, 1).frames_total, 300);
    assert!(make(store, end(1, JobState::Failed)));
    assert!(make(store, Change::Requeue { job: id(1) }));
    assert!(!make(store, settle(1, 4)));
    assert_eq!(store.plan(id(1)).unwrap(), Some((fingerprint(), plan(3))));
}

fn only_a_running_job_has_a_phase(store: &dyn Store) {
    let enter = || Change::Enter {
        job: id(1),
        phase: Phase::Packaging,
    };
    submit(store, [1]);
    assert!(!make(store, enter()));
    assert!(make(store, start(1)));
    assert!(make(store, enter()));
    assert_eq!(get(store, 1).phase, Some(Phase::Packaging));
    let again = Change::Start {
        job: id(1),
        at: at(1500),
    };
    assert!(make(store, again));
    let began_again = get(store, 1);
    assert_eq!(began_again.phase, None);
    assert_eq!(began_again.started_at, Some(kept_at(1000)));
}

fn a_job_that_ended_badly_waits_again(store: &dyn Store) {
    submit(store, [1, 2]);
    for change in work(id(1)) {
        assert!(make(store, change));
    }
    let pieces = store.pieces(id(1)).unwrap();
    for (number, state) in [(1, JobState::Failed), (2, JobState::Cancelled)] {
        let requeue = || Change::Requeue { job: id(number) };
        assert!(!make(store, requeue()), "it has not ended");
        assert!(make(store, end(number, state)));
        assert!(make(store, requeue()));
        assert!(!make(store, requeue()), "it waits already");
    }
    let again = get(store, 1);
    assert_eq!(again.state, JobState::Queued);
    assert_eq!((again.phase, again.failures), (None, 0));
    assert_eq!((again.ended_at, again.failure), (None, None));
    assert_eq!(again.started_at, Some(kept_at(5)));
    assert_eq!((again.frames_done, again.frames_total), (100, 300));
    assert_eq!(again.warnings, [warning(1)]);
    assert!(again.playable);
    assert_eq!(store.pieces(id(1)).unwrap(), pieces);
    assert!(store.plan(id(1)).unwrap().is_some());
}

fn a_job_does_not_wait_for_a_destination_in_use(store: &dyn Store) {
    submit(store, [1]);
    assert!(make(store, end(1, JobState::Failed)));
    let mut other = job(2);
    other.destination = job(1).destination;
    store.submit(other, None, ANY).unwrap();
    assert!(!make(store, Change::Requeue { job: id(1) }));
    assert_eq!(get(store, 1).state, JobState::Failed);
    assert!(make(store, end(2, JobState::Completed)));
    assert!(make(store, Change::Requeue { job: id(1) }));
}

fn a_running_job_is_recovered(store: &dyn Store) {
    let recover = || Change::Recover { job: id(1) };
    submit(store, [1]);
    assert!(!make(store, recover()), "it does not run");
    for change in work(id(1)) {
        assert!(make(store, change));
    }
    assert!(make(store, recover()));
    let waiting = get(store, 1);
    assert_eq!((waiting.state, waiting.phase), (JobState::Queued, None));
    assert_eq!((waiting.failures, waiting.frames_done), (1, 100));
}

fn another_priority_is_kept_in_the_spec(store: &dyn Store) {
    submit(store, [1]);
    let mut expected = get(store, 1);
    let change = |priority| Change::Prioritise {
        job: id(1),
        priority,
    };
    for priority in [0, 100, 7] {
        assert!(make(store, change(priority)));
        expected.spec.priority = priority;
        assert_eq!(get(store, 1), expected, "and nothing else changes");
    }
    assert!(make(store, end(1, JobState::Cancelled)));
    assert!(!make(store, change(9)));
    assert_eq!(get(store, 1).spec.priority, 7);
}

fn a_warning_is_kept_once(store: &dyn Store) {
    submit(store, [1]);
    for number in [1, 2, 1] {
        let warn = Change::Warn {
            job: id(1),
            warning: warning(number),
        };
        assert!(make(store, warn));
    }
    assert_eq!(get(store, 1).warnings, [warning(1), warning(2)]);
}

fn changes_are_made_in_order(store: &dyn Store) {
    submit(store, [1, 2]);
    let preempted = || Some(Event::Preempted {});
    let changes = vec![
        (end(1, JobState::Cancelled), Some(Event::Cancelled {})),
        (start(1), preempted()),
        (start(2), None),
        (end(1, JobState::Failed), preempted()),
        (Change::Requeue { job: id(1) }, Some(Event::Queued {})),
        (commit(2, &[]), preempted()),
    ];
    let applied = store.apply(changes).unwrap();
    let made: Vec<_> = applied.iter().map(|one| *one == Applied::Yes).collect();
    assert_eq!(made, [true, false, true, false, true, true]);
    let expected = [
        (Some(id(1)), Event::Queued {}),
        (Some(id(2)), Event::Queued {}),
        (Some(id(1)), Event::Cancelled {}),
        (Some(id(1)), Event::Queued {}),
        (Some(id(2)), Event::Preempted {}),
    ];
    assert_eq!(logged(store, None), expected);
    assert_eq!(store.apply(Vec::new()).unwrap(), []);
}
