//! Samples on the programme's clock: gaps become silence, overlaps are cut, small jitter is ridden over.

/// Times that differ from the count of samples by less are the container's rounding, not a gap; seconds.
const JITTER_S: f64 = 0.015;

/// A queue of samples that ends at a known place of the programme.
pub struct Clock {
    channels: Vec<Vec<f32>>,
    /// Sample number of the first queued sample.
    start: i64,
    jitter: i64,
    max_gap: i64,
    /// Added to every time since a wild jump was closed up.
    shift: i64,
}

impl Clock {
    /// A clock at 0 for `channels` channels; a gap of more than `max_gap_s` seconds is closed up.
    pub fn new(channels: u32, sample_rate: u32, max_gap_s: f64) -> Self {
        let rate = f64::from(sample_rate);
        #[allow(clippy::cast_possible_truncation, reason = "float to int saturates")]
        let samples = |s: f64| (s * rate) as i64;
        Self {
            channels: vec![Vec::new(); channels as usize],
            start: 0,
            jitter: samples(JITTER_S),
            max_gap: samples(max_gap_s),
            shift: 0,
        }
    }

    /// One empty vector per channel.
    pub fn blank(&self) -> Vec<Vec<f32>> {
        vec![Vec::new(); self.channels.len()]
    }

    /// How many samples wait to be taken.
    pub fn queued(&self) -> usize {
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

    /// Forgets what lies at or behind sample number `end`.
    pub fn cut_at(&mut self, end: i64) {
        let keep = usize::try_from(end - self.start).unwrap_or(0);
        for queue in &mut self.channels {
            queue.truncate(keep);
        }
    }

    /// Takes the first `count` samples, of each channel, onto the end of `out`.
    pub fn take(&mut self, count: usize, out: &mut [Vec<f32>]) {
        let count = count.min(self.queued());
        for (queue, out) in self.channels.iter_mut().zip(out) {
            out.extend(queue.drain(..count));
        }
        self.start += i64::try_from(count).unwrap_or(0);
    }
}
