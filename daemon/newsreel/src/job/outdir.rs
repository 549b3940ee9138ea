//! A job's output directory: locked by one job, never anybody else's, resumed or started afresh.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use newsreel_model::job::{JobRecord, layout};
use newsreel_model::plan::Fingerprint;
use newsreel_model::{Code, Error, Result};

use super::{fingerprint, record};

/// What a job leaves behind, and therefore all that `--force` removes.
const OURS: [&str; 11] = [
    "video",
    "audio",
    "subs",
    "mp4",
    "thumbs",
    layout::POSTER,
    layout::STORYBOARD,
    layout::STORYBOARD_VTT,
    layout::REPORT,
    layout::MASTER,
    layout::MANIFEST,
];

/// A locked output directory.
pub struct OutDir {
    /// Where it is.
    pub path: PathBuf,
    /// The job found in it, if it may go on.
    pub found: Option<JobRecord>,
    _lock: File,
}

impl OutDir {
    /// Creates or takes over the directory.
    ///
    /// # Errors
    /// It holds something else, another process works on it, or its job was made from something else and `force` is not given.
    pub fn open(path: &Path, fingerprint: &Fingerprint, force: bool) -> Result<Self> {
        let shown = path.display().to_string();
        let unwritable = |e: std::io::Error| Error::writing(&shown, &e);
        if path.exists() && !path.is_dir() {
            return Err(Error::new(
                Code::OutputForeign,
                format!("{shown} is a file; give a directory"),
            ));
        }
        let found = record::read(path)?;
        if found.is_none() && !is_blank(path).map_err(unwritable)? {
            return Err(Error::new(
                Code::OutputForeign,
                format!(
                    "{shown} is not empty and holds no job of newsreel; nothing in it was touched, choose another directory"
                ),
            ));
        }
        fs::create_dir_all(path.join(layout::WORK)).map_err(unwritable)?;
        let lock = lock(path)?;
        // Whoever held the lock may have finished meanwhile.
        let found = record::read(path)?.or(found);
        let changed = found
            .as_ref()
            .and_then(|r| fingerprint::difference(&r.fingerprint, fingerprint));
        let found = match (found, changed) {
            (Some(_), _) if force => {
                clear(path).map_err(unwritable)?;
                None
            }
            (Some(_), Some(what)) => {
                return Err(Error::new(
                    Code::OutputChanged,
                    format!(
                        "{what} changed since the job in {shown} was started; use --force to start it afresh"
                    ),
                ));
            }
            (found, _) => found,
        };
        Ok(Self {
            path: path.to_path_buf(),
            found,
            _lock: lock,
        })
    }
}

impl OutDir {
    /// Leaves the directory as it was before a job that should never have been begun: empty, or not there.
    pub fn abandon(self) {
        // What cannot be removed stays recognisable as a job's.
        if clear(&self.path).is_ok() {
            let _ = fs::remove_dir_all(self.path.join(layout::WORK));
            // Fails where it holds anything else, or is a mount point; then it stays.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Whether there is nothing but, at most, the remains of a job that never got as far as a record.
fn is_blank(path: &Path) -> std::io::Result<bool> {
    if !path.exists() {
        return Ok(true);
    }
    for entry in fs::read_dir(path)? {
        if entry?.file_name() != layout::WORK {
            return Ok(false);
        }
    }
    Ok(true)
}

fn lock(path: &Path) -> Result<File> {
    let file = path.join(layout::WORK).join("lock");
    let lock = File::create(&file).map_err(|e| Error::writing(&file.display().to_string(), &e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::new(
            Code::OutputBusy,
            format!(
                "another process works on {}; wait for it or choose another directory",
                path.display()
            ),
        )),
        Err(TryLockError::Error(e)) => Err(Error::writing(&file.display().to_string(), &e)),
    }
}

/// Removes what an earlier job left, the record first: a directory half cleared is no job any more.
fn clear(path: &Path) -> std::io::Result<()> {
    let gone = |result: std::io::Result<()>| match result {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    gone(fs::remove_file(
        path.join(layout::WORK).join("journal.jsonl"),
    ))?;
    gone(fs::remove_dir_all(super::files::staging(path)))?;
    for name in OURS {
        let entry = path.join(name);
        if entry.is_dir() {
            gone(fs::remove_dir_all(&entry))?;
        } else {
            gone(fs::remove_file(&entry))?;
        }
    }
    gone(fs::remove_file(path.join(layout::JOB)))
}
