//! What the HTTP interface asks of the daemon, and what it shows of it. The daemon answers; tests answer with a stand-in.
//!
//! Not here: HTTP itself, or how the daemon keeps any of this.

use std::fs::File;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::access::Principal;
use crate::capacity::{DeviceKind, Resources};
use crate::device::GpuReport;
use crate::event::Phase;
use crate::id::JobId;
use crate::job::JobState;
use crate::output::OutputView;
use crate::pictures::PictureSet;
use crate::plan::Warning;
use crate::profile::Profile;
use crate::search::{SearchHit, SearchQuery};
use crate::spec::JobSpec;
use crate::steer::PosterChoice;
use crate::store::{LogEnds, LoggedEvent};
use crate::uploads::Uploads;
use crate::webhook::EndpointView;

/// An answer that may take a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Failure {
    /// A stable code such as `input_unreadable`.
    pub code: String,
    /// What happened and what to do, for people.
    pub message: String,
}

/// How far a job is, counted in frames over all rungs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Progress {
    /// 0–1; 0 until the plan is known, 1 only when everything is published.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 1))]
    pub progress: f64,
    /// Frames published, over all rungs.
    pub frames_done: u64,
    /// Frames to publish, over all rungs; 0 until the plan is known.
    pub frames_total: u64,
    /// Seconds of programme per second, over the last stretch of work; 0 when nothing runs.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub speed: f64,
    /// Seconds left at this speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false, minimum = 0))]
    pub eta_s: Option<f64>,
}

/// A job as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What was asked for, with its defaults filled in.
    pub spec: JobSpec,
    /// Where it stands.
    pub state: JobState,
    /// What a running job is at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub phase: Option<Phase>,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
    /// When it was accepted.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When work on it first began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime, nullable = false))]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime, nullable = false))]
    pub ended_at: Option<Timestamp>,
    /// What to know about it.
    pub warnings: Vec<Warning>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub failure: Option<Failure>,
    /// `file://` URL of the directory everything is written to.
    pub destination: String,
    /// Where `master.m3u8` can be played, relative to the daemon's address, once something can.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub playback_path: Option<String>,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobQuery {
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those of this tenant.
    pub tenant: Option<String>,
    /// Only those with this external id.
    pub external_id: Option<String>,
    /// Only those older than this one: where the page before ended.
    pub before: Option<JobId>,
    /// At most so many, 1–200.
    pub limit: u32,
}

/// Jobs, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobPage {
    /// The jobs.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub jobs: Vec<JobView>,
    /// Give this as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub next_cursor: Option<JobId>,
}

/// A submitted job.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The job.
    pub job: JobView,
    /// Whether an earlier request with the same idempotency key had made it.
    pub repeated: bool,
}

/// A device as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// Stable name, for example `cpu`.
    pub id: String,
    /// Its kind.
    pub kind: DeviceKind,
    /// Model name.
    pub name: String,
    /// What a probe found of it; absent for the machine's cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<GpuReport>,
    /// When the capacity was measured, with the driver it has now; absent where a GPU's is assumed by its model, and for the
    /// machine's cores, which are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub measured_at: Option<Timestamp>,
    /// What it can do, reserves already taken off.
    pub capacity: Resources,
    /// What is in use.
    pub used: Resources,
    /// Sessions on it now.
    pub sessions: u32,
    /// Whether it is out of use after failures, until it passes its self-test.
    pub quarantined: bool,
}

/// A profile as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProfileView {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub profile: Profile,
}

/// The queue as clients see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QueueView {
    /// Jobs that wait.
    pub queued: u64,
    /// Jobs that run.
    pub running: u64,
    /// The most that may wait.
    pub queued_limit: u64,
    /// The first that will run, in order, at most 100.
    #[cfg_attr(feature = "schema", schema(max_items = 100))]
    pub next: Vec<JobId>,
}

/// The configuration as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ConfigView {
    /// The file it is read from; absent when the daemon was started without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub file: Option<String>,
    /// When it came into force.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub since: Timestamp,
    /// Everything in force, defaults included, with the names of `newsreel.toml`; secrets are `(hidden)`.
    #[cfg_attr(feature = "schema", schema(value_type = Object))]
    pub in_force: serde_json::Map<String, serde_json::Value>,
    /// Keys whose value in the file counts only once the daemon is started again.
    pub needs_restart: Vec<String>,
    /// What is wrong with the file as it is now, with line and caret: what is in force is from before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub refused: Option<String>,
}

/// An open file of a job's output.
#[derive(Debug)]
pub struct MediaFile {
    /// Readable and seekable, at its start.
    pub file: File,
    /// Bytes.
    pub len: u64,
    /// Last change.
    pub modified: Option<Timestamp>,
    /// Whether the bytes under this name never change.
    pub immutable: bool,
}

/// A stretch of the event log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<LoggedEvent>,
    /// What the log holds by now.
    pub ends: LogEnds,
}

/// How far a running job is, for whoever is told while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningJob {
    /// The job.
    pub id: JobId,
    /// Whose it is.
    pub tenant: String,
    /// How far it is.
    pub progress: Progress,
}

