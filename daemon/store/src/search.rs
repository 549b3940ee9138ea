//! The words of jobs, and finding jobs by them. Not here: what a word is (SQLite's full-text index
//! says), or what subtitles say (`spoken`).

use newsreel_model::search::{SearchQuery, StoredHit, Stretch};
use newsreel_model::spec::JobSpec;
use newsreel_model::spoken::Said;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::fault::Work;
use crate::{rows, spoken};

/// What stands around a word that was found; no text of a job holds control characters.
const BEGINS: char = '\u{1}';
const ENDS: char = '\u{2}';

/// Words of a snippet, at most.
const SNIPPET_WORDS: u32 = 24;

/// Keeps the words of a job under the key of its row.
pub fn keep(db: &Connection, row: i64, spec: &JobSpec) -> Work<()> {
    let values: Vec<&str> = spec.metadata.values().map(String::as_str).collect();
    db.prepare_cached(
        "INSERT INTO words (rowid, title, description, external_id, metadata) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        row,
        spec.title,
        spec.description,
        spec.external_id,
        values.join(" "),
    ])?;
    Ok(())
}

/// Forgets the words of a job by the key of its row.
pub fn forget(db: &Connection, row: i64) -> Work<()> {
    db.prepare_cached("DELETE FROM words WHERE rowid = ?1")?
        .execute([row])?;
    Ok(())
}

/// Jobs that have every word, the best match first, then those whose subtitles say them.
pub fn find(db: &Connection, query: &SearchQuery) -> Work<Vec<StoredHit>> {
    let terms = query.terms();
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    // Each term is letters and digits alone, so that in quotes it is a word and nothing of the index's own language.
    let words: Vec<String> = terms.iter().map(|term| format!("\"{term}\"")).collect();
    let wanted = format!("{}*", words.join(" "));
    let mut hits = by_words(db, query, &wanted)?;
    for (row, said) in spoken::find(db, query, &wanted)? {
        if let Some((_, hit)) = hits.iter_mut().find(|(known, _)| *known == row) {
            hit.said = said;
        } else if hits.len() < query.limit as usize
            && let Some(hit) = by_row(db, row, said)?
        {
            hits.push((row, hit));
        }
    }
    Ok(hits.into_iter().map(|(_, hit)| hit).collect())
}

/// Jobs with the words of their own, each with the key of its row.
fn by_words(db: &Connection, query: &SearchQuery, wanted: &str) -> Work<Vec<(i64, StoredHit)>> {
    let columns = columns();
    let mut list = db.prepare_cached(&format!(
        "SELECT {}, snippet(words, -1, char(1), char(2), '…', {SNIPPET_WORDS}), jobs.key
         FROM words JOIN jobs ON jobs.key = words.rowid
         WHERE words MATCH ?1 AND (?2 IS NULL OR jobs.tenant = ?2)
         ORDER BY bm25(words), jobs.id DESC LIMIT ?3",
        columns.join(", ")
    ))?;
    let snippet = columns.len();
    let hit = |row: &Row<'_>| {
        let hit = StoredHit {
            job: rows::job(row)?,
            snippet: stretches(&row.get::<_, String>(snippet)?),
            said: Vec::new(),
        };
        Ok((row.get(snippet + 1)?, hit))
    };
    let found = list.query_map(params![wanted, query.tenant, query.limit], hit)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// A job that was found by what its subtitles say, unless it was deleted meanwhile.
fn by_row(db: &Connection, row: i64, said: Vec<Said>) -> Work<Option<StoredHit>> {
    let sql = format!("SELECT {} FROM jobs WHERE key = ?1", columns().join(", "));
    let job = db.prepare_cached(&sql)?.query_row([row], rows::job);
    let snippet = said.first().map_or_else(Vec::new, |said| said.text.clone());
    Ok(job.optional()?.map(|job| StoredHit { job, snippet, said }))
}

fn columns() -> Vec<String> {
    let names = rows::JOB.split(',');
    names.map(|name| format!("jobs.{}", name.trim())).collect()
}

/// A snippet taken apart.
pub fn stretches(marked: &str) -> Vec<Stretch> {
    let mut all = Vec::new();
    let mut found = false;
    for text in marked.split([BEGINS, ENDS]) {
        if !text.is_empty() {
            all.push(Stretch {
                text: text.to_owned(),
                found,
            });
        }
        found = !found;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_told_from_what_is_around_it() {
        let shown = |text: &str| -> Vec<(String, bool)> {
            let all = stretches(text).into_iter();
            all.map(|one| (one.text, one.found)).collect()
        };
        assert_eq!(
            shown("\u{1}Flood\u{2} in <b>"),
            [("Flood".to_owned(), true), (" in <b>".to_owned(), false)]
        );
        assert_eq!(shown("…a \u{1}b\u{2}").len(), 2);
        assert_eq!(shown(""), []);
    }
}
