//! Where the files of a job lie on this machine. Not where they are delivered to (`deliver`).

use std::path::{Path, PathBuf};

use newsreel_model::JobId;
use newsreel_model::store::StoredJob;

use crate::storage;

/// Where a job without a directory of its own choice goes.
pub fn default_destination(data_dir: &Path, id: JobId) -> PathBuf {
    data_dir.join("jobs").join(id.to_string())
}

/// The directory of a job: its destination, or the daemon's own where that is in an object store.
pub fn of(job: &StoredJob, data_dir: &Path) -> PathBuf {
    match storage::is_s3(&job.destination) {
        true => default_destination(data_dir, job.id),
        false => PathBuf::from(&job.destination),
    }
}
