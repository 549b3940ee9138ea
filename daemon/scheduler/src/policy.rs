//! The knobs, with their defaults. Not here: reading them from a file.

use newsreel_model::capacity::Resources;

/// How the scheduler behaves. All times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// From this base priority on (0–100) a job is breaking: it goes first and preempts jobs of lower base priority.
    pub breaking_priority: u8,
    /// A waiting job gains one point of priority over its tenant's other jobs in this time.
    pub ageing_ms_per_point: u64,
    /// How long a job waits before it counts as starved, and the least time between two placements for starved jobs.
    pub starvation_ms: u64,
    /// How long smaller jobs pass the first in line outside the breaking band, where that fits nowhere; then a device is kept
    /// for it. Short, or large jobs are left over until the end, when nothing small is there to fill up beside them.
    pub patience_ms: u64,
    /// A session runs at least this long before it is preempted. A tenant is charged at least as much per session.
    pub min_run_ms: u64,
    /// Least time between two preemptions of one job.
    pub preempt_gap_ms: u64,
    /// Failures to retry without progress in between, after which a job fails. 1 or more.
    pub max_failures: u32,
    /// The same of what was refused because others were quicker: it says nothing against the job. 1 or more.
    pub max_refusals: u32,
    /// Pause after the first failure; doubles with each.
    pub backoff_base_ms: u64,
    /// The longest pause.
    pub backoff_max_ms: u64,
    /// Deaths of a worker that hosted only this job, without progress in between, after which the job fails. 1 or more.
    pub max_solo_deaths: u32,
    /// So many different jobs failing on a device ...
    pub breaker_failures: usize,
    /// ... within this time quarantine it.
    pub breaker_window_ms: u64,
    /// From quarantine to self-test; doubles with each failed test, up to eight times.
    pub breaker_cooldown_ms: u64,
    /// Kept free on every device.
    pub reserve: Resources,
    /// Kept free on the disk: below it nothing starts and what runs is cut.
    pub disk_reserve_bytes: u64,
    /// Jobs outside the breaking band with sessions at the same time. 1 or more.
    pub max_running_jobs: usize,
    /// The fewest segments worth a session of their own when work is spread. 1 or more.
    pub min_segments_per_run: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            breaking_priority: 90,
            ageing_ms_per_point: 60_000,
            starvation_ms: 600_000,
            patience_ms: 5_000,
            min_run_ms: 10_000,
            preempt_gap_ms: 60_000,
            max_failures: 5,
            max_refusals: 50,
            backoff_base_ms: 1_000,
            backoff_max_ms: 60_000,
            max_solo_deaths: 2,
            breaker_failures: 3,
            breaker_window_ms: 60_000,
            breaker_cooldown_ms: 30_000,
            reserve: Resources::default(),
            disk_reserve_bytes: 1 << 30,
            max_running_jobs: 10_000,
            min_segments_per_run: 4,
        }
    }
}

impl Policy {
    /// Whether a base priority lies in the breaking band.
    #[must_use]
    pub fn breaking(&self, priority: u8) -> bool {
        priority >= self.breaking_priority
    }

    /// The pause after so many failures in a row.
    pub(crate) fn backoff_ms(&self, failures: u32) -> u64 {
        doubled(self.backoff_base_ms, failures.saturating_sub(1)).min(self.backoff_max_ms)
    }

    /// The quarantine after so many failed self-tests in a row.
    pub(crate) fn cooldown_ms(&self, failed_tests: u32) -> u64 {
        doubled(self.breaker_cooldown_ms, failed_tests.min(3))
    }
}

fn doubled(base: u64, times: u32) -> u64 {
    base.saturating_mul(1_u64.checked_shl(times).unwrap_or(u64::MAX))
}
