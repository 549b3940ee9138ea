//! What a simulated schedule came to. Not here: how it is shown.

use std::time::Duration;

/// Bands of priority: breaking, ordinary, bulk.
pub const BANDS: [&str; 3] = ["breaking", "ordinary", "bulk"];

/// The band of a priority.
pub fn band(priority: u8) -> usize {
    match priority {
        90.. => 0,
        40..90 => 1,
        _ => 2,
    }
}

/// Measured of one rule.
#[derive(Debug, Default)]
pub struct Outcome {
    /// When the last job was done.
    pub makespan_ms: u64,
    /// From arrival to the first session that encodes, by band.
    pub waits_ms: [Vec<u64>; 3],
    /// From the order to cut to the session it was for.
    pub preempted_ms: Vec<u64>,
    /// Share of the encoders in use, 0–1, every [`Gauge::STEP_MS`].
    pub busy: Vec<f64>,
    /// Questions put to the rule.
    pub inputs: u64,
    /// Sessions it began.
    pub starts: u64,
    /// Real time it took over them.
    pub spent: Duration,
}

/// The value at so many percent of the way through, in seconds; NaN where there is none.
#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds of a simulation are far below 2^52"
)]
pub fn percentile_s(values: &[u64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    let at = (sorted.len() * percent / 100).min(last);
    sorted.get(at).map_or(f64::NAN, |ms| *ms as f64 / 1000.0)
}

/// Watches how much of the encoders is in use.
#[derive(Debug)]
pub struct Gauge {
    all_kpx_s: u64,
    used_kpx_s: u64,
    busy: Vec<f64>,
}

impl Gauge {
    /// Between two looks.
    pub const STEP_MS: u64 = 5_000;

    /// Over encoders of so many kilopixels a second together.
    pub fn new(all_kpx_s: u64) -> Self {
        Self {
            all_kpx_s,
            used_kpx_s: 0,
            busy: Vec::new(),
        }
    }

    /// Looks at what was in use until now.
    #[allow(clippy::cast_precision_loss, reason = "only shown")]
    pub fn pass(&mut self, now_ms: u64) {
        while self.busy.len() as u64 * Self::STEP_MS < now_ms {
            self.busy
                .push(self.used_kpx_s as f64 / self.all_kpx_s as f64);
        }
    }

    /// A session begins.
    pub fn begin(&mut self, kpx_s: u64) {
        self.used_kpx_s += kpx_s;
    }

    /// A session is over.
    pub fn end(&mut self, kpx_s: u64) {
        self.used_kpx_s = self.used_kpx_s.saturating_sub(kpx_s);
    }

    /// All looks.
    pub fn busy(self) -> Vec<f64> {
        self.busy
    }
}
