//! Things that happen: each is one type, and one call writes its line in the log and counts it.

use std::time::{Duration, SystemTime};

use metrics::{counter, histogram};
use newsreel_config::Difference;
use newsreel_model::event::Spent;
use newsreel_model::job::{Finished, JobState};
use newsreel_model::webhook::{Delivery, Settled};
use newsreel_model::{Code, Error, JobId};
use newsreel_scheduler::{Epoch, WorkerSlot};
use opentelemetry::KeyValue;

use super::traces::Took;

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
    pub spent: &'a Spent,
}

impl JobEnded<'_> {
    pub fn emit(&self) {
        let (state, code) = (self.state.name(), self.code.map_or("", Code::name));
        let Spent {
            device_s,
            cost,
            currency,
        } = self.spent;
        let (job, after_s) = (self.job, self.after_s);
        tracing::info!(%job, state, code, after_s, device_s, cost, currency, "ended");
        let labels = [
            ("state", state.to_owned()),
            ("code", code.to_owned()),
            ("tenant", self.tenant.to_owned()),
        ];
        counter!("newsreel_jobs_ended_total", &labels).increment(1);
        Took {
            job,
            name: "job",
            began: ago(after_s),
            attributes: vec![
                KeyValue::new("newsreel.tenant", self.tenant.to_owned()),
                KeyValue::new("newsreel.state", state),
            ],
            error: self.code.map(Code::name),
        }
        .tell_of_job();
        if self.state == JobState::Completed {
            histogram!("newsreel_job_seconds").record(self.after_s);
        }
    }
}

/// A session is over, and this is what it took.
pub struct SessionSpent<'a> {
    pub job: JobId,
    /// What it did.
    pub task: &'static str,
    /// How long that took.
    pub wall_s: f64,
    pub tenant: &'a str,
    pub device: &'a str,
    pub spent: &'a Spent,
}

impl SessionSpent<'_> {
    /// Counters are of whole numbers: a price is counted in millionths.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small prices, never negative"
    )]
    pub fn emit(&self) {
        let labels = [
            ("tenant", self.tenant.to_owned()),
            ("device", self.device.to_owned()),
        ];
        histogram!("newsreel_session_device_seconds", &labels).record(self.spent.device_s);
        let labels = [
            ("tenant", self.tenant.to_owned()),
            ("currency", self.spent.currency.clone()),
        ];
        let millionths = (self.spent.cost * 1e6).round() as u64;
        counter!("newsreel_cost_millionths_total", &labels).increment(millionths);
        Took {
            job: self.job,
            name: self.task,
            began: ago(self.wall_s),
            attributes: vec![KeyValue::new("newsreel.device", self.device.to_owned())],
            error: None,
        }
        .tell_of_part();
    }
}

/// An ended job was forgotten, and what it left removed.
pub struct JobForgotten {
    pub job: JobId,
    /// `age` or `size`.
    pub because_of: &'static str,
}

impl JobForgotten {
    pub fn emit(&self) {
        let because_of = self.because_of;
        tracing::info!(job = %self.job, because_of, "kept no longer");
        counter!("newsreel_jobs_forgotten_total", "because_of" => because_of).increment(1);
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
    pub wall_s: f64,
}

impl Delivered<'_> {
    pub fn emit(&self) {
        let new = &self.delivery.new;
        let (endpoint, event, attempts) = (&new.endpoint, new.event, self.delivery.attempts);
        let (outcome, error) = match self.settled {
            Settled::Delivered => {
                let lag = jiff::Timestamp::now().duration_since(new.created_at);
                histogram!("newsreel_webhook_lag_seconds").record(lag.as_secs_f64());
                ("delivered", None)
            }
            Settled::Again { at, why } => {
                tracing::info!(endpoint, event, attempts, %at, "not delivered yet: {why}");
                ("again", Some(why.as_str()))
            }
            Settled::Parked { why } => {
                tracing::warn!(
                    endpoint,
                    event,
                    attempts,
                    "not delivered, and given up until it is asked for: {why}"
                );
                ("parked", Some(why.as_str()))
            }
        };
        let labels = [
            ("endpoint", endpoint.clone()),
            ("outcome", outcome.to_owned()),
        ];
        counter!("newsreel_webhook_attempts_total", &labels).increment(1);
        if let Some(job) = new.job {
            Took {
                job,
                name: "delivery",
                began: ago(self.wall_s),
                attributes: vec![KeyValue::new("newsreel.receiver", endpoint.clone())],
                error,
            }
            .tell_of_part();
        }
    }
}

/// The most changes of a configuration that are logged one by one.
const MAX_CHANGES: usize = 50;

/// Another configuration is in force.
pub struct ConfigApplied<'a>(pub &'a [Difference]);

impl ConfigApplied<'_> {
    pub fn emit(&self) {
        for change in self.0.iter().take(MAX_CHANGES) {
            let key = &change.key;
            if change.needs_restart {
                tracing::warn!(key, "configuration, not in force yet: {change}");
            } else {
                tracing::info!(key, "configuration: {change}");
            }
        }
        let restart = self.0.iter().filter(|d| d.needs_restart).count();
        let applied = self.0.len() - restart;
        tracing::info!(applied, restart, "configuration read");
        counter!("newsreel_config_reloads_total", "outcome" => "applied").increment(1);
    }
}

/// A configuration was refused; the one before it stays in force.
pub struct ConfigRefused<'a>(pub &'a Error);

impl ConfigRefused<'_> {
    pub fn emit(&self) {
        tracing::error!(
            "configuration refused, the one before stays in force:\n{}",
            self.0
        );
        counter!("newsreel_config_reloads_total", "outcome" => "refused").increment(1);
    }
}

/// So many seconds before now.
fn ago(seconds: f64) -> SystemTime {
    let now = SystemTime::now();
    let span = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    now.checked_sub(span).unwrap_or(now)
}
