//! Finished pieces: which there are, and how many frames of progress they are worth. Not here: their bytes.

use newsreel_model::JobId;
use newsreel_model::job::Finished;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::fault::Work;
use crate::rows;

/// A job that has not ended, for as long as its pieces change.
struct Open {
    key: i64,
    seq: i64,
    frames: i128,
}

/// Adds or replaces pieces; false if the job has ended or is not there.
pub fn commit(db: &Connection, job: JobId, pieces: &[Finished]) -> Work<bool> {
    let Some(mut open) = open(db, job)? else {
        return Ok(false);
    };
    let mut put = db.prepare_cached(
        "INSERT OR REPLACE INTO pieces (job, path, seq, bytes, hash, frames, concealed, made_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for piece in pieces {
        open.seq += 1;
        open.frames += i128::from(piece.video_frames());
        open.frames -= i128::from(worth(db, open.key, &piece.path)?);
        put.execute(params![
            open.key,
            piece.path,
            open.seq,
            rows::number(piece.bytes)?,
            piece.hash,
            piece.frames,
            piece.concealed,
            piece.made_by,
        ])?;
    }
    close(db, &open)
}

/// Takes pieces away; false if the job has ended or is not there.
pub fn forget(db: &Connection, job: JobId, paths: &[String]) -> Work<bool> {
    let Some(mut open) = open(db, job)? else {
        return Ok(false);
    };
    let mut take = db.prepare_cached("DELETE FROM pieces WHERE job = ?1 AND path = ?2")?;
    for path in paths {
        open.frames -= i128::from(worth(db, open.key, path)?);
        take.execute(params![open.key, path])?;
    }
    close(db, &open)
}

/// The pieces of a job in commit order.
pub fn pieces(db: &Connection, job: JobId) -> Work<Vec<Finished>> {
    let mut list = db.prepare_cached(
        "SELECT path, bytes, hash, frames, concealed, made_by FROM pieces
         WHERE job = (SELECT key FROM jobs WHERE id = ?1) ORDER BY seq",
    )?;
    let found = list.query_map([job.as_bytes()], piece)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn piece(row: &Row<'_>) -> rusqlite::Result<Finished> {
    Ok(Finished {
        path: row.get(0)?,
        bytes: rows::count(row, 1)?,
        hash: row.get(2)?,
        frames: row.get(3)?,
        concealed: row.get(4)?,
        made_by: row.get(5)?,
    })
}

/// What the piece under `path` has added to the job's count.
fn worth(db: &Connection, job: i64, path: &str) -> Work<u64> {
    let mut find = db.prepare_cached(
        "SELECT path, bytes, hash, frames, concealed, made_by FROM pieces WHERE job = ?1 AND path = ?2",
    )?;
    let found = find.query_row(params![job, path], piece).optional()?;
    Ok(found.map_or(0, |piece| piece.video_frames()))
}

fn open(db: &Connection, job: JobId) -> Work<Option<Open>> {
    let mut find = db.prepare_cached(
        "SELECT key, pieces_made, frames_done FROM jobs WHERE id = ?1 AND state IN ('queued', 'running')",
    )?;
    let found = find.query_row([job.as_bytes()], |row| {
        Ok(Open {
            key: row.get(0)?,
            seq: row.get(1)?,
            frames: i128::from(row.get::<_, i64>(2)?),
        })
    });
    Ok(found.optional()?)
}

fn close(db: &Connection, open: &Open) -> Work<bool> {
    let frames = u64::try_from(open.frames.max(0)).unwrap_or(u64::MAX);
    db.prepare_cached("UPDATE jobs SET frames_done = ?2, pieces_made = ?3 WHERE key = ?1")?
        .execute(params![open.key, rows::number(frames)?, open.seq])?;
    Ok(true)
}
