//! What clients see of jobs, devices and the queue. Not how they ask (`newsreel-api`).

use std::collections::HashMap;

use newsreel_model::JobId;
use newsreel_model::control::{DeviceView, JobView, Progress, QueueView};
use newsreel_model::job::{JobState, layout};
use newsreel_model::store::StoredJob;

use super::core::{Core, since};
use crate::telemetry::Standing;

/// A job that runs, as it is shown.
#[derive(Clone)]
pub struct Running {
    pub tenant: String,
    pub progress: Progress,
}

/// What the deciding thread shows of itself, a few times a second.
#[derive(Default)]
pub struct Snapshot {
    pub running: HashMap<JobId, Running>,
    pub devices: Vec<DeviceView>,
    /// The first that will run, each with its tenant.
    pub next: Vec<(JobId, String)>,
    pub breaking: Standing,
    pub other: Standing,
    pub workers: usize,
    pub disk_free: u64,
}

impl Snapshot {
    pub(super) fn of(core: &Core) -> Self {
        let running = core.jobs.iter().filter(|(_, e)| e.job.frames_total > 0);
        let (mut breaking, mut other) = (Standing::default(), Standing::default());
        for job in core.jobs.values().map(|entry| &entry.job) {
            let is_breaking = job.spec.priority >= core.config.queue.breaking_priority;
            let band = if is_breaking {
                &mut breaking
            } else {
                &mut other
            };
            if job.state == JobState::Queued {
                band.waiting += 1;
                band.oldest_waiting_s = band.oldest_waiting_s.max(since(job.created_at));
            } else {
                band.running += 1;
            }
        }
        Self {
            running: running
                .map(|(id, entry)| {
                    let active = core.sessions.values().any(|s| s.job == *id);
                    let since = entry.encoding.filter(|_| active);
                    let duration_s = entry
                        .live
                        .as_ref()
                        .and_then(|l| l.settled())
                        .map_or(0.0, |(planned, _)| planned.plan.duration_s());
                    let running = Running {
                        tenant: entry.job.spec.tenant.clone(),
                        progress: progress(&entry.job, since, duration_s),
                    };
                    (*id, running)
                })
                .collect(),
            devices: core
                .scheduler
                .devices()
                .filter_map(|d| Some((core.devices.get(&d.id)?, d)))
                .map(|(known, d)| DeviceView {
                    id: d.id.to_string(),
                    kind: known.kind(),
                    name: known.name.clone(),
                    report: known.report.clone(),
                    measured_at: known.measured_at,
                    capacity: d.capacity,
                    used: d.used,
                    sessions: u32::try_from(d.sessions).unwrap_or(u32::MAX),
                    quarantined: d.quarantined,
                })
                .collect(),
            next: core
                .scheduler
                .next_jobs(100)
                .into_iter()
                .filter_map(|id| Some((id, core.jobs.get(&id)?.job.spec.tenant.clone())))
                .collect(),
            breaking,
            other,
            workers: core.hosts.len(),
            disk_free: core.disk_free,
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "frame counts are far below 2^53"
)]
fn progress(
    job: &StoredJob,
    since: Option<(std::time::Instant, u64)>,
    duration_s: f64,
) -> Progress {
    let (done, total) = (job.frames_done, job.frames_total);
    let share = |frames: u64| frames as f64 / total.max(1) as f64;
    let mut shown = Progress {
        // Whatever is left after the last frame is left: only a completed job is at 1.
        progress: share(done).min(0.999),
        frames_done: done,
        frames_total: total,
        speed: 0.0,
        eta_s: None,
    };
    if let Some((at, before)) = since {
        let (elapsed, made) = (at.elapsed().as_secs_f64(), done.saturating_sub(before));
        if elapsed > 0.0 && made > 0 {
            shown.speed = share(made) * duration_s / elapsed;
            shown.eta_s = Some(elapsed * share(total.saturating_sub(done)) / share(made));
        }
    }
    shown
}

/// A job for clients: what the store has, with what the daemon knows of it now.
pub fn job(stored: StoredJob, live: Option<Progress>) -> JobView {
    let mut progress = live.unwrap_or_else(|| progress(&stored, None, 0.0));
    if stored.state == JobState::Completed {
        progress.progress = 1.0;
        progress.speed = 0.0;
        progress.eta_s = None;
    }
    let destination = url::Url::from_directory_path(&stored.destination)
        .map_or_else(|()| stored.destination.clone(), |url| url.to_string());
    JobView {
        playback_path: stored
            .playable
            .then(|| format!("/media/{}/{}", stored.id, layout::MASTER)),
        id: stored.id,
        state: stored.state,
        phase: stored.phase.filter(|_| stored.state == JobState::Running),
        progress,
        created_at: stored.created_at,
        started_at: stored.started_at,
        ended_at: stored.ended_at,
        warnings: stored.warnings,
        failure: stored.failure,
        destination,
        spec: stored.spec,
    }
}

/// The queue for clients.
pub fn queue(counts: &newsreel_model::store::Counts, limit: u64, next: Vec<JobId>) -> QueueView {
    QueueView {
        queued: counts.queued,
        running: counts.running,
        queued_limit: limit,
        next,
    }
}
