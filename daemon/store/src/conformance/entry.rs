//! One job of the plain store in memory, and what it makes of changes. Not here: what several jobs have to do with each other.

use jiff::Timestamp;
use newsreel_model::job::{Finished, JobState};
use newsreel_model::plan::{Fingerprint, Plan};
use newsreel_model::store::{Change, StoredJob};

/// A job with what belongs to it.
pub struct Entry {
    pub job: StoredJob,
    pub plan: Option<(Fingerprint, Plan)>,
    pub pieces: Vec<Finished>,
}

/// A time as fine as it is kept.
pub fn cut(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap()
}

/// Whether it has not ended.
pub fn open(job: &StoredJob) -> bool {
    matches!(job.state, JobState::Queued | JobState::Running)
}

impl Entry {
    /// As it is shown.
    pub fn view(&self) -> StoredJob {
        StoredJob {
            frames_done: self.pieces.iter().map(Finished::video_frames).sum(),
            ..self.job.clone()
        }
    }

    /// What a job that has not ended makes of a change.
    pub fn change(&mut self, change: Change) -> bool {
        let job = &mut self.job;
        match change {
            Change::Start { at, .. } => {
                job.state = JobState::Running;
                job.phase = None;
                job.started_at = job.started_at.or(Some(cut(at)));
            }
            Change::Enter { phase, .. } if job.state == JobState::Running => {
                job.phase = Some(phase);
            }
            Change::Recover { .. } if job.state == JobState::Running => {
                job.state = JobState::Queued;
                job.phase = None;
            }
            Change::Plan {
                fingerprint,
                plan,
                frames_total,
                ..
            } if self.plan.is_none() => {
                self.plan = Some((fingerprint, plan));
                job.frames_total = frames_total;
            }
            Change::Pieces(commit) => {
                for piece in commit.pieces {
                    self.pieces.retain(|kept| kept.path != piece.path);
                    self.pieces.push(piece);
                }
            }
            Change::Forget { paths, .. } => {
                self.pieces.retain(|kept| !paths.contains(&kept.path));
            }
            Change::Playable { .. } => job.playable = true,
            Change::Warn { warning, .. } => {
                if !job.warnings.contains(&warning) {
                    job.warnings.push(warning);
                }
            }
            Change::Failure { .. } => job.failures += 1,
            Change::Prioritise { priority, .. } => job.spec.priority = priority,
            Change::End {
                state, failure, at, ..
            } if !matches!(state, JobState::Queued | JobState::Running) => {
                job.state = state;
                job.phase = None;
                job.failure = failure;
                job.ended_at = Some(cut(at));
            }
            _ => return false,
        }
        true
    }
}
