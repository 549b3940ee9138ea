//! The port to where jobs are kept: one implementation is embedded, another for several machines may follow.
//!
//! Every method returns only once what it did is durable. Calls may come from many threads; those that write at the same
//! time may share one commit, which is held open for at most 50 ms. Times are kept to the microsecond; what is finer is cut off.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Result;
pub use crate::calibration::Calibration;
use crate::control::{Failure, JobQuery};
use crate::event::{Event, Phase};
use crate::id::JobId;
use crate::job::{Finished, JobState};
pub use crate::log::{LogEnds, LoggedEvent};
use crate::plan::{Fingerprint, Plan, Warning};
use crate::profile::Profile;
use crate::spec::JobSpec;
use crate::webhook::{Delivery, EndpointView, NewDelivery, Settled};

/// A job as it is kept. Plan and pieces are kept apart, since a list of jobs needs neither.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredJob {
    /// Its id.
    pub id: JobId,
    /// What was asked for.
    pub spec: JobSpec,
    /// The profile, frozen at submit.
    pub profile: Profile,
    /// Absolute path of the output directory.
    pub destination: String,
    /// The roots of the key it was submitted with: its input and destination lie in one of them. None: the daemon's alone.
    pub roots: Vec<String>,
    /// Where it stands.
    pub state: JobState,
    /// What a running job is at.
    pub phase: Option<Phase>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When work on it first began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How often work on it failed in a way that is retried.
    pub failures: u32,
    /// Frames over all rungs to publish; 0 until the plan is known.
    pub frames_total: u64,
    /// Frames over all rungs published: the sum of [`Finished::video_frames`] over the job's pieces.
    pub frames_done: u64,
    /// Whether something can be played.
    pub playable: bool,
    /// What to know about it, in the order it was found, each once.
    pub warnings: Vec<Warning>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// A job to be accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What was asked for.
    pub spec: JobSpec,
    /// The resolved profile.
    pub profile: Profile,
    /// Absolute path of the output directory. No two jobs that have not ended may share one.
    pub destination: String,
    /// See [`StoredJob::roots`].
    pub roots: Vec<String>,
    /// Now.
    pub created_at: Timestamp,
}

/// A client's promise that a request is the same as an earlier one. Kept 24 hours, or until the job is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who sent it: keys of different callers never meet.
    pub caller: String,
    /// The key.
    pub key: String,
    /// Hash of the request: another one under the same key is refused.
    pub request_hash: String,
}

/// What [`Store::submit`] did.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSubmitted {
    /// The job.
    pub job: StoredJob,
    /// Whether it had been accepted before under the same idempotency key.
    pub repeated: bool,
}

/// Which pieces a job's work has produced.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceCommit {
    /// The job.
    pub job: JobId,
    /// Pieces whose files are durable under their final names. May be none, for an event that changes nothing else.
    pub pieces: Vec<Finished>,
}

