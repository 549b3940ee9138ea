//! Files that appear whole or not at all: written beside, synced, renamed. Not what is in them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use newsreel_model::job::{Finished, layout};
use newsreel_model::{Error, Result};

/// Where unfinished files of this execution live, under the job's directory.
pub fn staging(dir: &Path) -> PathBuf {
    dir.join(layout::WORK).join("stage")
}

/// Writes `bytes` as `dir/path` durably, so that no reader ever sees half of it.
///
/// # Errors
/// The disk is full or the directory cannot be written.
pub fn replace(dir: &Path, path: &str, bytes: &[u8]) -> Result<Finished> {
    stage(dir, path, |file| file.write_all(bytes)).map_err(|e| Error::writing(path, &e))?;
    sync_parent(&dir.join(path)).map_err(|e| Error::writing(path, &e))?;
    Ok(describe(path, bytes))
}

/// Writes a staged file, syncs it and renames it into place; its directory is not synced yet.
///
/// # Errors
/// Whatever the file system reports; the staged file is removed.
pub fn stage(
    dir: &Path,
    path: &str,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let staging = staging(dir);
    let staged = staging.join(path.replace('/', "_"));
    let target = dir.join(path);
    fs::create_dir_all(&staging)?;
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let written = File::create(&staged).and_then(|mut file| {
        write(&mut file)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&staged, &target));
    if placed.is_err() {
        let _ = fs::remove_file(&staged);
    }
    placed
}

/// Makes a rename in the file's directory durable.
///
/// # Errors
/// Whatever the file system reports.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// The journal's entry for a file of ours that is no segment.
pub fn describe(path: &str, bytes: &[u8]) -> Finished {
    Finished {
        path: path.to_owned(),
        bytes: bytes.len() as u64,
        hash: blake3::hash(bytes).to_hex().to_string(),
        frames: 0,
        concealed: 0,
        made_by: "newsreel".to_owned(),
    }
}
