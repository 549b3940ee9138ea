//! The files of a store: its name, its lock, its creation, and syncing. Not here: what is in them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use newsreel_model::{Code, Error, Result};

use crate::fault::failed;

/// The one name of the store at `path`, whichever way it was reached: two names would be two locks.
///
/// # Errors
/// [`Code::StoreFailed`] when there is no such directory.
pub fn settle(path: &Path) -> Result<PathBuf> {
    if let Ok(settled) = path.canonicalize() {
        return Ok(settled);
    }
    let name = path
        .file_name()
        .ok_or_else(|| failed(path, "needs the name of a file"))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().map_err(|err| {
        failed(path, "cannot be opened: create its directory first").with_detail(err.to_string())
    })?;
    Ok(folder.join(name))
}

/// `path` with `suffix` after its last character.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Keeps every other process, and every other store in this one, away from the store at `path` until it is dropped.
///
/// The lock is the kernel's and ends with the process; the file stays, since removing it could give two processes a lock each.
///
/// # Errors
/// [`Code::StoreFailed`] when it is held, with the process that holds it.
pub fn lock(path: &Path) -> Result<File> {
    let name = beside(path, ".lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&name)
        .map_err(|err| unwritable(path, &err))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held(path, &file)),
        Err(TryLockError::Error(err)) => return Err(unwritable(path, &err)),
    }
    let note = format!("process {}\n", std::process::id());
    // On a full disk the note is lost, the lock is not.
    let _ = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| file.write_all(note.as_bytes()));
    Ok(file)
}

fn held(path: &Path, lock: &File) -> Error {
    let mut holder = String::new();
    // Who holds it is for people only; not knowing it changes nothing.
    let _ = lock.take(64).read_to_string(&mut holder);
    let what = format!(
        "is in use by another process ({}); stop that one, or give this one a store of its own",
        holder.trim()
    );
    failed(path, &what)
}

/// Creates the store's file, readable by its owner alone since specs name addresses and stories. One that is there is kept.
///
/// # Errors
/// [`Code::DiskFull`] or [`Code::StoreFailed`].
pub fn create(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(file) => file
            .sync_all()
            .and_then(|()| sync_folder(path))
            .map_err(|err| unwritable(path, &err)),
        Err(err) if err.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(err) => Err(unwritable(path, &err)),
    }
}

/// Makes the names in the directory of `path` durable.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    File::open(folder)?.sync_all()
}

/// Whether nothing more can be written beside the store.
pub fn disk_is_full(path: &Path) -> bool {
    let probe = beside(path, ".probe");
    let written = File::create(&probe).and_then(|mut file| {
        file.write_all(&[0; 1 << 16])?;
        file.sync_all()
    });
    let _ = fs::remove_file(probe);
    written.is_err_and(|err| is_full(&err))
}

fn is_full(err: &std::io::Error) -> bool {
    matches!(
        err.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// The error for a file of the store that cannot be made.
pub fn unwritable(path: &Path, err: &std::io::Error) -> Error {
    let error = if is_full(err) {
        let words = format!(
            "the disk is full: the job store {} cannot be opened; free some space and start again",
            path.display()
        );
        Error::new(Code::DiskFull, words)
    } else {
        failed(
            path,
            &format!(
                "cannot be opened: no file can be written or locked beside it ({err}); check the permissions of its directory and that it is on a local disk"
            ),
        )
    };
    error.with_detail(err.to_string())
}
