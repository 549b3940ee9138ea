//! Checks of lists of jobs, their filters and pages, and of how many there are. Not here: how fast that is.

use newsreel_model::JobId;
use newsreel_model::control::JobQuery;
use newsreel_model::job::JobState;
use newsreel_model::store::{Counts, Store, StoredJob};

use super::Check;
use super::fixtures::{end, id, make, start, submit};

pub const CHECKS: &[Check] = &[
    jobs_are_listed_by_every_filter,
    pages_join_without_a_gap,
    what_has_not_ended_is_found,
    jobs_are_counted,
];

/// 30 jobs, six in each state.
fn fill(store: &dyn Store) {
    submit(store, 0..30);
    for number in 0..30 {
        let ended = match number % 5 {
            0 => continue,
            1 => {
                assert!(make(store, start(number)));
                continue;
            }
            2 => JobState::Completed,
            3 => JobState::Failed,
            _ => JobState::Cancelled,
        };
        assert!(make(store, end(number, ended)));
    }
}

fn ids(jobs: &[StoredJob]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

fn jobs_are_listed_by_every_filter(store: &dyn Store) {
    fill(store);
    let everything = JobQuery {
        limit: 200,
        ..JobQuery::default()
    };
    let all = store.jobs(&everything).unwrap();
    assert_eq!(ids(&all), (0..30).rev().map(id).collect::<Vec<_>>());
    let (failed, sport, story) = (JobState::Failed, "sport".to_owned(), "story-1".to_owned());
    for mask in 0..16_u32 {
        let on = |bit: u32| mask & bit != 0;
        let query = JobQuery {
            state: on(1).then_some(failed),
            tenant: on(2).then(|| sport.clone()),
            external_id: on(4).then(|| story.clone()),
            before: on(8).then(|| id(20)),
            limit: 200,
        };
        let expected: Vec<_> = all
            .iter()
            .filter(|job| !on(1) || job.state == failed)
            .filter(|job| !on(2) || job.spec.tenant == sport)
            .filter(|job| !on(4) || job.spec.external_id.as_ref() == Some(&story))
            .filter(|job| !on(8) || job.id < id(20))
            .cloned()
            .collect();
        assert_eq!(store.jobs(&query).unwrap(), expected, "{query:?}");
    }
}

fn pages_join_without_a_gap(store: &dyn Store) {
    fill(store);
    let mut query = JobQuery {
        limit: 7,
        ..JobQuery::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = ids(&store.jobs(&query).unwrap());
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { break };
        query.before = Some(*last);
        seen.extend(page);
    }
    assert_eq!(seen, (0..30).rev().map(id).collect::<Vec<_>>());
    // A job that was deleted still marks a place.
    assert!(store.delete(id(22)).unwrap());
    query.before = Some(id(22));
    query.limit = 1;
    assert_eq!(ids(&store.jobs(&query).unwrap()), [id(21)]);
    query.limit = 0;
    assert_eq!(store.jobs(&query).unwrap(), []);
}

fn what_has_not_ended_is_found(store: &dyn Store) {
    fill(store);
    let expected: Vec<_> = (0..30).filter(|n| n % 5 < 2).map(id).collect();
    let unfinished = store.unfinished().unwrap();
    assert_eq!(ids(&unfinished), expected);
    let states: Vec<_> = unfinished.iter().map(|job| job.state).collect();
    assert_eq!(states[..2], [JobState::Queued, JobState::Running]);
}

fn jobs_are_counted(store: &dyn Store) {
    assert_eq!(store.counts().unwrap(), Counts::default());
    fill(store);
    let mut expected = Counts {
        queued: 6,
        running: 6,
        completed: 6,
        failed: 6,
        cancelled: 6,
    };
    assert_eq!(store.counts().unwrap(), expected);
    let [sport, news, none] = ["sport", "news", "sports"].map(|t| store.counts_of(t).unwrap());
    assert_eq!((sport.queued, sport.failed), (3, 3));
    assert_eq!((news.queued, news.failed), (3, 3));
    assert_eq!(none, Counts::default());
    assert!(store.delete(id(3)).unwrap());
    assert_eq!(store.counts_of("sport").unwrap().failed, 2);
    assert!(make(store, start(0)));
    (expected.failed, expected.queued, expected.running) = (5, 5, 7);
    assert_eq!(store.counts().unwrap(), expected);
}
