//! The record of a job in its directory, when the job is opened. Not how it is kept (`crate::job::record`).

use newsreel_model::job::{JOB_FORMAT, JOB_KIND, JobRecord, JobState};
use newsreel_model::plan::Fingerprint;
use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, Result};

/// Fails when the record in a directory is another job's.
///
/// # Errors
/// [`Code::OutputForeign`].
pub fn refuse_foreign(job: &StoredJob, found: Option<&JobRecord>) -> Result<()> {
    let id = job.id.to_string();
    match found.filter(|record| record.id != id) {
        None => Ok(()),
        Some(other) => Err(Error::new(
            Code::OutputForeign,
            format!(
                "{} holds the output of job {}; choose another destination",
                job.destination, other.id
            ),
        )),
    }
}

/// The record of a job that was not begun before.
pub fn new_record(job: &StoredJob, fingerprint: &Fingerprint) -> JobRecord {
    JobRecord {
        kind: JOB_KIND.to_owned(),
        format: JOB_FORMAT,
        id: job.id.to_string(),
        input: job.spec.input.to_string(),
        state: JobState::Queued,
        created_at: job.created_at.to_string(),
        profile_name: job.spec.profile.clone(),
        profile: job.profile.clone(),
        fingerprint: fingerprint.clone(),
        plan: None,
        journal: Vec::new(),
    }
}
