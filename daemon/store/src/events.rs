//! The event log: one row an event, numbered in commit order. Not here: who is told.

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::event::Event;
use newsreel_model::store::{LogEnds, LoggedEvent};
use rusqlite::{Connection, params};

use crate::fault::Work;
use crate::rows;

/// Adds an event. Its time is now, since its transaction is committed at once.
pub fn log(db: &Connection, job: Option<JobId>, event: &Event) -> Work<()> {
    db.prepare_cached("INSERT INTO events (created_at, job_id, event) VALUES (?1, ?2, ?3)")?
        .execute(params![
            rows::micros(Timestamp::now()),
            job.as_ref().map(JobId::as_bytes),
            rows::json(event)?
        ])?;
    Ok(())
}

/// Events after `after`, oldest first, at most `limit`.
pub fn events(
    db: &Connection,
    after: u64,
    limit: u32,
    job: Option<JobId>,
) -> Work<Vec<LoggedEvent>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let sql = match job {
        None => {
            "SELECT events.id, events.created_at, job_id, event, tenant FROM events LEFT JOIN jobs ON jobs.id = job_id
             WHERE events.id > ?1 ORDER BY events.id LIMIT ?2"
        }
        Some(_) => {
            "SELECT events.id, events.created_at, job_id, event, tenant FROM events INDEXED BY events_job
             LEFT JOIN jobs ON jobs.id = job_id WHERE job_id = ?3 AND events.id > ?1 ORDER BY events.id LIMIT ?2"
        }
    };
    let mut query = db.prepare_cached(sql)?;
    let found = match job {
        None => query
            .query_map(params![after, limit], rows::event)?
            .collect(),
        Some(job) => query
            .query_map(params![after, limit, job.as_bytes()], rows::event)?
            .collect::<rusqlite::Result<_>>(),
    };
    Ok(found?)
}

/// Where the log begins and ends.
pub fn ends(db: &Connection) -> Work<LogEnds> {
    // SQLite keeps the newest id of an AUTOINCREMENT table even when its row is gone.
    let sql =
        "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'events'), events_dropped FROM meta";
    Ok(db.prepare_cached(sql)?.query_row([], |row| {
        let newest: Option<i64> = row.get(0)?;
        Ok(LogEnds {
            newest: newest.and_then(|id| u64::try_from(id).ok()).unwrap_or(0),
            dropped: rows::count(row, 1)?,
        })
    })?)
}
