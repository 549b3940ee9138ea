//! API keys and their sessions. Not here: making or checking one.

use jiff::Timestamp;
use newsreel_model::access::Grant;
use newsreel_model::keys::{Key, MAX_KEYS, MAX_SESSIONS, Session};
use newsreel_model::{Code, Error};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::fault::Work;
use crate::rows::{count, from_json, json, micros, some_time, time};

const KEY: &str = "id, name, hash, scopes, tenant, roots, created_at, revoked_at, last_used_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Key> {
    Ok(Key {
        id: row.get(0)?,
        name: row.get(1)?,
        hash: row.get(2)?,
        grant: Grant {
            scopes: from_json(row, 3)?,
            tenant: row.get(4)?,
            roots: from_json(row, 5)?,
        },
        created_at: time(6, row.get(6)?)?,
        revoked_at: some_time(row, 7)?,
        last_used_at: some_time(row, 8)?,
    })
}

/// Keeps a key.
pub fn add(db: &Connection, key: &Key) -> Work<()> {
    let all = db
        .prepare_cached("SELECT count(*) FROM keys")?
        .query_row([], |row| count(row, 0))?;
    if usize::try_from(all).is_ok_and(|all| all >= MAX_KEYS) {
        let words = format!("there are {MAX_KEYS} keys already, and no more are kept");
        return Err(Error::new(Code::Usage, words).into());
    }
    db.prepare_cached(&format!(
        "INSERT INTO keys ({KEY}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    ))?
    .execute(params![
        key.id,
        key.name,
        key.hash,
        json(&key.grant.scopes)?,
        key.grant.tenant,
        json(&key.grant.roots)?,
        micros(key.created_at),
        key.revoked_at.map(micros),
        key.last_used_at.map(micros),
    ])?;
    Ok(())
}

/// The key of that id.
pub fn one(db: &Connection, id: &str) -> Work<Option<Key>> {
    let mut find = db.prepare_cached(&format!("SELECT {KEY} FROM keys WHERE id = ?1"))?;
    Ok(find.query_row([id], read).optional()?)
}

/// Every key, oldest first.
pub fn all(db: &Connection) -> Work<Vec<Key>> {
    let mut list = db.prepare_cached(&format!("SELECT {KEY} FROM keys ORDER BY created_at, id"))?;
    Ok(list.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

/// Whether there is or was one.
pub fn any(db: &Connection) -> Work<bool> {
    let mut ask = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM keys)")?;
    Ok(ask.query_row([], |row| row.get(0))?)
}

/// Revokes a key and ends its sessions.
pub fn revoke(db: &Connection, id: &str, now: Timestamp) -> Work<bool> {
    let revoked = db
        .prepare_cached("UPDATE keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")?
        .execute(params![id, micros(now)])?;
    db.prepare_cached("DELETE FROM sessions WHERE key = ?1")?
        .execute([id])?;
    Ok(revoked == 1)
}

/// Keeps when a key was used.
pub fn used(db: &Connection, id: &str, now: Timestamp) -> Work<()> {
    db.prepare_cached("UPDATE keys SET last_used_at = ?2 WHERE id = ?1")?
        .execute(params![id, micros(now)])?;
    Ok(())
}

/// Keeps a session, and ends the oldest of its key that are too many.
pub fn begin_session(db: &Connection, session: &Session) -> Work<()> {
    db.prepare_cached(
        "INSERT INTO sessions (id, key, refresh_hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        session.id,
        session.key,
        session.refresh_hash,
        micros(session.created_at),
        micros(session.expires_at),
    ])?;
    db.prepare_cached(
        "DELETE FROM sessions WHERE id IN (
             SELECT id FROM sessions WHERE key = ?1 ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![session.key, i64::try_from(MAX_SESSIONS).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// A session that lasts.
pub fn session(db: &Connection, id: &str, now: Timestamp) -> Work<Option<Session>> {
    let mut find = db.prepare_cached(
        "SELECT sessions.id, key, refresh_hash, sessions.created_at, expires_at
         FROM sessions JOIN keys ON keys.id = sessions.key
         WHERE sessions.id = ?1 AND expires_at > ?2 AND revoked_at IS NULL",
    )?;
    let found = find.query_row(params![id, micros(now)], |row| {
        Ok(Session {
            id: row.get(0)?,
            key: row.get(1)?,
            refresh_hash: row.get(2)?,
            created_at: time(3, row.get(3)?)?,
            expires_at: time(4, row.get(4)?)?,
        })
    });
    Ok(found.optional()?)
}

/// Puts one refresh token in the place of another.
pub fn renew_session(
    db: &Connection,
    id: &str,
    (from, to): ([u8; 32], [u8; 32]),
    now: Timestamp,
    expires_at: Timestamp,
) -> Work<bool> {
    let renewed = db
        .prepare_cached(
            "UPDATE sessions SET refresh_hash = ?3, expires_at = ?5
             WHERE id = ?1 AND refresh_hash = ?2 AND expires_at > ?4
             AND EXISTS (SELECT 1 FROM keys WHERE keys.id = sessions.key AND revoked_at IS NULL)",
        )?
        .execute(params![id, from, to, micros(now), micros(expires_at)])?;
    Ok(renewed == 1)
}

/// Ends a session.
pub fn end_session(db: &Connection, id: &str) -> Work<()> {
    db.prepare_cached("DELETE FROM sessions WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}
