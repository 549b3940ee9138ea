//! What is dropped: what is too old to matter, and ended jobs that nobody wants any more. Not here: when.

use jiff::{SignedDuration, Timestamp};
use newsreel_model::JobId;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Work;
use crate::rows::micros;
use crate::{search, spoken};

/// How many rows one request drops, so that others need not wait long behind it.
const AT_ONCE: usize = 2000;

/// How long an idempotency key counts.
const KEY_LIVES: SignedDuration = SignedDuration::from_hours(24);

/// A key of this time or before no longer counts.
pub fn oldest_key(now: Timestamp) -> Timestamp {
    now.checked_sub(KEY_LIVES).unwrap_or(Timestamp::MIN)
}

/// Drops some keys that no longer count; true if there may be more.
pub fn keys(db: &Connection, now: Timestamp) -> Work<bool> {
    let dropped = db
        .prepare_cached(
            "DELETE FROM idempotency WHERE (caller, key) IN (
                 SELECT caller, key FROM idempotency WHERE created_at <= ?1 LIMIT ?2)",
        )?
        .execute(params![micros(oldest_key(now)), limit()])?;
    Ok(dropped == AT_ONCE)
}

/// Drops sessions that are over; there are few.
pub fn sessions(db: &Connection, now: Timestamp) -> Work<()> {
    db.prepare_cached("DELETE FROM sessions WHERE expires_at <= ?1")?
        .execute([micros(now)])?;
    Ok(())
}

/// Drops some events logged before a time; true if there may be more.
pub fn events(db: &Connection, before: Timestamp) -> Work<bool> {
    // Read to its end before anything else is done: a statement that is dropped half-way deletes only half.
    let dropped: Vec<i64> = db
        .prepare_cached(
            "DELETE FROM events WHERE id IN (
                 SELECT id FROM events WHERE created_at < ?1 LIMIT ?2) RETURNING id",
        )?
        .query_map(params![micros(before), limit()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if let Some(newest) = dropped.iter().max() {
        db.prepare_cached("UPDATE meta SET events_dropped = max(events_dropped, ?1)")?
            .execute([newest])?;
    }
    Ok(dropped.len() == AT_ONCE)
}

fn limit() -> i64 {
    i64::try_from(AT_ONCE).unwrap_or(i64::MAX)
}

/// Drops an ended job; its plan, pieces and key go with its row.
pub fn delete(db: &Connection, job: JobId) -> Work<bool> {
    let row: Option<i64> = db
        .prepare_cached(
            "DELETE FROM jobs WHERE id = ?1 AND state NOT IN ('queued', 'running') RETURNING key",
        )?
        .query_row([job.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(row) = row {
        search::forget(db, row)?;
        spoken::forget(db, row)?;
        db.prepare_cached("DELETE FROM events WHERE job_id = ?1")?
            .execute([job.as_bytes()])?;
    }
    Ok(row.is_some())
}
