//! Reading jobs: one, a page, those that have not ended, and how many there are. Not here: changing them.

use newsreel_model::JobId;
use newsreel_model::control::JobQuery;
use newsreel_model::job::JobState;
use newsreel_model::plan::{Fingerprint, Plan};
use newsreel_model::store::{Counts, StoredJob};
use rusqlite::{Connection, OptionalExtension, Rows, ToSql};

use crate::fault::Work;
use crate::rows::{self, JOB};

/// One job.
pub fn job(db: &Connection, id: JobId) -> Work<Option<StoredJob>> {
    let mut find = db.prepare_cached(&format!("SELECT {JOB} FROM jobs WHERE id = ?1"))?;
    Ok(find.query_row([id.as_bytes()], rows::job).optional()?)
}

/// A page of jobs, newest first.
pub fn jobs(db: &Connection, query: &JobQuery) -> Work<Vec<StoredJob>> {
    let state = query.state.as_ref().map(rows::word).transpose()?;
    let before = query.before.as_ref().map(JobId::as_bytes);
    let mut filters = Vec::new();
    let mut values: Vec<&dyn ToSql> = vec![&query.limit];
    let mut filter = |column: &str, value| {
        values.push(value);
        filters.push(format!("{column} ?{}", values.len()));
    };
    if let Some(state) = &state {
        filter("state =", state);
    }
    if let Some(tenant) = &query.tenant {
        filter("tenant =", tenant);
    }
    if let Some(external) = &query.external_id {
        filter("external_id =", external);
    }
    if let Some(before) = &before {
        filter("id <", before);
    }
    if filters.is_empty() {
        filters.push("true".to_owned());
    }
    // The page is settled within one index; only then are its rows read.
    let sql = format!(
        "SELECT {JOB} FROM jobs WHERE key IN (
             SELECT key FROM jobs {} WHERE {} ORDER BY id DESC LIMIT ?1
         ) ORDER BY id DESC",
        index(query),
        filters.join(" AND ")
    );
    let mut list = db.prepare_cached(&sql)?;
    let found = list.query_map(values.as_slice(), rows::job)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The index that holds every column a query filters by, in its order; SQLite, which knows nothing of how often a value
/// occurs, would guess.
fn index(query: &JobQuery) -> &'static str {
    match (&query.external_id, &query.tenant, &query.state) {
        (Some(_), _, _) => "INDEXED BY jobs_external",
        (None, Some(_), Some(_)) => "INDEXED BY jobs_tenant_state",
        (None, Some(_), None) => "INDEXED BY jobs_tenant",
        (None, None, Some(_)) => "INDEXED BY jobs_state",
        (None, None, None) => "INDEXED BY sqlite_autoindex_jobs_1",
    }
}

/// Every job that has not ended, oldest first.
pub fn unfinished(db: &Connection) -> Work<Vec<StoredJob>> {
    let mut list = db.prepare_cached(&format!(
        "SELECT {JOB} FROM jobs INDEXED BY jobs_state WHERE state IN ('queued', 'running') ORDER BY id"
    ))?;
    let found = list.query_map([], rows::job)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// How many jobs are in each state.
pub fn counts(db: &Connection) -> Work<Counts> {
    counted(
        db.prepare_cached("SELECT state, jobs FROM tallies")?
            .query([])?,
    )
}

/// How many of one tenant's jobs are in each state.
pub fn counts_of(db: &Connection, tenant: &str) -> Work<Counts> {
    let sql = "SELECT state, count(*) FROM jobs INDEXED BY jobs_tenant_state WHERE tenant = ?1 GROUP BY state";
    counted(db.prepare_cached(sql)?.query([tenant])?)
}

fn counted(mut found: Rows<'_>) -> Work<Counts> {
    let mut counts = Counts::default();
    while let Some(row) = found.next()? {
        let jobs = rows::count(row, 1)?;
        match rows::from_word(row, 0)? {
            Some(JobState::Queued) => counts.queued = jobs,
            Some(JobState::Running) => counts.running = jobs,
            Some(JobState::Completed) => counts.completed = jobs,
            Some(JobState::Failed) => counts.failed = jobs,
            Some(JobState::Cancelled) => counts.cancelled = jobs,
            None => {}
        }
    }
    Ok(counts)
}

/// A job's plan and what it was made from.
pub fn plan(db: &Connection, id: JobId) -> Work<Option<(Fingerprint, Plan)>> {
    let mut find = db.prepare_cached(
        "SELECT fingerprint, plan FROM plans WHERE job = (SELECT key FROM jobs WHERE id = ?1)",
    )?;
    let found = find.query_row([id.as_bytes()], |row| {
        Ok((rows::from_json(row, 0)?, rows::from_json(row, 1)?))
    });
    Ok(found.optional()?)
}