/// A change to one job. A job that has ended takes none but [`Change::Requeue`].
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "changes are few and short-lived")]
pub enum Change {
    /// Work began (or began again): the job is running, and in no phase until it enters one. The first start is kept.
    Start {
        /// The job.
        job: JobId,
        /// Now.
        at: Timestamp,
    },
    /// Another part of the work began. Only a running job has a phase.
    Enter {
        /// The job.
        job: JobId,
        /// The part.
        phase: Phase,
    },
    /// The plan is settled; it is never changed again while the job lives, so a job that has one takes no other.
    Plan {
        /// The job.
        job: JobId,
        /// What the plan was made from.
        fingerprint: Fingerprint,
        /// The plan.
        plan: Plan,
        /// Frames over all rungs.
        frames_total: u64,
    },
    /// Pieces are finished: this commit is what makes them so. A piece under a path that was committed before takes the
    /// place of the earlier one, in the order as in the count of frames: no path counts twice.
    Pieces(PieceCommit),
    /// Something can be played.
    Playable {
        /// The job.
        job: JobId,
    },
    /// Something to know about the job. The same warning again changes nothing, yet counts as made.
    Warn {
        /// The job.
        job: JobId,
        /// What.
        warning: Warning,
    },
    /// Work on it failed and will be tried again.
    Failure {
        /// The job.
        job: JobId,
    },
    /// It ended. The first terminal state wins; a state that is not terminal is refused.
    End {
        /// The job.
        job: JobId,
        /// A terminal state.
        state: JobState,
        /// Why, for a failed one.
        failure: Option<Failure>,
        /// Now.
        at: Timestamp,
    },
    /// A failed or cancelled job waits again. Plan, pieces and warnings are kept; its failures, its end and why it failed are
    /// forgotten. Refused also while another job that has not ended writes to the same destination: a job that is still
    /// failed or cancelled after a refusal was refused for that. No limit on waiting jobs applies.
    Requeue {
        /// The job.
        job: JobId,
    },
    /// A running job waits again: its daemon is no more, or it gave its place to another.
    Recover {
        /// The job.
        job: JobId,
    },
    /// Its priority is another from now on, also in its spec.
    Prioritise {
        /// The job.
        job: JobId,
        /// 0–100.
        priority: u8,
    },
    /// Pieces that turned out to be missing or damaged are finished no more, nor do their frames count. Paths that were never
    /// committed are passed over.
    Forget {
        /// The job.
        job: JobId,
        /// Their paths.
        paths: Vec<String>,
    },
}

impl Change {
    /// Whose change it is.
    #[must_use]
    pub fn job(&self) -> JobId {
        match self {
            Self::Start { job, .. }
            | Self::Enter { job, .. }
            | Self::Plan { job, .. }
            | Self::Pieces(PieceCommit { job, .. })
            | Self::Playable { job }
            | Self::Warn { job, .. }
            | Self::Failure { job }
            | Self::End { job, .. }
            | Self::Requeue { job }
            | Self::Recover { job }
            | Self::Prioritise { job, .. }
            | Self::Forget { job, .. } => *job,
        }
    }
}

/// Whether a change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was.
    Yes,
    /// The job's state does not allow it, or there is no such job; nothing changed.
    No,
}

/// How many jobs are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting.
    pub queued: u64,
    /// Running.
    pub running: u64,
    /// Completed.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Cancelled.
    pub cancelled: u64,
}

/// Where jobs are kept. All errors are [`crate::Code::StoreFailed`] or [`crate::Code::DiskFull`] unless said otherwise.
pub trait Store: crate::keys::Keys + crate::search::Finds + crate::uploads::Shelf {
    /// Counts a start of the daemon and returns its number, 1 or more: the upper half of every epoch it will give.
    ///
    /// # Errors
    /// The store cannot be written.
    fn begin(&self) -> Result<u32>;

    /// Accepts a job and logs [`Event::Queued`]. A repeated request gets the job as it is now, even when the queue is full.
    ///
    /// # Errors
    /// [`crate::Code::IdempotencyConflict`]; [`crate::Code::OutputBusy`] when a job that has not ended writes to the same
    /// destination; [`crate::Code::QueueFull`] when `queued_limit` jobs wait already.
    fn submit(
        &self,
        job: NewJob,
        key: Option<IdempotencyKey>,
        queued_limit: u64,
    ) -> Result<StoreSubmitted>;

    /// One job.
    ///
    /// # Errors
    /// The store cannot be read.
    fn job(&self, id: JobId) -> Result<Option<StoredJob>>;

    /// Jobs, newest first by their ids, at most `query.limit`. A `before` that is not there is a place in the order all the same.
    ///
    /// # Errors
    /// The store cannot be read.
    fn jobs(&self, query: &JobQuery) -> Result<Vec<StoredJob>>;

    /// Every job that has not ended, oldest first by their ids.
    ///
    /// # Errors
    /// The store cannot be read.
    fn unfinished(&self) -> Result<Vec<StoredJob>>;

    /// How many jobs are in each state.
    ///
    /// # Errors
    /// The store cannot be read.
    fn counts(&self) -> Result<Counts>;

    /// How many of one tenant's jobs are in each state.
    ///
    /// # Errors
    /// The store cannot be read.
    fn counts_of(&self, tenant: &str) -> Result<Counts>;

