//! What subtitles say, kept in passages and found in them. Not here: jobs found by their own words (`search`).

use std::collections::BTreeMap;

use newsreel_model::JobId;
use newsreel_model::search::SearchQuery;
use newsreel_model::spoken::{MAX_JOB_BYTES, MAX_SHOWN, Passage, Said};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::fault::Work;
use crate::rows::number;
use crate::search::stretches;

/// Words of a passage that are shown, at most: SQLite's own limit is 64.
const SNIPPET_WORDS: u32 = 40;

/// How many passages are looked at for each job that is asked for.
const LOOKED_AT: u32 = 10;

/// Keeps a track's passages in the place of those it had; what goes beyond a job's room is left out.
pub fn keep(db: &Connection, job: JobId, track: &str, passages: &[Passage]) -> Work<()> {
    let row: Option<i64> = db
        .prepare_cached("SELECT key FROM jobs WHERE id = ?1")?
        .query_row([job.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(row) = row else {
        return Ok(());
    };
    let gone = "SELECT key FROM passages WHERE job = ?1 AND track = ?2";
    db.prepare_cached(&format!("DELETE FROM spoken WHERE rowid IN ({gone})"))?
        .execute(params![row, track])?;
    db.prepare_cached("DELETE FROM passages WHERE job = ?1 AND track = ?2")?
        .execute(params![row, track])?;
    let kept: i64 = db
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM passages WHERE job = ?1")?
        .query_row([row], |row| row.get(0))?;
    let mut room = MAX_JOB_BYTES.saturating_sub(usize::try_from(kept).unwrap_or(usize::MAX));
    let mut passage = db.prepare_cached(
        "INSERT INTO passages (job, track, at_ms, bytes) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut words = db.prepare_cached("INSERT INTO spoken (rowid, text) VALUES (?1, ?2)")?;
    for Passage { at_ms, text } in passages {
        let Some(left) = room.checked_sub(text.len()) else {
            break;
        };
        room = left;
        passage.execute(params![
            row,
            track,
            number(*at_ms)?,
            number(text.len() as u64)?
        ])?;
        words.execute(params![db.last_insert_rowid(), text])?;
    }
    Ok(())
}

/// Forgets what the subtitles of a job say, by the key of its row.
pub fn forget(db: &Connection, row: i64) -> Work<()> {
    db.prepare_cached(
        "DELETE FROM spoken WHERE rowid IN (SELECT key FROM passages WHERE job = ?1)",
    )?
    .execute([row])?;
    db.prepare_cached("DELETE FROM passages WHERE job = ?1")?
        .execute([row])?;
    Ok(())
}

/// Jobs by the keys of their rows, the best match first, each with some passages in order of time.
pub fn find(db: &Connection, query: &SearchQuery, wanted: &str) -> Work<Vec<(i64, Vec<Said>)>> {
    let mut list = db.prepare_cached(&format!(
        "SELECT jobs.key, track, at_ms, snippet(spoken, 0, char(1), char(2), '…', {SNIPPET_WORDS})
         FROM spoken JOIN passages ON passages.key = spoken.rowid JOIN jobs ON jobs.key = passages.job
         WHERE spoken MATCH ?1 AND (?2 IS NULL OR jobs.tenant = ?2)
         ORDER BY bm25(spoken), jobs.id DESC, at_ms LIMIT ?3"
    ))?;
    let one = |row: &Row<'_>| {
        #[allow(clippy::cast_precision_loss, reason = "a programme is limited to days")]
        let said = Said {
            track: row.get(1)?,
            at_s: row.get::<_, i64>(2)? as f64 / 1000.0,
            text: stretches(&row.get::<_, String>(3)?),
        };
        Ok((row.get::<_, i64>(0)?, said))
    };
    let most = query.limit.saturating_mul(LOOKED_AT);
    let mut order = Vec::new();
    let mut by_job: BTreeMap<i64, Vec<Said>> = BTreeMap::new();
    for found in list.query_map(params![wanted, query.tenant, most], one)? {
        let (job, said) = found?;
        let of_job = by_job.entry(job).or_default();
        if of_job.is_empty() {
            order.push(job);
        }
        if of_job.len() < MAX_SHOWN {
            of_job.push(said);
        }
    }
    let with = |job: i64| {
        let mut all = by_job.remove(&job).unwrap_or_default();
        all.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        (job, all)
    };
    Ok(order.into_iter().map(with).collect())
}
