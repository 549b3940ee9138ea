//! Why a piece of work on the store was not done, before it is put into words. Not here: what the caller does about it.

use std::path::Path;

use newsreel_model::{Code, Error};
use rusqlite::ErrorCode;

use crate::files;

/// A `Result` with a [`Fault`].
pub type Work<T> = Result<T, Fault>;

/// Why work was not done.
#[derive(Debug)]
pub enum Fault {
    /// The store refuses it, in words of its own.
    Refused(Error),
    /// SQLite could not do it, or what it gave back cannot be read.
    Sql(rusqlite::Error),
    /// There is no room for it.
    Full,
    /// The thread that writes is no more.
    Stopped,
}

impl From<rusqlite::Error> for Fault {
    fn from(err: rusqlite::Error) -> Self {
        Self::Sql(err)
    }
}

impl From<Error> for Fault {
    fn from(err: Error) -> Self {
        Self::Refused(err)
    }
}

impl Fault {
    /// The fault in words, for the store at `path`.
    pub fn told(self, path: &Path) -> Error {
        match self {
            Self::Refused(error) => error,
            Self::Sql(err) => told(&err, path),
            Self::Full => full(path),
            Self::Stopped => failed(
                path,
                "has stopped taking changes; restart the daemon, nothing that was stored is lost",
            ),
        }
    }
}

/// The error for a store that fails, with what follows "the job store PATH".
pub fn failed(path: &Path, what: &str) -> Error {
    let words = format!("the job store {} {what}", path.display());
    Error::new(Code::StoreFailed, words)
}

fn told(err: &rusqlite::Error, path: &Path) -> Error {
    let error = match err.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => full(path),
        // SQLite tells a full disk only where it writes a file, not where it syncs or extends one.
        Some(ErrorCode::SystemIoFailure) if files::disk_is_full(path) => full(path),
        Some(ErrorCode::SystemIoFailure) => failed(
            path,
            "cannot be read or written; check the disk and the system's log",
        ),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => failed(
            path,
            "is damaged; it was left as it is: stop the daemon, move the file away, and put a backup in its place or start without one",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => failed(
            path,
            "is locked by another program; close whatever has it open",
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => failed(
            path,
            "cannot be opened for writing; check the permissions of the file and its directory",
        ),
        None if matches!(err, rusqlite::Error::FromSqlConversionFailure(..)) => {
            failed(path, "holds a value that this version cannot read")
        }
        _ => failed(path, "failed; the log has the details"),
    };
    error.with_detail(err.to_string())
}

fn full(path: &Path) -> Error {
    let words = format!(
        "there is no room left for the job store {}: free some space on its disk, delete jobs that have ended, or raise its limit; nothing that was stored is lost",
        path.display()
    );
    Error::new(Code::DiskFull, words)
}
