//! Which uploads there are. Not here: their bytes, or how many of them have arrived.

use jiff::{SignedDuration, Timestamp};
use newsreel_model::UploadId;
use newsreel_model::store::StoredJob;
use newsreel_model::uploads::{Room, Upload};
use newsreel_model::{Code, Error};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::fault::Work;
use crate::rows::{self, count, micros, number, time};

/// How long it is remembered that the time of one ran out.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

const UPLOAD: &str = "id, tenant, length, metadata, created_at, expires_at, complete, expired";

/// A job that has not ended, or ended late enough, needs the upload of this row.
const NEEDED: &str = "EXISTS (SELECT 1 FROM jobs WHERE jobs.upload = uploads.id \
     AND (state IN ('queued', 'running') OR ended_at > ?2))";

fn read(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: id(row)?,
        tenant: row.get(1)?,
        length: count(row, 2)?,
        metadata: row.get(3)?,
        created_at: time(4, row.get(4)?)?,
        expires_at: time(5, row.get(5)?)?,
        complete: row.get(6)?,
        expired: row.get(7)?,
    })
}

fn id(row: &Row<'_>) -> rusqlite::Result<UploadId> {
    let text = row.get_ref(0)?.as_str()?;
    text.parse()
        .map_err(|e: Error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(e)))
}

/// Keeps one, if there is room.
pub fn add(db: &Connection, upload: &Upload, room: Room) -> Work<()> {
    let (uploads, bytes) = db
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length), 0) FROM uploads WHERE tenant = ?1 AND expired = 0",
        )?
        .query_row([&upload.tenant], |row| Ok((count(row, 0)?, count(row, 1)?)))?;
    if uploads >= room.uploads || upload.length > room.bytes.saturating_sub(bytes) {
        let words = format!(
            "{uploads} uploads of the tenant `{}` take {bytes} bytes, and at most {} with {} bytes are kept; remove some, or wait until they expire",
            upload.tenant, room.uploads, room.bytes
        );
        return Err(Error::new(Code::UploadQuota, words).into());
    }
    db.prepare_cached(&format!(
        "INSERT INTO uploads ({UPLOAD}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    ))?
    .execute(params![
        upload.id.to_string(),
        upload.tenant,
        number(upload.length)?,
        upload.metadata,
        micros(upload.created_at),
        micros(upload.expires_at),
        upload.complete,
        upload.expired,
    ])?;
    Ok(())
}

/// The upload of that id.
pub fn one(db: &Connection, id: UploadId) -> Work<Option<Upload>> {
    let mut find = db.prepare_cached(&format!("SELECT {UPLOAD} FROM uploads WHERE id = ?1"))?;
    Ok(find.query_row([id.to_string()], read).optional()?)
}

/// Every upload, oldest first.
pub fn all(db: &Connection) -> Work<Vec<Upload>> {
    let mut list = db.prepare_cached(&format!("SELECT {UPLOAD} FROM uploads ORDER BY id"))?;
    Ok(list.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

/// Lets one last longer.
pub fn prolong(db: &Connection, id: UploadId, expires_at: Timestamp) -> Work<bool> {
    let found = db
        .prepare_cached(
            "UPDATE uploads SET expires_at = max(expires_at, ?2) WHERE id = ?1 AND expired = 0",
        )?
        .execute(params![id.to_string(), micros(expires_at)])?;
    Ok(found == 1)
}

/// Every byte of one is there.
pub fn complete(db: &Connection, id: UploadId) -> Work<()> {
    db.prepare_cached("UPDATE uploads SET complete = 1 WHERE id = ?1")?
        .execute([id.to_string()])?;
    Ok(())
}

/// Forgets one that nothing needs.
pub fn forget(db: &Connection, id: UploadId) -> Work<bool> {
    let never = i64::MAX;
    let gone = db
        .prepare_cached(&format!(
            "DELETE FROM uploads WHERE id = ?1 AND NOT {NEEDED}"
        ))?
        .execute(params![id.to_string(), never])?;
    Ok(gone == 1)
}

/// Lets the time of some run out, and forgets those where that is long ago.
pub fn expire(db: &Connection, now: Timestamp, ended_after: Timestamp) -> Work<Vec<UploadId>> {
    let long_ago = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
    db.prepare_cached("DELETE FROM uploads WHERE expired = 1 AND expires_at < ?1")?
        .execute([micros(long_ago)])?;
    let mut expire = db.prepare_cached(&format!(
        "UPDATE uploads SET expired = 1
         WHERE expired = 0 AND expires_at <= ?1 AND NOT (complete = 1 AND {NEEDED}) RETURNING id"
    ))?;
    let found = expire.query_map(params![micros(now), micros(ended_after)], id)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The jobs that wait and name an upload, oldest first.
pub fn queued(db: &Connection, id: UploadId) -> Work<Vec<StoredJob>> {
    let mut list = db.prepare_cached(&format!(
        "SELECT {} FROM jobs WHERE upload = ?1 AND state = 'queued' ORDER BY id",
        rows::JOB
    ))?;
    let found = list.query_map([id.to_string()], rows::job)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
