//! Connections to a store's file and what SQLite is told on each. Not here: who uses them.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::StoreOptions;
use crate::fault::{Work, failed};

/// How long another program (a shell, a backup) may hold the file before a call gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The log beside the file is cut back to this once it has been copied into the file, in bytes.
const LOG_BYTES: i64 = 16 << 20;

/// The connection that writes.
pub fn writer(path: &Path, options: &StoreOptions) -> Work<Connection> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    common(&db)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(failed(
            path,
            "lies on a file system without shared memory; put it on a local disk",
        )
        .into());
    }
    // FULL syncs the log at every commit: what was answered survives a loss of power.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    if let Some(bytes) = options.max_bytes {
        let page: u32 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = bytes / u64::from(page.max(1));
        let pages = i64::try_from(pages).unwrap_or(i64::MAX);
        db.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(db)
}

/// A connection that reads.
pub fn reader(path: &Path) -> Work<Connection> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    common(&db)?;
    Ok(db)
}

fn common(db: &Connection) -> Work<()> {
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(64);
    // Sorting never needs a file elsewhere, whose disk could be full.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    // Damage is found where it is read, not where it has been copied to.
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_is_synced_and_references_are_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.db");
        crate::files::create(&path).unwrap();
        let db = writer(&path, &StoreOptions::default()).unwrap();
        let pragma = |name: &str| -> String {
            db.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("foreign_keys"), "Integer(1)");
        let db = reader(&path).unwrap();
        db.execute_batch("CREATE TABLE t (n)").unwrap_err();
    }
}
