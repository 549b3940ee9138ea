//! Random histories, told to an implementation and to the [`Reference`]: both must give the same answers.
//!
//! Not here: histories with several callers at once, whose order nobody knows.

use jiff::Timestamp;
use newsreel_model::Code;
use newsreel_model::control::JobQuery;
use newsreel_model::event::{Event, Phase};
use newsreel_model::job::JobState;
use newsreel_model::store::{Applied, Change, IdempotencyKey, NewJob, Store};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Reference;
use super::fixtures::{at, commit, end, id, job, key, logged, piece, settle, start, warning};

/// How many jobs a history is about.
const JOBS: u32 = 8;

/// Tells `cases` histories of up to 40 steps, each to a store of its own that `make` gives, empty.
///
/// # Panics
/// With the shortest history found after which the answers differ.
pub fn run(make: impl Fn() -> Box<dyn Store>, cases: u32) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let told = TestRunner::new(config).run(&vec(step(), 1..40), |steps| {
        let (store, reference) = (make(), Reference::default());
        let mut told = Told::default();
        for step in &steps {
            let said = tell(&*store, told, step);
            let expected = tell(&reference, told, step);
            prop_assert_eq!(said, expected, "{:?}: {:?}", told, step);
            told.steps += 1;
            told.submits += u32::from(matches!(step, Step::Submit { .. }));
        }
        prop_assert_eq!(everything(&*store), everything(&reference));
        Ok(())
    });
    if let Err(failure) = told {
        panic!("{failure}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Submit {
        destination: u32,
        key: Option<IdempotencyKey>,
        limit: u64,
    },
    Apply(Vec<(Change, Option<Event>)>),
    Delete(u32),
    Trim {
        events: bool,
    },
    List(JobQuery),
}

/// What came before a step.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    steps: i64,
    submits: u32,
}

impl Told {
    /// The time of the step: a history is about five days.
    fn time(self) -> Timestamp {
        at(self.steps * 3 * 60 * 60)
    }

    /// The job the step submits: one after another, so that most changes meet a job.
    fn job(self, destination: u32) -> NewJob {
        NewJob {
            destination: format!("/out/{destination}"),
            created_at: self.time(),
            ..job(self.submits)
        }
    }
}

/// What a store said to a step, as far as it is the same for every store.
#[derive(Debug, PartialEq)]
enum Said {
    Submitted(Result<String, Code>),
    Applied(Vec<Applied>),
    Deleted(bool),
    Trimmed,
    Listed(String),
}

fn tell(store: &dyn Store, told: Told, step: &Step) -> Said {
    match step {
        Step::Submit {
            destination,
            key,
            limit,
        } => {
            let submitted = store.submit(told.job(*destination), key.clone(), *limit);
            let said = submitted.map(|submitted| format!("{submitted:?}"));
            Said::Submitted(said.map_err(|error| error.code()))
        }
        Step::Apply(changes) => Said::Applied(store.apply(changes.clone()).unwrap()),
        Step::Delete(job) => Said::Deleted(store.delete(id(*job)).unwrap()),
        Step::Trim { events } => {
            let before = if *events {
                Timestamp::MAX
            } else {
                Timestamp::MIN
            };
            store.trim(told.time(), before).unwrap();
            Said::Trimmed
        }
        Step::List(query) => Said::Listed(format!("{:?}", store.jobs(query).unwrap())),
    }
}

