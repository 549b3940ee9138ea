//! What the daemon's store says, read beside it or after its death.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use newsreel_model::JobId;
use rusqlite::{Connection, OpenFlags};

use crate::support::out::{self, Stamp};

/// A connection that only reads.
pub struct Store(Connection);

/// Finished segments and init segments of one job as they lie on the disk.
pub struct Finished {
    pub dir: PathBuf,
    pub files: BTreeMap<String, Stamp>,
}

impl Store {
    pub fn open(path: &Path) -> Self {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        db.busy_timeout(Duration::from_secs(5)).unwrap();
        Self(db)
    }

    /// Paths of the segments and init segments that are finished.
    pub fn finished(&self, job: JobId) -> BTreeSet<String> {
        let sql = "SELECT path FROM pieces WHERE job = (SELECT key FROM jobs WHERE id = ?1) \
                   AND (path LIKE '%.m4s' OR path LIKE '%/init.mp4')";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map([job.as_bytes()], |row| row.get(0));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Video segments among them, over all rungs.
    pub fn segments(&self, job: JobId) -> usize {
        let finished = self.finished(job);
        let video = finished.iter().filter(|p| p.starts_with("video/"));
        video.filter(|p| p.ends_with(".m4s")).count()
    }

    /// Where the job stands.
    pub fn state(&self, job: JobId) -> String {
        self.of_job(job, "state")
    }

    /// How often work on the job failed in a way that is tried again.
    pub fn failures(&self, job: JobId) -> u32 {
        self.of_job(job, "failures")
    }

    fn of_job<T: rusqlite::types::FromSql>(&self, job: JobId, column: &str) -> T {
        let sql = format!("SELECT {column} FROM jobs WHERE id = ?1");
        let mut statement = self.0.prepare_cached(&sql).unwrap();
        statement
            .query_row([job.as_bytes()], |row| row.get(0))
            .unwrap()
    }

    /// Does `look` at one moment of the store.
    #[cfg(feature = "faults")]
    pub fn at_once<T>(&self, look: impl FnOnce(&Self) -> T) -> T {
        self.0.execute_batch("BEGIN").unwrap();
        let seen = look(self);
        self.0.execute_batch("COMMIT").unwrap();
        seen
    }

    /// Types of the job's events, oldest first.
    pub fn events(&self, job: JobId) -> Vec<String> {
        let sql = "SELECT event ->> 'type' FROM events WHERE job_id = ?1 ORDER BY id";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map([job.as_bytes()], |row| row.get(0));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// What the job's first event of a type tells.
    #[cfg(feature = "faults")]
    pub fn event(&self, job: JobId, kind: &str) -> serde_json::Value {
        let sql =
            "SELECT event FROM events WHERE job_id = ?1 AND event ->> 'type' = ?2 ORDER BY id";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let values = rusqlite::params![job.as_bytes(), kind];
        let text: String = statement.query_row(values, |row| row.get(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Types of all events, oldest first.
    pub fn all_events(&self) -> Vec<String> {
        let sql = "SELECT event ->> 'type' FROM events ORDER BY id";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Numbers of all events that receivers are told of.
    #[cfg(feature = "faults")]
    pub fn event_ids(&self) -> std::collections::BTreeSet<u64> {
        let sql = "SELECT id FROM events WHERE event ->> 'type' <> 'job.phase'";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, i64>(0));
        rows.unwrap()
            .map(|id| u64::try_from(id.unwrap()).unwrap())
            .collect()
    }

    /// Deliveries that wait or were given up.
    #[cfg(feature = "faults")]
    pub fn deliveries(&self) -> u32 {
        let count = self
            .0
            .query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0));
        count.unwrap()
    }

    /// What is finished of a job, as it lies on the disk.
    #[track_caller]
    pub fn stamps(&self, job: JobId) -> Finished {
        let dir: String = self.of_job(job, "destination");
        let dir = PathBuf::from(dir);
        let files = out::stamps(&dir, &self.finished(job));
        Finished { dir, files }
    }

    /// The same of all jobs.
    #[track_caller]
    pub fn all_stamps(&self) -> BTreeMap<JobId, Finished> {
        let mut statement = self.0.prepare("SELECT id FROM jobs").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, [u8; 16]>(0));
        let ids: Vec<JobId> = rows
            .unwrap()
            .map(|id| JobId::from_bytes(id.unwrap()))
            .collect();
        ids.into_iter().map(|id| (id, self.stamps(id))).collect()
    }
}

impl Finished {
    /// Fails unless every file is as it was, byte for byte and not written again.
    #[track_caller]
    pub fn unchanged(&self) {
        out::unchanged(&self.dir, &self.files);
    }
}
