//! The plan's gain, and peaks held at or below −1 dBTP by turning the sound down for a moment ahead of them. Not which gain.

use std::collections::VecDeque;

use newsreel_model::plan::AudioPlan;

/// The highest peak that is let through: −1 dBTP, as EBU R 128 has it.
const CEILING: f32 = 0.891_25;
/// Milliseconds before a peak from which on the sound is turned down.
const AHEAD_MS: u32 = 5;
/// Milliseconds in which it comes back by two thirds.
const RELEASE_MS: u32 = 100;
/// Samples on either side that a value between two samples is computed from.
const REACH: usize = 6;
/// Values that are looked at between two samples, those themselves not counted.
const BETWEEN: usize = 3;
/// The wave between two samples is hardly ever twice as high as the highest of its neighbours.
const HARMLESS: f32 = CEILING / 2.0;

/// A gain and a limiter for all channels of a rendition. What it gives out is as long as what it got.
pub struct Leveller {
    taps: [[f32; REACH * 2]; BETWEEN],
    /// What every sample is multiplied with.
    gain: f32,
    /// The last samples of each channel, those included that were given out but are still looked at.
    history: Vec<VecDeque<f32>>,
    /// The gain that each of the last samples asks for, that of the window's least first: number and gain, rising.
    least: VecDeque<(u64, f32)>,
    /// The gains of the last window, for their mean.
    window: VecDeque<f32>,
    sum: f64,
    released: f32,
    release: f32,
    ahead: usize,
    /// Samples taken in.
    taken: u64,
    /// Samples given out.
    given: u64,
}

impl Leveller {
    /// The limiter of a rendition that needs one.
    pub fn of(plan: &AudioPlan) -> Option<Self> {
        plan.limited.then(|| {
            let gain_db = plan.loudness.as_ref().map_or(0.0, |l| l.gain_db);
            Self::new(plan.channels as usize, plan.sample_rate, gain_db)
        })
    }

    fn new(channels: usize, sample_rate: u32, gain_db: f64) -> Self {
        let samples = |ms: u32| (sample_rate * ms / 1000).max(1);
        let ahead = samples(AHEAD_MS) as usize;
        #[allow(clippy::cast_precision_loss, reason = "some thousand samples")]
        let release = 1.0 - (-1.0 / samples(RELEASE_MS) as f32).exp();
        #[allow(clippy::cast_possible_truncation, reason = "a factor")]
        let gain = 10f64.powf(gain_db / 20.0) as f32;
        Self {
            taps: taps(),
            gain,
            history: vec![VecDeque::from(vec![0.0; REACH * 2]); channels],
            least: VecDeque::new(),
            window: VecDeque::from(vec![1.0; ahead]),
            #[allow(clippy::cast_precision_loss, reason = "some hundred samples")]
            sum: ahead as f64,
            released: 1.0,
            release,
            ahead,
            taken: 0,
            given: 0,
        }
    }

    /// Takes samples in and gives out, onto the end of `out`, those that nothing after them can change any more: with
    /// `last`, all.
    #[allow(
        clippy::needless_range_loop,
        reason = "a moment of all channels at a time, each of which is a row"
    )]
    pub fn level(&mut self, samples: &[Vec<f32>], last: bool, out: &mut [Vec<f32>]) {
        let count = samples.first().map_or(0, Vec::len);
        for n in 0..count {
            self.step(|channel| samples[channel][n], out);
        }
        if last {
            let end = self.taken;
            while self.given < end {
                self.step(|_| 0.0, out);
            }
        }
    }

    fn step(&mut self, sample: impl Fn(usize) -> f32, out: &mut [Vec<f32>]) {
        for (channel, history) in self.history.iter_mut().enumerate() {
            history.push_back(sample(channel) * self.gain);
        }
        let asked = self.asked();
        while self.least.back().is_some_and(|(_, gain)| *gain >= asked) {
            self.least.pop_back();
        }
        self.least.push_back((self.taken, asked));
        let ahead = self.ahead as u64;
        while self
            .least
            .front()
            .is_some_and(|(n, _)| n + ahead <= self.taken)
        {
            self.least.pop_front();
        }
        let least = self.least.front().map_or(1.0, |(_, gain)| *gain);
        self.released += (1.0 - self.released) * self.release;
        self.released = self.released.min(least);
        // The mean over the window slopes down to the least gain, and reaches it at the peak.
        self.sum += f64::from(self.released);
        self.window.push_back(self.released);
        self.sum -= f64::from(self.window.pop_front().unwrap_or(1.0));
        self.taken += 1;
        #[allow(clippy::cast_possible_truncation, reason = "a gain between 0 and 1")]
        let gain = (self.sum / self.ahead as f64) as f32;
        // The sample whose peak came into the window first is now at its end; before it, `REACH` were looked at only.
        let delay = self.ahead - 1 + REACH;
        let keep = delay + 1 + REACH;
        let ready = self.taken > delay as u64;
        for (history, out) in self.history.iter_mut().zip(out) {
            if ready && let Some(sample) = history.get(history.len() - 1 - delay) {
                out.push((sample * gain).clamp(-1.0, 1.0));
            }
            while history.len() > keep {
                history.pop_front();
            }
        }
        self.given += u64::from(ready);
    }

    /// The gain that the sample `REACH` before the newest asks for, and the wave behind it up to the next.
    fn asked(&self) -> f32 {
        let mut peak = 0f32;
        for history in &self.history {
            let from = history.len() - REACH * 2;
            let near: [f32; REACH * 2] = std::array::from_fn(|n| history[from + n]);
            let highest = near.iter().fold(0f32, |high, s| high.max(s.abs()));
            // Where the sample itself stands in `near`.
            peak = peak.max(near[REACH - 1].abs());
            if highest > HARMLESS {
                for taps in &self.taps {
                    let value: f32 = near.iter().zip(taps).map(|(s, tap)| s * tap).sum();
                    peak = peak.max(value.abs());
                }
            }
        }
        if peak > CEILING { CEILING / peak } else { 1.0 }
    }
}

/// A windowed sinc for each place between two samples.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small counts; coefficients"
)]
fn taps() -> [[f32; REACH * 2]; BETWEEN] {
    use std::f64::consts::PI;
    let reach = REACH as f64;
    std::array::from_fn(|phase| {
        let fraction = (phase + 1) as f64 / (BETWEEN + 1) as f64;
        std::array::from_fn(|n| {
            let distance = n as f64 - (reach - 1.0) - fraction;
            let window = (PI * distance / (2.0 * reach)).cos().powi(2);
            let x = PI * distance;
            (x.sin() / x * window) as f32
        })
    })
}

#[cfg(test)]
#[path = "level_tests.rs"]
mod tests;
