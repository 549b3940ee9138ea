//! What is on its way to receivers. Not here: who is told what, or sending it.

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::webhook::{Delivery, EndpointView, NewDelivery, Settled};
use rusqlite::{Connection, params};

use crate::fault::Work;
use crate::rows::{count, micros, number, time};

/// How far events were routed.
pub fn routed(db: &Connection) -> Work<u64> {
    let mut query = db.prepare_cached("SELECT events_routed FROM meta")?;
    Ok(query.query_row([], |row| count(row, 0))?)
}

/// Keeps deliveries and how far that went.
pub fn route(db: &Connection, upto: u64, deliveries: &[NewDelivery]) -> Work<()> {
    let mut keep = db.prepare_cached(
        "INSERT OR IGNORE INTO deliveries (endpoint, event, job_id, body, created_at, due_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
    )?;
    for new in deliveries {
        keep.execute(params![
            new.endpoint,
            number(new.event)?,
            new.job.as_ref().map(JobId::as_bytes),
            new.body,
            micros(new.created_at),
        ])?;
    }
    db.prepare_cached("UPDATE meta SET events_routed = max(events_routed, ?1)")?
        .execute([number(upto)?])?;
    Ok(())
}

/// What may go out now: the oldest that waits of each job.
pub fn due(db: &Connection, endpoint: &str, now: Timestamp, limit: u32) -> Work<Vec<Delivery>> {
    let mut query = db.prepare_cached(
        "SELECT id, endpoint, event, job_id, body, created_at, attempts FROM deliveries AS d
         WHERE endpoint = ?1 AND due_at <= ?2 AND NOT EXISTS (
             SELECT 1 FROM deliveries AS e INDEXED BY deliveries_lane
             WHERE e.endpoint = ?1 AND e.due_at IS NOT NULL AND e.job_id IS d.job_id AND e.event < d.event)
         ORDER BY due_at, id LIMIT ?3",
    )?;
    let found = query.query_map(params![endpoint, micros(now), limit], |row| {
        let job: Option<[u8; 16]> = row.get(3)?;
        Ok(Delivery {
            id: count(row, 0)?,
            new: NewDelivery {
                endpoint: row.get(1)?,
                event: count(row, 2)?,
                job: job.map(JobId::from_bytes),
                body: row.get(4)?,
                created_at: time(5, row.get(5)?)?,
            },
            attempts: row.get(6)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// For whom something waits. Each name is found by a step in the index: how much waits does not matter.
pub fn awaited(db: &Connection) -> Work<Vec<String>> {
    let mut query = db.prepare_cached(
        "WITH RECURSIVE names (name) AS (
             SELECT min(endpoint) FROM deliveries INDEXED BY deliveries_due WHERE due_at IS NOT NULL
             UNION ALL
             SELECT (SELECT min(endpoint) FROM deliveries INDEXED BY deliveries_due
                     WHERE due_at IS NOT NULL AND endpoint > name)
             FROM names WHERE name IS NOT NULL)
         SELECT name FROM names WHERE name IS NOT NULL",
    )?;
    let found = query.query_map([], |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// How an attempt went.
pub fn settle(db: &Connection, delivery: u64, settled: &Settled) -> Work<()> {
    let id = number(delivery)?;
    let again =
        "UPDATE deliveries SET attempts = attempts + 1, due_at = ?2, error = ?3 WHERE id = ?1";
    match settled {
        Settled::Delivered => db
            .prepare_cached("DELETE FROM deliveries WHERE id = ?1")?
            .execute([id])?,
        Settled::Again { at, why } => {
            db.prepare_cached(again)?
                .execute(params![id, micros(*at), why])?
        }
        Settled::Parked { why } => {
            db.prepare_cached(again)?
                .execute(params![id, None::<i64>, why])?
        }
    };
    Ok(())
}

/// Which deliveries are of the jobs of the tenant `?1`, or of anything when that is null.
macro_rules! of_tenant {
    () => {
        "(?1 IS NULL OR job_id IN (SELECT id FROM jobs WHERE tenant = ?1))"
    };
}

/// Every receiver with deliveries.
pub fn endpoints(db: &Connection, tenant: Option<&str>) -> Work<Vec<EndpointView>> {
    let mut query = db.prepare_cached(concat!(
        "SELECT endpoint, count(due_at), count(*) - count(due_at), min(iif(due_at IS NULL, NULL, created_at)),
             (SELECT error FROM deliveries AS e WHERE e.endpoint = d.endpoint AND error IS NOT NULL AND ",
        of_tenant!(),
        " ORDER BY e.id DESC LIMIT 1)
         FROM deliveries AS d WHERE ",
        of_tenant!(),
        " GROUP BY endpoint ORDER BY endpoint",
    ))?;
    let found = query.query_map([tenant], |row| {
        let oldest: Option<i64> = row.get(3)?;
        Ok(EndpointView {
            endpoint: row.get(0)?,
            waiting: count(row, 1)?,
            parked: count(row, 2)?,
            oldest_waiting_at: oldest.map(|micros| time(3, micros)).transpose()?,
            last_error: row.get(4)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Lets what was given up be tried again.
pub fn replay(db: &Connection, endpoint: &str, tenant: Option<&str>, now: Timestamp) -> Work<u64> {
    let again = db
        .prepare_cached(concat!(
            "UPDATE deliveries SET due_at = ?3, attempts = 0 WHERE endpoint = ?2 AND due_at IS NULL AND ",
            of_tenant!()
        ))?
        .execute(params![tenant, endpoint, micros(now)])?;
    Ok(u64::try_from(again).unwrap_or(u64::MAX))
}
