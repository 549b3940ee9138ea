//! Things that happen: each is one type, and one call writes its line in the log and counts it.

use metrics::{counter, histogram};
use newsreel_model::job::{Finished, JobState};
use newsreel_model::webhook::{Delivery, Settled};
use newsreel_model::{Code, Error, JobId};
use newsreel_scheduler::{Epoch, WorkerSlot};

/// Pieces of a job became public.
pub struct Published<'a>(pub &'a [Finished]);

impl Published<'_> {
    pub fn emit(&self) {
        for piece in self.0 {
            counter!("newsreel_published_bytes_total").increment(piece.bytes);
            let frames = piece.video_frames();
            if frames > 0 {
                counter!("newsreel_segments_total", "made_by" => piece.made_by.clone())
                    .increment(1);
                counter!("newsreel_frames_total", "made_by" => piece.made_by.clone())
                    .increment(frames);
            }
        }
    }
}

/// A job can be played.
pub struct JobPlayable {
    pub job: JobId,
    /// Since it was submitted.
    pub after_s: f64,
}

impl JobPlayable {
    pub fn emit(&self) {
        tracing::info!(job = %self.job, after_s = self.after_s, "playable");
        histogram!("newsreel_playable_seconds").record(self.after_s);
    }
}

/// A job ended.
pub struct JobEnded<'a> {
    pub job: JobId,
    pub tenant: &'a str,
    pub state: JobState,
    pub code: Option<Code>,
    /// Since it was submitted.
    pub after_s: f64,
}

impl JobEnded<'_> {
    pub fn emit(&self) {
        let (state, code) = (self.state.name(), self.code.map_or("", Code::name));
        tracing::info!(job = %self.job, state, code, after_s = self.after_s, "ended");
        let labels = [
            ("state", state.to_owned()),
            ("code", code.to_owned()),
            ("tenant", self.tenant.to_owned()),
        ];
        counter!("newsreel_jobs_ended_total", &labels).increment(1);
        if self.state == JobState::Completed {
            histogram!("newsreel_job_seconds").record(self.after_s);
        }
    }
}

/// A session failed.
pub struct SessionFailed<'a> {
    pub job: JobId,
    pub epoch: Epoch,
    pub error: &'a Error,
}

impl SessionFailed<'_> {
    pub fn emit(&self) {
        let (job, epoch, error) = (self.job, self.epoch.0, self.error);
        let code = error.code().name();
        tracing::warn!(%job, epoch, code, detail = error.detail(), "a session failed: {error}");
        let class = format!("{:?}", error.class()).to_lowercase();
        counter!("newsreel_session_failures_total", "code" => code, "class" => class).increment(1);
    }
}

/// Work goes on on another device.
pub struct FellBack<'a> {
    pub job: JobId,
    pub from: &'a str,
    pub code: Code,
}

impl FellBack<'_> {
    pub fn emit(&self) {
        let code = self.code.name();
        tracing::warn!(job = %self.job, device = self.from, code, "goes on elsewhere");
        counter!("newsreel_fallbacks_total", "from" => self.from.to_owned(), "code" => code)
            .increment(1);
    }
}

/// A run gave its place to another.
pub struct Preempted(pub JobId);

impl Preempted {
    pub fn emit(&self) {
        tracing::info!(job = %self.0, "preempted");
        counter!("newsreel_preemptions_total").increment(1);
    }
}

/// A device is out of use.
pub struct DeviceOut<'a>(pub &'a str);

impl DeviceOut<'_> {
    pub fn emit(&self) {
        tracing::warn!(device = self.0, "out of use");
        counter!("newsreel_quarantines_total", "device" => self.0.to_owned()).increment(1);
    }
}

/// A device is in use again.
pub struct DeviceRestored<'a>(pub &'a str);

impl DeviceRestored<'_> {
    pub fn emit(&self) {
        tracing::info!(device = self.0, "in use again");
    }
}

/// A worker process was started.
pub struct WorkerStarted {
    pub slot: WorkerSlot,
    pub pid: u32,
}

impl WorkerStarted {
    pub fn emit(&self) {
        tracing::debug!(slot = self.slot.0, pid = self.pid, "worker started");
        counter!("newsreel_workers_started_total").increment(1);
    }
}

/// A worker process ended without being told to.
pub struct WorkerDied<'a> {
    pub slot: WorkerSlot,
    pub sessions: usize,
    pub error: &'a Error,
    pub why: &'a str,
}

impl WorkerDied<'_> {
    pub fn emit(&self) {
        let (error, why) = (self.error, self.why);
        tracing::warn!(
            slot = self.slot.0,
            sessions = self.sessions,
            "{error}: {why}"
        );
        counter!("newsreel_workers_died_total", "code" => error.code().name()).increment(1);
    }
}

/// An attempt to deliver an event is over.
pub struct Delivered<'a> {
    pub delivery: &'a Delivery,
    pub settled: &'a Settled,
}

impl Delivered<'_> {
    pub fn emit(&self) {
        let new = &self.delivery.new;
        let (endpoint, event, attempts) = (&new.endpoint, new.event, self.delivery.attempts);
        let outcome = match self.settled {
            Settled::Delivered => {
                let lag = jiff::Timestamp::now().duration_since(new.created_at);
                histogram!("newsreel_webhook_lag_seconds").record(lag.as_secs_f64());
                "delivered"
            }
            Settled::Again { at, why } => {
                tracing::info!(endpoint, event, attempts, %at, "not delivered yet: {why}");
                "again"
            }
            Settled::Parked { why } => {
                tracing::warn!(
                    endpoint,
                    event,
                    attempts,
                    "not delivered, and given up until it is asked for: {why}"
                );
                "parked"
            }
        };
        let labels = [
            ("endpoint", endpoint.clone()),
            ("outcome", outcome.to_owned()),
        ];
        counter!("newsreel_webhook_attempts_total", &labels).increment(1);
    }
}
