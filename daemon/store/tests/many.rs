//! A store with 100,000 jobs: any page of them is the right one, and no reader waits for a writer. How long a page takes is
//! printed here and measured by `scripts/bench`.
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use newsreel_model::control::JobQuery;
use newsreel_model::job::JobState;
use newsreel_model::store::{Store, StoredJob};
use newsreel_store::conformance::fixtures::{ANY, id, job, submit};
use newsreel_store::{SqliteStore, StoreOptions};
use rusqlite::Connection;

/// A job that is not among them.
const NEW: u32 = 1_000_000;

/// Copies the one job of the store: in the order of their ids 80 % are complete, the rest in the other states; one external
/// id is on every second job, the others are on one each.
const FILL: &str = "
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
    INSERT INTO jobs (id, state, tenant, external_id, priority, destination, created_at, spec, profile)
    SELECT CAST(printf('%016d', n) AS BLOB),
           CASE n % 100 WHEN 0 THEN 'queued' WHEN 1 THEN 'running' WHEN 2 THEN 'failed'
                        WHEN 3 THEN 'cancelled' ELSE 'completed' END,
           CASE n % 10 WHEN 0 THEN 'sport' ELSE 'news' END,
           CASE n % 2 WHEN 0 THEN 'daily' ELSE 'story-' || n END,
           50, '/out/' || n, n, spec, profile
    FROM n, (SELECT spec, profile FROM jobs LIMIT 1)";

fn filled(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path, StoreOptions::default()).unwrap();
    submit(&store, [0]);
    drop(store);
    let db = Connection::open(path).unwrap();
    db.execute_batch(FILL).unwrap();
    drop(db);
    SqliteStore::open(path, StoreOptions::default()).unwrap()
}

/// The best of a few, since the machine has other things to do.
fn took(mut what: impl FnMut()) -> Duration {
    let once = |_| {
        let began = Instant::now();
        what();
        began.elapsed()
    };
    (0..5).map(once).min().unwrap()
}

#[test]
fn any_page_is_right_and_no_reader_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let store = filled(&path);
    let states = [
        None,
        Some(JobState::Queued),
        Some(JobState::Running),
        Some(JobState::Completed),
        Some(JobState::Failed),
    ];
    let middle = store.jobs(&page(100)).unwrap().pop().unwrap().id;
    let mut slowest = Duration::ZERO;
    for state in states {
        for tenant in [None, Some("sport"), Some("news"), Some("nobody")] {
            for external in [None, Some("daily"), Some("story-77"), Some("none")] {
                for before in [None, Some(middle)] {
                    let query = JobQuery {
                        state,
                        tenant: tenant.map(str::to_owned),
                        external_id: external.map(str::to_owned),
                        before,
                        limit: 50,
                    };
                    slowest = slowest.max(took(|| {
                        let jobs = store.jobs(&query).unwrap();
                        check_page(&query, &jobs);
                    }));
                }
            }
        }
    }
    println!("the slowest page of 50 took {slowest:?}");
    assert_eq!(store.counts().unwrap().completed, 96_000);
    a_reader_does_not_wait(&path, &store);
}

/// All of the page are what was asked for, newest first; full where so many are sure to be there.
fn check_page(query: &JobQuery, jobs: &[StoredJob]) {
    assert!(jobs.len() <= 50);
    assert!(jobs.windows(2).all(|w| w[0].id > w[1].id), "{query:?}");
    for job in jobs {
        assert!(query.state.is_none_or(|s| s == job.state), "{query:?}");
        assert!(query.before.is_none_or(|b| job.id < b), "{query:?}");
    }
    if query.tenant.is_none() && query.external_id.is_none() {
        assert_eq!(jobs.len(), 50, "{query:?}");
    }
}

fn page(limit: u32) -> JobQuery {
    JobQuery {
        limit,
        ..JobQuery::default()
    }
}

/// While something holds the file for writing, submits wait and lists do not.
fn a_reader_does_not_wait(path: &Path, store: &SqliteStore) {
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| store.submit(job(NEW), None, ANY));
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(store.jobs(&page(50)).unwrap().len(), 50);
        assert!(
            !writer.is_finished(),
            "the writer waits, the reader did not"
        );
        assert_eq!(store.job(id(NEW)).unwrap(), None);
        other.execute_batch("ROLLBACK").unwrap();
        writer.join().unwrap().unwrap();
    });
    assert!(store.job(id(NEW)).unwrap().is_some());
}