    /// The plan and what it was made from.
    ///
    /// # Errors
    /// The store cannot be read.
    fn plan(&self, id: JobId) -> Result<Option<(Fingerprint, Plan)>>;

    /// The finished pieces in commit order, each path once.
    ///
    /// # Errors
    /// The store cannot be read.
    fn pieces(&self, id: JobId) -> Result<Vec<Finished>>;

    /// Makes all changes and logs all events in one transaction, in order; says of each change whether it was made. A refused
    /// change does not keep the others from being made. An event that accompanies a change is logged, as its job's, only if
    /// that change was made.
    ///
    /// # Errors
    /// The store cannot be written; then nothing was changed.
    fn apply(&self, changes: Vec<(Change, Option<Event>)>) -> Result<Vec<Applied>>;

    /// Logs events that belong to no job, such as [`Event::DeviceQuarantined`], in order.
    ///
    /// # Errors
    /// The store cannot be written; then none is logged.
    fn log(&self, events: Vec<Event>) -> Result<()>;

    /// Forgets an ended job with its plan, pieces, events and idempotency key; false when it has not ended or is not there.
    ///
    /// # Errors
    /// The store cannot be written.
    fn delete(&self, id: JobId) -> Result<bool>;

    /// Events after `after`, oldest first, at most `limit`, of one job or of all. One that is not shown yet never gets an id
    /// below one that is: who goes on from the last id seen misses none.
    ///
    /// # Errors
    /// The store cannot be read.
    fn events(&self, after: u64, limit: u32, job: Option<JobId>) -> Result<Vec<LoggedEvent>>;

    /// Where the log begins and ends now.
    ///
    /// # Errors
    /// The store cannot be read.
    fn log_ends(&self) -> Result<LogEnds>;

    /// From now on `told` is called after commits that may have logged something; it must return at once. Only the first
    /// call has an effect.
    fn on_commit(&self, told: Box<dyn Fn() + Send + Sync>);

    /// The number of the last event that was routed to receivers; 0 at first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn routed(&self) -> Result<u64>;

    /// Keeps what the events up to `upto` are to be delivered as, in one commit with how far that went.
    ///
    /// # Errors
    /// The store cannot be written; then nothing was changed.
    fn route(&self, upto: u64, deliveries: Vec<NewDelivery>) -> Result<()>;

    /// What may go to a receiver now, at most `limit`: of each job only its oldest delivery that waits, once its time has
    /// come; the one whose time came first comes first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn due(&self, endpoint: &str, now: Timestamp, limit: u32) -> Result<Vec<Delivery>>;

    /// Names of the receivers for which something waits, whether or not its time has come, in the order of the names.
    ///
    /// # Errors
    /// The store cannot be read.
    fn awaited(&self) -> Result<Vec<String>>;

    /// How attempts went, by the delivery's number, in one commit. One that is not known any more is passed over.
    ///
    /// # Errors
    /// The store cannot be written; then none is kept.
    fn settle(&self, attempts: Vec<(u64, Settled)>) -> Result<()>;

    /// Every receiver with deliveries, by name; with `tenant`, as if there were no deliveries but those of its jobs.
    ///
    /// # Errors
    /// The store cannot be read.
    fn endpoints(&self, tenant: Option<&str>) -> Result<Vec<EndpointView>>;

    /// Lets deliveries of one tenant's jobs, or of all, that were given up be tried again at once, and says how many.
    ///
    /// # Errors
    /// The store cannot be written.
    fn replay(&self, endpoint: &str, tenant: Option<&str>, now: Timestamp) -> Result<u64>;

    /// Keeps what was measured of a device, in place of what was known of it with the same driver.
    ///
    /// # Errors
    /// The store cannot be written.
    fn calibrate(&self, calibration: Calibration) -> Result<()>;

    /// What was measured, by device and, for a device under several drivers, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn calibrations(&self) -> Result<Vec<Calibration>>;

    /// Drops sessions that are over, idempotency keys 24 hours old or older (they count no more), and older events.
    ///
    /// # Errors
    /// The store cannot be written.
    fn trim(&self, now: Timestamp, events_before: Timestamp) -> Result<()>;
}
