//! `job.json` on disk: read, checked to be ours, and replaced atomically. Not the journal of a running job.

use std::io;
use std::path::Path;

use newsreel_model::job::{JOB_FORMAT, JOB_KIND, JobRecord, layout};
use newsreel_model::{Code, Error, Result};

use super::files;

/// Larger than any record we write; a bigger file is not ours.
const MAX_BYTES: u64 = 64 << 20;

/// The record of the job in `dir`, `None` if there is none.
///
/// # Errors
/// There is a `job.json` that is not a record this version understands.
pub fn read(dir: &Path) -> Result<Option<JobRecord>> {
    let path = dir.join(layout::JOB);
    let foreign = |why: String| {
        Error::new(
            Code::OutputForeign,
            format!(
                "{} is not a job record this version understands ({why}); choose another directory",
                path.display()
            ),
        )
    };
    match std::fs::metadata(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(foreign(e.to_string())),
        Ok(data) if data.len() > MAX_BYTES => {
            return Err(foreign("it is far too large".to_owned()));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(|e| foreign(e.to_string()))?;
    let record: JobRecord = serde_json::from_str(&text).map_err(|e| foreign(e.to_string()))?;
    if record.kind != JOB_KIND {
        return Err(foreign(format!("kind is {:?}", record.kind)));
    }
    if record.format > JOB_FORMAT {
        return Err(foreign(format!(
            "format {} is newer than {JOB_FORMAT}",
            record.format
        )));
    }
    Ok(Some(record))
}

/// Replaces the record durably.
///
/// # Errors
/// The directory cannot be written.
pub fn write(dir: &Path, record: &JobRecord) -> Result<()> {
    let text = serde_json::to_vec_pretty(record).map_err(|e| Error::bug(e.to_string()))?;
    files::replace(dir, layout::JOB, &text).map(|_| ())
}
