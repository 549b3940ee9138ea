//! Accepting a job, once per idempotency key. Not here: what a job may ask for.

use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::store::{IdempotencyKey, NewJob, StoreSubmitted, StoredJob};
use newsreel_model::{Code, Error, JobId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::{Fault, Work};
use crate::jobs;
use crate::rows::{id, json, kept, micros};
use crate::{events, search, trim};

/// Accepts `job`, or finds what was accepted under `key`.
///
/// # Errors
/// Those of [`newsreel_model::store::Store::submit`].
pub fn submit(
    db: &Connection,
    job: &NewJob,
    key: Option<&IdempotencyKey>,
    queued_limit: u64,
) -> Work<StoreSubmitted> {
    if let Some(key) = key
        && let Some(repeated) = earlier(db, job, key)?
    {
        return Ok(StoreSubmitted {
            job: repeated,
            repeated: true,
        });
    }
    let queued = jobs::counts(db)?.queued;
    if queued >= queued_limit {
        let words = format!(
            "{queued} jobs wait already and no more than {queued_limit} may; try again later"
        );
        return Err(Error::new(Code::QueueFull, words).into());
    }
    if let Some(other) = writes_to(db, &job.destination)? {
        let words = format!(
            "job {other}, which has not ended, writes to {}; wait until it has ended, cancel it, or name another destination",
            job.destination
        );
        return Err(Error::new(Code::OutputBusy, words).into());
    }
    leave_room(db)?;
    insert(db, job)?;
    let row = db.last_insert_rowid();
    search::keep(db, row, &job.spec)?;
    if let Some(key) = key {
        remember(db, job, key, row)?;
    }
    events::log(db, Some(job.id), &Event::Queued {})?;
    Ok(StoreSubmitted {
        job: accepted(job),
        repeated: false,
    })
}

/// The job accepted under `key` less than 24 hours ago.
fn earlier(db: &Connection, job: &NewJob, key: &IdempotencyKey) -> Work<Option<StoredJob>> {
    let mut find = db.prepare_cached(
        "SELECT jobs.id, request_hash FROM idempotency JOIN jobs ON jobs.key = idempotency.job
         WHERE caller = ?1 AND idempotency.key = ?2 AND idempotency.created_at > ?3",
    )?;
    let oldest = micros(trim::oldest_key(job.created_at));
    let found = find
        .query_row(params![key.caller, key.key, oldest], |row| {
            Ok((id(row, 0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((id, hash)) if hash == key.request_hash => jobs::job(db, id),
        Some((id, _)) => {
            let words = format!(
                "this idempotency key was used within the last 24 hours for another request, which made job {id}; use a new key for a new request"
            );
            Err(Error::new(Code::IdempotencyConflict, words).into())
        }
    }
}

fn writes_to(db: &Connection, destination: &str) -> Work<Option<JobId>> {
    let mut find = db.prepare_cached(
        "SELECT id FROM jobs WHERE destination = ?1 AND state IN ('queued', 'running')",
    )?;
    Ok(find.query_row([destination], |row| id(row, 0)).optional()?)
}

/// Refuses a job when what is left of the store's limit is for those that were accepted.
fn leave_room(db: &Connection) -> Work<()> {
    let pages = |pragma: &str| -> Work<u32> {
        let mut ask = db.prepare_cached(pragma)?;
        Ok(ask.query_row([], |row| row.get(0))?)
    };
    let most = pages("PRAGMA max_page_count")?;
    let used = pages("PRAGMA page_count")?.saturating_sub(pages("PRAGMA freelist_count")?);
    if used < most - most / 8 {
        return Ok(());
    }
    Err(Fault::Full)
}

fn insert(db: &Connection, job: &NewJob) -> Work<()> {
    db.prepare_cached(
        "INSERT INTO jobs (id, state, tenant, external_id, priority, destination, created_at, spec, profile, roots, upload)
         VALUES (?1, 'queued', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        job.id.as_bytes(),
        job.spec.tenant,
        job.spec.external_id,
        job.spec.priority,
        job.destination,
        micros(job.created_at),
        json(&job.spec)?,
        json(&job.profile)?,
        json(&job.roots)?,
        job.spec.input.upload.map(|id| id.to_string()),
    ])?;
    Ok(())
}

fn remember(db: &Connection, job: &NewJob, key: &IdempotencyKey, row: i64) -> Work<()> {
    // One that is in the way is too old to count.
    db.prepare_cached(
        "INSERT OR REPLACE INTO idempotency (caller, key, request_hash, job, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        key.caller,
        key.key,
        key.request_hash,
        row,
        micros(job.created_at)
    ])?;
    Ok(())
}

fn accepted(job: &NewJob) -> StoredJob {
    StoredJob {
        id: job.id,
        spec: job.spec.clone(),
        profile: job.profile.clone(),
        destination: job.destination.clone(),
        roots: job.roots.clone(),
        state: JobState::Queued,
        phase: None,
        created_at: kept(job.created_at),
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
