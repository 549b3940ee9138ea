//! The schema of a store's file: recognising it, bringing it up to date, and the backup before that.
//!
//! Not here: the schema itself, which is in `schema/`. A migration that was released is never edited; another one is added.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use newsreel_model::{Code, Error};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::connect;
use crate::fault::{Fault, Work, failed};
use crate::files::{beside, sync_folder, unwritable};

/// Every step from an empty file to the schema of today.
const STEPS: &[M<'_>] = &[
    M::up(include_str!("schema/v1.sql")),
    M::up(include_str!("schema/v2.sql")),
    M::up(include_str!("schema/v3.sql")),
    M::up(include_str!("schema/v4.sql")),
    M::up(include_str!("schema/v5.sql")),
    M::up(include_str!("schema/v6.sql")),
];

/// What marks an SQLite file as a store: "NWSR".
const APPLICATION: i32 = 0x4e57_5352;

/// The most backups kept of one version; more are a sign of something else.
const MOST_BACKUPS: u32 = 9;

/// Looks at the file without changing it, and refuses one that is not ours to change.
///
/// # Errors
/// [`Code::StoreNewer`]; [`Code::StoreFailed`] for a file that is damaged or another program's.
pub fn recognise(path: &Path) -> Work<()> {
    recognise_up_to(path, STEPS.len())
}

fn recognise_up_to(path: &Path, newest: usize) -> Work<()> {
    let db = connect::reader(path)?;
    let application: i32 = pragma(&db, "PRAGMA application_id")?;
    let tables: i64 = pragma(&db, "SELECT count(*) FROM sqlite_master")?;
    if tables > 0 && application != APPLICATION {
        let what = "is another program's database; name another file";
        return Err(failed(path, what).into());
    }
    let version = version(&db)?;
    if version > newest {
        let words = format!(
            "the job store {} was written by a newer Newsreel (schema {version}, this one knows {newest}); start that version, or put a backup of the store in its place",
            path.display()
        );
        return Err(Error::new(Code::StoreNewer, words).into());
    }
    Ok(())
}

/// Brings the schema up to date, after a backup if there is something to lose.
///
/// # Errors
/// [`Code::DiskFull`] or [`Code::StoreFailed`]; the schema is then still one of those it went through.
pub fn update(db: &mut Connection, path: &Path) -> Work<()> {
    update_by(db, path, STEPS)
}

fn update_by(db: &mut Connection, path: &Path, steps: &[M<'_>]) -> Work<()> {
    let before = version(db)?;
    if before > 0 && before < steps.len() {
        let backup = back_up(db, path, before)?;
        tracing::info!(backup = %backup.display(), from = before, to = steps.len(), "migrating the job store");
    }
    let migrated = Migrations::from_slice(steps).to_latest(db);
    migrated.map_err(|err| match err {
        rusqlite_migration::Error::RusqliteError { err, .. } => Fault::Sql(err),
        other => failed(path, "cannot be migrated; the log has the details")
            .with_detail(other.to_string())
            .into(),
    })
}

/// Whether the schema is the one of today.
pub fn is_current(db: &Connection) -> Work<bool> {
    Ok(version(db)? == STEPS.len())
}

fn version(db: &Connection) -> Work<usize> {
    let version: i64 = pragma(db, "PRAGMA user_version")?;
    // A negative one is nobody's; taken as the newest of all it is refused.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

fn pragma<T: rusqlite::types::FromSql>(db: &Connection, sql: &str) -> Work<T> {
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

/// Copies the store to `PATH.vN.backup`, or a numbered name beside it. The name appears only once the copy is durable.
fn back_up(db: &Connection, path: &Path, version: usize) -> Work<PathBuf> {
    let partial = beside(path, ".backup.partial");
    // Only an interrupted attempt leaves one, and it may be anything.
    match fs::remove_file(&partial) {
        Err(err) if err.kind() != ErrorKind::NotFound => return Err(unwritable(path, &err).into()),
        _ => {}
    }
    let copied = copy(db, path, &partial).and_then(|()| {
        let named = name_backup(path, &partial, version)?;
        sync_folder(path).map_err(|err| unwritable(path, &err))?;
        Ok(named)
    });
    let _ = fs::remove_file(&partial);
    copied
}

fn copy(db: &Connection, path: &Path, to: &Path) -> Work<()> {
    let cannot = |err: std::io::Error| unwritable(path, &err);
    let name = to
        .to_str()
        .ok_or_else(|| failed(path, "needs a path in UTF-8"))?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(cannot)?;
    drop(file);
    db.execute("VACUUM INTO ?1", [name])?;
    // SQLite does not sync such a copy by itself.
    let synced = File::open(to).and_then(|file| file.sync_all());
    Ok(synced.map_err(cannot)?)
}

/// Gives a finished copy the first name that is free. A link, unlike a rename, never takes a name that is taken.
fn name_backup(path: &Path, partial: &Path, version: usize) -> Work<PathBuf> {
    for number in 1..=MOST_BACKUPS {
        let name = match number {
            1 => format!(".v{version}.backup"),
            _ => format!(".v{version}.backup.{number}"),
        };
        let name = beside(path, &name);
        match fs::hard_link(partial, &name) {
            Ok(()) => return Ok(name),
            Err(err) if err.kind() == ErrorKind::AlreadyExists => {}
            Err(err) => return Err(unwritable(path, &err).into()),
        }
    }
    let what = format!(
        "has {MOST_BACKUPS} backups of schema {version} beside it already; move those that are not needed away, then start again"
    );
    Err(failed(path, &what).into())
}

#[cfg(test)]
#[path = "migrate_tests.rs"]
mod tests;
