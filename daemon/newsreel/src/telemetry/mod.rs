//! What is counted, and what is said in the log with it. No metric is named anywhere else.
//!
//! Not here: where metrics are served (`newsreel-api`), or what is decided by them (nothing is).

mod gauges;
mod happenings;
mod traces;

use std::time::Duration;

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use newsreel_model::{Error, Result};

use crate::threads;

pub use gauges::{Moment, Standing, show};
pub use happenings::{
    ConfigApplied, ConfigRefused, Delivered, DeviceOut, DeviceRestored, FellBack, JobEnded,
    JobForgotten, JobPlayable, Preempted, Published, SessionFailed, SessionSpent, WorkerDied,
    WorkerStarted,
};

pub use traces::Traces;

/// How often what was measured is gathered while nobody asks for it.
const GATHER: Duration = Duration::from_secs(5);

/// Bounds of durations, in seconds: from what a reader notices to what an editor gives up on.
const SECONDS: [f64; 12] = [
    0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 7200.0,
];

/// The way to what was counted, as Prometheus reads it.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to count. Once in a process.
    ///
    /// # Errors
    /// Something counts already, or no thread can be started.
    pub fn install() -> Result<Self> {
        let failed = |e: String| Error::bug("metrics cannot be counted").with_detail(e);
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .map_err(|e| failed(e.to_string()))?
            .build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|e| failed(e.to_string()))?;
        describe();
        let gather = handle.clone();
        threads::start("metrics", move || {
            loop {
                std::thread::sleep(GATHER);
                gather.run_upkeep();
            }
        })?;
        Ok(Self(handle))
    }

    /// Everything counted, in Prometheus' text format.
    pub fn text(&self) -> String {
        self.0.render()
    }
}

fn describe() {
    describe_counter!(
        "newsreel_webhook_attempts_total",
        "Attempts to deliver an event, by receiver and outcome."
    );
    describe_histogram!(
        "newsreel_webhook_lag_seconds",
        "Seconds from an event to its delivery."
    );
    describe_gauge!(
        "newsreel_webhook_deliveries",
        "Deliveries, by receiver and state."
    );
    describe_gauge!(
        "newsreel_webhook_oldest_seconds",
        "Age of the oldest delivery that waits, by receiver."
    );
    describe_counter!(
        "newsreel_config_reloads_total",
        "Times the configuration was read again, by whether it was applied or refused."
    );
    describe_histogram!(
        "newsreel_session_device_seconds",
        "Seconds of a whole device that sessions took, by tenant and device."
    );
    describe_counter!(
        "newsreel_cost_millionths_total",
        "What that cost at the configured prices, in millionths of the currency, by tenant."
    );
    describe_counter!(
        "newsreel_jobs_forgotten_total",
        "Ended jobs kept no longer, by whether they were too old or took too much room."
    );
    describe_counter!(
        "newsreel_frames_total",
        "Video frames published, over all rungs."
    );
    describe_counter!("newsreel_segments_total", "Video segments published.");
    describe_counter!(
        "newsreel_published_bytes_total",
        "Bytes of all pieces published."
    );
    describe_counter!(
        "newsreel_jobs_ended_total",
        "Jobs that ended, by state, code and tenant."
    );
    describe_histogram!(
        "newsreel_job_seconds",
        "Seconds from a job's submit to its completion."
    );
    describe_histogram!(
        "newsreel_playable_seconds",
        "Seconds from a job's submit until it could be played."
    );
    describe_counter!(
        "newsreel_session_failures_total",
        "Sessions that failed, by code and class of error."
    );
    describe_counter!(
        "newsreel_fallbacks_total",
        "Work that went on on another device, by the device it left and why."
    );
    describe_counter!(
        "newsreel_preemptions_total",
        "Runs that gave their place to breaking news."
    );
    describe_counter!(
        "newsreel_workers_started_total",
        "Worker processes started."
    );
    describe_counter!(
        "newsreel_workers_died_total",
        "Worker processes that ended without being told to."
    );
    describe_counter!("newsreel_quarantines_total", "Devices taken out of use.");
    describe_gauge!("newsreel_jobs", "Jobs in the store, by state.");
    describe_gauge!(
        "newsreel_queue_jobs",
        "Jobs that wait or are worked on, by band of priority and whether they run."
    );
    describe_gauge!(
        "newsreel_queue_oldest_seconds",
        "Age of the oldest job that waits, by band of priority."
    );
    describe_gauge!(
        "newsreel_device_capacity",
        "What a device can do, by resource, reserves taken off."
    );
    describe_gauge!("newsreel_device_used", "What of it is in use.");
    describe_gauge!("newsreel_device_sessions", "Sessions on a device.");
    describe_gauge!(
        "newsreel_device_quarantined",
        "1 while a device is out of use."
    );
    describe_gauge!("newsreel_workers", "Worker processes.");
    describe_gauge!(
        "newsreel_disk_free_bytes",
        "Free space where the daemon keeps its own."
    );
    describe_gauge!("newsreel_events_logged", "Number of the newest event.");
    describe_gauge!("newsreel_build_info", "1, with the version.");
}