/// Everything a store keeps, except the numbers and times of events.
fn everything(store: &dyn Store) -> Vec<String> {
    let all = JobQuery {
        limit: 200,
        ..JobQuery::default()
    };
    let mut everything = vec![
        format!("{:?}", store.jobs(&all).unwrap()),
        format!("{:?}", store.unfinished().unwrap()),
        format!("{:?}", store.counts().unwrap()),
        format!("{:?}", logged(store, None)),
    ];
    for number in 0..40 {
        let job = id(number);
        everything.push(format!("{:?}", store.job(job).unwrap()));
        everything.push(format!("{:?}", store.plan(job).unwrap()));
        everything.push(format!("{:?}", store.pieces(job).unwrap()));
        everything.push(format!("{:?}", logged(store, Some(job))));
    }
    everything
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop_oneof!["a", "b"];
    let keyed = (name(), name()).prop_map(|(caller, hash)| key(&caller, "k", &hash));
    let key = prop_oneof![Just(None), keyed];
    let submit = (0..6_u32, key, prop_oneof![Just(3), Just(u64::MAX)]).prop_map(
        |(destination, key, limit)| Step::Submit {
            destination,
            key,
            limit,
        },
    );
    prop_oneof![
        5 => submit,
        8 => vec((change(), event()), 1..6).prop_map(Step::Apply),
        1 => (0..JOBS).prop_map(Step::Delete),
        1 => proptest::bool::weighted(0.3).prop_map(|events| Step::Trim { events }),
        1 => query().prop_map(Step::List),
    ]
}

fn event() -> impl Strategy<Value = Option<Event>> {
    proptest::option::of(prop_oneof![
        Just(Event::Preempted {}),
        (0..3_u32).prop_map(|number| Event::Warning {
            warning: warning(number)
        }),
    ])
}

fn change() -> impl Strategy<Value = Change> {
    let state = prop_oneof![
        Just(JobState::Running),
        Just(JobState::Completed),
        Just(JobState::Failed),
        Just(JobState::Cancelled),
    ];
    let phase = prop_oneof![Just(Phase::Encoding), Just(Phase::Packaging)];
    prop_oneof![
        4 => (0..JOBS).prop_map(start),
        1 => (0..JOBS, phase).prop_map(|(job, phase)| Change::Enter { job: id(job), phase }),
        1 => (0..JOBS, 1..4_u32).prop_map(|(job, segments)| settle(job, segments)),
        3 => (0..JOBS, vec((path(), 0..500_u32), 0..5)).prop_map(|(job, pieces)| {
            let pieces: Vec<_> = pieces.iter().map(|(path, frames)| piece(path, *frames)).collect();
            commit(job, &pieces)
        }),
        1 => (0..JOBS).prop_map(|job| Change::Playable { job: id(job) }),
        1 => (0..JOBS, 0..3_u32).prop_map(|(job, number)| Change::Warn {
            job: id(job),
            warning: warning(number),
        }),
        1 => (0..JOBS).prop_map(|job| Change::Failure { job: id(job) }),
        3 => (0..JOBS, state).prop_map(|(job, state)| end(job, state)),
        2 => (0..JOBS).prop_map(|job| Change::Requeue { job: id(job) }),
        1 => (0..JOBS).prop_map(|job| Change::Recover { job: id(job) }),
        1 => (0..JOBS, 0..=100_u8).prop_map(|(job, priority)| Change::Prioritise { job: id(job), priority }),
        1 => (0..JOBS, vec(path(), 0..3)).prop_map(|(job, paths)| Change::Forget { job: id(job), paths }),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4_u32).prop_map(|segment| format!("video/720p/seg-{segment:05}.m4s")),
        Just("video/720p/init.mp4".to_owned()),
        Just("audio/en/seg-00001.m4s".to_owned()),
    ]
}

fn query() -> impl Strategy<Value = JobQuery> {
    let state = proptest::option::of(prop_oneof![Just(JobState::Queued), Just(JobState::Failed)]);
    let tenant = proptest::option::of(Just("sport".to_owned()));
    let external = proptest::option::of(Just("story-1".to_owned()));
    let before = proptest::option::of((0..JOBS).prop_map(id));
    (state, tenant, external, before, 0..9_u32).prop_map(
        |(state, tenant, external_id, before, limit)| JobQuery {
            state,
            tenant,
            external_id,
            before,
            limit,
        },
    )
}
