//! One rendition's samples on the programme's clock: converted, mixed, its inputs brought together. Nothing is encoded here.

use newsreel_model::Rational;
use newsreel_model::plan::{AudioInput, AudioPlan};
use newsreel_model::rational::rescale;

use crate::ffi::{AvError, Mix, Resampler, SampleFormat};

use super::clock::Clock;
use super::decode::Block;
use super::per_second;

/// What a rendition's samples are made of.
pub struct Mixer {
    sample_rate: u32,
    channels: usize,
    origin: (i64, Rational),
    inputs: Vec<Input>,
}

struct Input {
    plan: AudioInput,
    clock: Clock,
    resampler: Option<(SampleFormat, Resampler)>,
}

impl Mixer {
    /// For a rendition of a programme whose clock reads 0 at `origin` of the source.
    pub fn new(plan: &AudioPlan, origin: (i64, Rational), max_gap_s: f64) -> Self {
        let input = |input: &AudioInput| Input {
            plan: *input,
            clock: Clock::new(input.channels, plan.sample_rate, max_gap_s),
            resampler: None,
        };
        Self {
            sample_rate: plan.sample_rate,
            channels: plan.channels as usize,
            origin,
            inputs: plan.inputs.iter().map(input).collect(),
        }
    }

    /// Hz.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Up to which sample number everything is there.
    pub fn position(&self) -> i64 {
        let positions = self.inputs.iter().map(|i| i.clock.position());
        positions.min().unwrap_or(0)
    }

    /// Up to which sample number anything is there.
    pub fn furthest(&self) -> i64 {
        let positions = self.inputs.iter().map(|i| i.clock.position());
        positions.max().unwrap_or(0)
    }

    /// What has not come up to sample number `at` is silence.
    pub fn fill_until(&mut self, at: i64) {
        for input in &mut self.inputs {
            input.clock.fill_until(at);
        }
    }

    /// Nothing is heard from sample number `end` on.
    pub fn cut_at(&mut self, end: i64) {
        for input in &mut self.inputs {
            input.clock.cut_at(end);
        }
    }

    /// Puts a decoded block where it belongs, if it is one of this rendition's.
    ///
    /// # Errors
    /// Out of memory. A block whose form damage made up is silence.
    pub fn place(&mut self, block: &Block<'_>) -> Result<(), AvError> {
        let at = block.frame.pts().or(block.frame.best_effort_pts());
        let at = at.map(|pts| self.sample_of(pts, block.time_base));
        for input in &mut self.inputs {
            if input.plan.stream != block.stream {
                continue;
            }
            match input.place(block, at, self.sample_rate) {
                Err(AvError::NO_MEMORY) => return Err(AvError::NO_MEMORY),
                Err(_) => input.resampler = None,
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Takes every sample that is there in all inputs, onto the end of `out`.
    pub fn take(&mut self, out: &mut [Vec<f32>]) {
        let ready = self.inputs.iter().map(|i| i.clock.queued()).min();
        let ready = ready.unwrap_or(0);
        if let [input] = &mut *self.inputs {
            return input.clock.take(ready, out);
        }
        let mut tracks = vec![Vec::new(); self.inputs.len()];
        for (input, track) in self.inputs.iter_mut().zip(tracks.chunks_mut(1)) {
            input.clock.take(ready, track);
        }
        if tracks.len() == self.channels {
            for (out, track) in out.iter_mut().zip(tracks) {
                out.extend(track);
            }
        } else if let Some(out) = out.first_mut() {
            // Two tracks in one channel, each half as loud.
            #[allow(clippy::cast_precision_loss, reason = "a pair")]
            let level = 1.0 / tracks.len() as f32;
            out.extend((0..ready).map(|n| tracks.iter().map(|t| t[n] * level).sum::<f32>()));
        }
    }

    /// A source time as a sample number of the programme.
    fn sample_of(&self, pts: i64, time_base: Rational) -> i64 {
        let (origin, origin_unit) = self.origin;
        // Through microseconds, so that two odd time bases do not round against each other.
        let micro = Rational::new(1, 1_000_000);
        let at = rescale(pts, time_base, micro).saturating_sub(rescale(origin, origin_unit, micro));
        rescale(at, micro, per_second(self.sample_rate))
    }
}

impl Input {
    fn place(
        &mut self,
        block: &Block<'_>,
        at: Option<i64>,
        sample_rate: u32,
    ) -> Result<(), AvError> {
        let frame = block.frame;
        let format = SampleFormat::of(frame);
        let known = self.resampler.as_ref().is_some_and(|(f, _)| *f == format);
        if !known || !self.clock.is_continuous(at) {
            if let Some((_, mut old)) = self.resampler.take() {
                let mut rest = self.clock.blank();
                old.convert(None, &mut rest)?;
                self.clock.append(&rest);
            }
            let mix = if self.plan.first_channels {
                Mix::First
            } else {
                Mix::Down
            };
            let new = Resampler::new(frame, sample_rate, self.plan.channels, mix)?;
            self.resampler = Some((format, new));
        }
        let mut samples = self.clock.blank();
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.convert(Some(frame), &mut samples)?;
        }
        self.clock.put(at, &samples);
        Ok(())
    }
}
