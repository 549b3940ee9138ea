//! Changes to jobs, each a statement that touches a row only if the job's state allows it. Not here: pieces (`pieces.rs`).

use newsreel_model::JobId;
use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::plan::{Fingerprint, Plan, Warning};
use newsreel_model::store::{Applied, Change};
use rusqlite::{Connection, OptionalExtension, Params, params};

use crate::fault::Work;
use crate::rows::{json, micros, number, word};
use crate::{events, jobs, pieces};

/// Makes the changes in order and logs the events of those that were made.
pub fn apply(db: &Connection, changes: &[(Change, Option<Event>)]) -> Work<Vec<Applied>> {
    let mut applied = Vec::with_capacity(changes.len());
    for (change, event) in changes {
        let made = make(db, change)?;
        if let Some(event) = event
            && made
        {
            events::log(db, Some(change.job()), event)?;
        }
        applied.push(if made { Applied::Yes } else { Applied::No });
    }
    Ok(applied)
}

fn make(db: &Connection, change: &Change) -> Work<bool> {
    match change {
        Change::Start { job, at } => update(
            db,
            "state = 'running', phase = NULL, started_at = coalesce(started_at, ?2)
             WHERE id = ?1 AND state IN ('queued', 'running')",
            params![job.as_bytes(), micros(*at)],
        ),
        Change::Enter { job, phase } => update(
            db,
            "phase = ?2 WHERE id = ?1 AND state = 'running'",
            params![job.as_bytes(), word(phase)?],
        ),
        Change::Plan {
            job,
            fingerprint,
            plan,
            frames_total,
        } => settle(db, *job, fingerprint, plan, *frames_total),
        Change::Pieces(commit) => pieces::commit(db, commit.job, &commit.pieces),
        Change::Playable { job } => update(
            db,
            "playable = 1 WHERE id = ?1 AND state IN ('queued', 'running')",
            params![job.as_bytes()],
        ),
        Change::Warn { job, warning } => warn(db, *job, warning),
        Change::Failure { job } => update(
            db,
            "failures = min(failures + 1, 4294967295) WHERE id = ?1 AND state IN ('queued', 'running')",
            params![job.as_bytes()],
        ),
        Change::End { state: JobState::Queued | JobState::Running, .. } => {
            Ok(false)
        }
        Change::End {
            job,
            state,
            failure,
            at,
        } => update(
            db,
            "state = ?2, failure = ?3, ended_at = ?4, phase = NULL
             WHERE id = ?1 AND state IN ('queued', 'running')",
            params![
                job.as_bytes(),
                word(state)?,
                failure.as_ref().map(json).transpose()?,
                micros(*at)
            ],
        ),
        Change::Requeue { job } => update(
            db,
            "state = 'queued', phase = NULL, failures = 0, failure = NULL, ended_at = NULL
             WHERE id = ?1 AND state IN ('failed', 'cancelled') AND NOT EXISTS (
                 SELECT 1 FROM jobs AS other
                 WHERE other.destination = jobs.destination AND other.state IN ('queued', 'running'))",
            params![job.as_bytes()],
        ),
        Change::Recover { job } => update(
            db,
            "state = 'queued', phase = NULL WHERE id = ?1 AND state = 'running'",
            params![job.as_bytes()],
        ),
        Change::Prioritise { job, priority } => update(
            db,
            "priority = ?2, spec = json_set(spec, '$.priority', ?2)
             WHERE id = ?1 AND state IN ('queued', 'running')",
            params![job.as_bytes(), priority],
        ),
        Change::Forget { job, paths } => pieces::forget(db, *job, paths),
    }
}

/// Whether a job was there in a state that allows what follows `UPDATE jobs SET`.
fn update(db: &Connection, set: &str, values: impl Params) -> Work<bool> {
    let mut update = db.prepare_cached(&format!("UPDATE jobs SET {set}"))?;
    Ok(update.execute(values)? == 1)
}

fn settle(
    db: &Connection,
    job: JobId,
    fingerprint: &Fingerprint,
    plan: &Plan,
    frames_total: u64,
) -> Work<bool> {
    let settled = db
        .prepare_cached(
            "INSERT INTO plans (job, fingerprint, plan)
             SELECT key, ?2, ?3 FROM jobs WHERE id = ?1 AND state IN ('queued', 'running')
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![job.as_bytes(), json(fingerprint)?, json(plan)?])?;
    if settled == 0 {
        return Ok(false);
    }
    update(
        db,
        "frames_total = ?2 WHERE id = ?1",
        params![job.as_bytes(), number(frames_total)?],
    )
}

fn warn(db: &Connection, job: JobId, warning: &Warning) -> Work<bool> {
    let Some(stored) = jobs::job(db, job)? else {
        return Ok(false);
    };
    if !matches!(stored.state, JobState::Queued | JobState::Running) {
        return Ok(false);
    }
    let mut warnings = stored.warnings;
    if !warnings.contains(warning) {
        warnings.push(warning.clone());
    }
    update(
        db,
        "warnings = ?2 WHERE id = ?1",
        params![job.as_bytes(), json(&warnings)?],
    )
}

/// Counts a start of the daemon.
pub fn begin(db: &Connection) -> Work<u32> {
    let mut count = db.prepare_cached(
        "UPDATE meta SET boots = boots + 1 WHERE boots < 4294967295 RETURNING boots",
    )?;
    let boots = count.query_row([], |row| row.get(0)).optional()?;
    boots.ok_or_else(|| {
        newsreel_model::Error::new(
            newsreel_model::Code::StoreFailed,
            "the job store has seen as many starts as it can count; begin with a new one",
        )
        .into()
    })
}
