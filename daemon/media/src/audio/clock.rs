//! Samples on the programme's clock: gaps become silence, overlaps are cut, small jitter is ridden over.

use newsreel_model::Result;

use crate::errors;
use crate::ffi::Frame;

use super::AudioTask;

/// Times that differ from the count of samples by less are the container's rounding, not a gap; seconds.
const JITTER_S: f64 = 0.015;

/// A queue of samples that ends at a known place of the programme.
pub struct Clock {
    channels: Vec<Vec<f32>>,
    /// Sample number of the first queued sample.
    start: i64,
    sample_rate: u32,
    jitter: i64,
    max_gap: i64,
    /// Added to every time since a wild jump was closed up.
    shift: i64,
}

impl Clock {
    pub fn new(task: &AudioTask) -> Self {
        let rate = f64::from(task.plan.sample_rate);
        #[allow(clippy::cast_possible_truncation, reason = "float to int saturates")]
        let samples = |s: f64| (s * rate) as i64;
        Self {
            channels: vec![Vec::new(); task.plan.channels as usize],
            start: 0,
            sample_rate: task.plan.sample_rate,
            jitter: samples(JITTER_S),
            max_gap: samples(task.max_gap_s),
            shift: 0,
        }
    }

    /// One empty vector per channel.
    pub fn blank(&self) -> Vec<Vec<f32>> {
        vec![Vec::new(); self.channels.len()]
    }

    fn queued(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Sample number that the next sample would get.
    pub fn position(&self) -> i64 {
        self.start + i64::try_from(self.queued()).unwrap_or(i64::MAX)
    }

    /// Whether a block that claims to begin at `at` simply goes on.
    pub fn is_continuous(&self, at: Option<i64>) -> bool {
        // The first block is placed exactly: an encoder's priming is shorter than the jitter of some containers.
        let jitter = if self.position() == 0 { 0 } else { self.jitter };
        at.is_none_or(|at| (at.saturating_add(self.shift) - self.position()).abs() <= jitter)
    }

    /// Puts a block where its time says.
    pub fn put(&mut self, at: Option<i64>, samples: &[Vec<f32>]) {
        if self.is_continuous(at) {
            self.append(samples);
            return;
        }
        let position = self.position();
        let mut at = at.unwrap_or(position).saturating_add(self.shift);
        // Before the programme begins any distance is plausible; later a far jump is a new time base.
        let behind = at < position - self.max_gap && position > 0;
        if at > position.saturating_add(self.max_gap) || behind {
            self.shift += position - at;
            at = position;
        }
        if at > position {
            self.silence(at - position);
            self.append(samples);
        } else {
            let skip = usize::try_from(position - at).unwrap_or(usize::MAX);
            let rest: Vec<Vec<f32>> = samples
                .iter()
                .map(|c| c.get(skip..).unwrap_or(&[]).to_vec())
                .collect();
            self.append(&rest);
        }
    }

    /// Adds samples at the end.
    pub fn append(&mut self, samples: &[Vec<f32>]) {
        for (queue, new) in self.channels.iter_mut().zip(samples) {
            queue.extend_from_slice(new);
        }
    }

    fn silence(&mut self, samples: i64) {
        let count = usize::try_from(samples).unwrap_or(0);
        for queue in &mut self.channels {
            queue.resize(queue.len() + count, 0.0);
        }
    }

    /// Silence up to sample number `end`.
    pub fn fill_until(&mut self, end: i64) {
        self.silence(end - self.position());
    }

    /// Gives out whole blocks; with `last` the rest too, and nothing beyond `end`.
    pub fn give_blocks(
        &mut self,
        block: usize,
        end: Option<i64>,
        last: bool,
        mut give: impl FnMut(Frame) -> Result<()>,
    ) -> Result<()> {
        if let Some(end) = end {
            let keep = usize::try_from(end - self.start).unwrap_or(0);
            for queue in &mut self.channels {
                queue.truncate(keep);
            }
        }
        let mut taken = 0;
        while self.queued() - taken >= block || (last && self.queued() > taken) {
            let until = (taken + block).min(self.queued());
            let planes: Vec<&[f32]> = self.channels.iter().map(|c| &c[taken..until]).collect();
            let frame = Frame::from_planar_f32(&planes, self.sample_rate)
                .map_err(errors::engine("encoding the sound"))?;
            let mut frame = frame;
            frame.set_pts(self.start + i64::try_from(taken).unwrap_or(0));
            give(frame)?;
            taken = until;
        }
        for queue in &mut self.channels {
            queue.drain(..taken);
        }
        self.start += i64::try_from(taken).unwrap_or(0);
        Ok(())
    }
}