/// What the HTTP interface asks of the daemon.
pub trait Control: Send + Sync {
    /// Accepts a job; it is durable when this returns. `by` is who asks: idempotency keys are theirs, and their roots bind
    /// the job. That the job is of a tenant they may use was checked.
    ///
    /// # Errors
    /// What is wrong with the request, [`crate::Code::QueueFull`] or [`crate::Code::IdempotencyConflict`].
    fn submit(
        &self,
        spec: JobSpec,
        idempotency_key: Option<String>,
        by: &Principal,
    ) -> Answer<'_, Submitted>;
    /// Lists jobs, newest first.
    ///
    /// # Errors
    /// [`crate::Code::StoreFailed`].
    fn jobs(&self, query: JobQuery) -> Answer<'_, JobPage>;
    /// Finds jobs by their words, the best match first.
    ///
    /// # Errors
    /// [`crate::Code::StoreFailed`].
    fn search(&self, query: SearchQuery) -> Answer<'_, Vec<SearchHit>>;
    /// One job.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`].
    fn job(&self, id: JobId) -> Answer<'_, JobView>;
    /// Stops a job; what it published stays. Cancelling one that is cancelled already changes nothing.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`], or [`crate::Code::JobState`] when it completed or failed before.
    fn cancel(&self, id: JobId) -> Answer<'_, JobView>;
    /// Puts a failed or cancelled job back in the queue; finished segments are kept.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`], or [`crate::Code::JobState`] when it is neither.
    fn retry(&self, id: JobId) -> Answer<'_, JobView>;
    /// Gives a job that waits or runs another priority, 0–100, from now on.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`], or [`crate::Code::JobState`] when it has ended.
    fn prioritise(&self, id: JobId, priority: u8) -> Answer<'_, JobView>;
    /// Makes one of a completed job's thumbnails its poster.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`], [`crate::Code::JobState`] when it has not completed, or
    /// [`crate::Code::RequestInvalid`] when there is no such thumbnail.
    fn poster(&self, id: JobId, choice: PosterChoice) -> Answer<'_, JobView>;
    /// What a job has made of each rung, largest first; none before its plan is known.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`].
    fn outputs(&self, id: JobId) -> Answer<'_, Vec<OutputView>>;
    /// A job's pictures by size, the usual one first; none before its plan is known, or of sound alone.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`].
    fn pictures(&self, id: JobId) -> Answer<'_, Vec<PictureSet>>;
    /// Forgets an ended job; its output is removed when it lies under the daemon's own output root.
    ///
    /// # Errors
    /// [`crate::Code::JobUnknown`], or [`crate::Code::JobState`] while it is queued or running.
    fn delete(&self, id: JobId) -> Answer<'_, ()>;
    /// The devices.
    ///
    /// # Errors
    /// [`crate::Code::ShuttingDown`].
    fn devices(&self) -> Answer<'_, Vec<DeviceView>>;
    /// The profiles, by name.
    ///
    /// # Errors
    /// None that is expected.
    fn profiles(&self) -> Answer<'_, Vec<ProfileView>>;
    /// The queue, as far as it is one tenant's, or all of it.
    ///
    /// # Errors
    /// [`crate::Code::ShuttingDown`].
    fn queue(&self, tenant: Option<String>) -> Answer<'_, QueueView>;
    /// The configuration in force, secrets hidden.
    ///
    /// # Errors
    /// None that is expected.
    fn config(&self) -> Answer<'_, ConfigView>;
    /// Opens a published file of a job. `path` is relative, as in `video/720p/init.mp4`; `.work` and anything that leads
    /// out of the job's directory is not there.
    ///
    /// # Errors
    /// [`crate::Code::InputNotFound`] when there is no such file.
    fn media(&self, id: JobId, path: String) -> Answer<'_, MediaFile>;
    /// Events of the log after `after`, oldest first, some hundred at most, of one job or of all.
    ///
    /// # Errors
    /// [`crate::Code::StoreFailed`].
    fn events(&self, after: u64, job: Option<JobId>) -> Answer<'_, EventPage>;
    /// Waits until more may have been logged than when this gave `seen` (0 at first), and gives what to wait for next. Ends
    /// now and then without news.
    ///
    /// # Errors
    /// [`crate::Code::ShuttingDown`].
    fn news(&self, seen: u64) -> Answer<'_, u64>;
    /// The jobs that run now.
    fn running(&self) -> Vec<RunningJob>;
    /// How it stands with each receiver of webhooks that something is on its way to: something of one tenant's jobs, or
    /// anything.
    ///
    /// # Errors
    /// [`crate::Code::StoreFailed`].
    fn endpoints(&self, tenant: Option<String>) -> Answer<'_, Vec<EndpointView>>;
    /// Tries again what was given up for a receiver, of one tenant's jobs or all of it; says how many deliveries those are.
    ///
    /// # Errors
    /// [`crate::Code::StoreFailed`].
    fn replay(&self, endpoint: String, tenant: Option<String>) -> Answer<'_, u64>;
    /// Everything counted, in Prometheus' text format.
    ///
    /// # Errors
    /// [`crate::Code::StoreFailed`].
    fn metrics(&self) -> Answer<'_, String>;
    /// What is sent piece by piece.
    fn uploads(&self) -> &dyn Uploads;
    /// Whether new work is taken.
    fn ready(&self) -> bool;
}
