//! The sound: decoded once from the start, brought onto the programme's clock, encoded as one AAC stream, cut along the grid.
//!
//! One encoder runs over the whole programme, so segments join without a click. Not here: which stream is the sound
//! (`probe`), loudness, or more than one rendition.

mod clock;
mod cut;

use std::sync::Arc;

use newsreel_model::grid::Grid;
use newsreel_model::plan::{AudioPlan, Plan};
use newsreel_model::rational::rescale;
use newsreel_model::{Cancel, Rational, Result};
use parking_lot::{Condvar, Mutex};

use crate::boxes;
use crate::errors;
use crate::ffi::{
    AudioSettings, AvError, Decoder, Encoder, Frame, Packet, Params, Received, Resampler,
    SampleFormat, Source, init_segment,
};
use crate::prepare::SoundSource;
use crate::reader::PacketReader;
use crate::slots::Lines;

use clock::Clock;
use cut::Cutter;

/// Takes the sound's segments.
pub trait AudioSink {
    /// The rendition's init segment, first of all.
    ///
    /// # Errors
    /// The destination failed.
    fn init(&mut self, bytes: Vec<u8>) -> Result<()>;

    /// A finished segment with `units` access units, in order.
    ///
    /// # Errors
    /// The destination failed.
    fn segment(&mut self, index: usize, bytes: Vec<u8>, units: u32) -> Result<()>;
}

/// Where the programme ends.
#[derive(Clone, Copy, Debug)]
struct End {
    /// In ticks, or in samples once it has been converted.
    at: i64,
    /// How many segments the grid has.
    segments: usize,
}

/// When the programme ends: not known while the source is still being indexed.
#[derive(Default)]
pub struct ProgrammeEnd {
    state: Mutex<EndState>,
    changed: Condvar,
}

#[derive(Default)]
struct EndState {
    /// It ends later than this, in ticks.
    horizon: i64,
    end: Option<End>,
    /// Nobody will ever say.
    given_up: bool,
}

impl ProgrammeEnd {
    /// The end is not before `ticks`.
    pub fn is_after(&self, ticks: i64) {
        self.state.lock().horizon = ticks;
        self.changed.notify_all();
    }

    /// The programme ends where `grid` does.
    pub fn is_that_of(&self, grid: &Grid) {
        self.state.lock().end = Some(End {
            at: grid.duration_ticks(),
            segments: grid.len(),
        });
        self.changed.notify_all();
    }

    /// Planning failed: whoever waits should stop.
    pub fn give_up(&self) {
        self.state.lock().given_up = true;
        self.changed.notify_all();
    }

    /// The end where it is known or needed: waits for it when `ticks` lies beyond what is certain.
    fn known_beyond(&self, ticks: i64, cancel: &Cancel) -> Result<Option<End>> {
        let mut state = self.state.lock();
        loop {
            cancel.check()?;
            if state.end.is_some() || (ticks < state.horizon && ticks != i64::MAX) {
                return Ok(state.end);
            }
            if state.given_up {
                return Err(newsreel_model::Error::new(
                    newsreel_model::Code::Cancelled,
                    "planning stopped",
                ));
            }
            self.changed
                .wait_for(&mut state, std::time::Duration::from_millis(100));
        }
    }
}

/// Everything the sound task needs.
pub struct AudioTask {
    /// The input.
    pub source: Arc<dyn Source>,
    /// Which stream, and how it is coded.
    pub sound: SoundSource,
    /// What to make.
    pub plan: AudioPlan,
    /// Ticks per second of the programme's clock.
    pub timescale: u32,
    /// Seconds of source time at which the programme's clock reads 0.
    pub origin: (i64, Rational),
    /// Where segments begin.
    pub lines: Lines,
    /// A longer gap in the sound's times is closed up; seconds.
    pub max_gap_s: f64,
    /// When the programme ends.
    pub end: Arc<ProgrammeEnd>,
}

impl AudioTask {
    /// The task for a plan, `None` for a source without sound.
    #[must_use]
    pub fn new(
        source: &Arc<dyn Source>,
        sound: Option<&SoundSource>,
        plan: &Plan,
        max_gap_s: f64,
        end: &Arc<ProgrammeEnd>,
    ) -> Option<Self> {
        Some(Self {
            source: Arc::clone(source),
            sound: sound?.clone(),
            plan: plan.audio.clone()?,
            timescale: plan.video.timescale,
            origin: (plan.video.origin, plan.video.source_time_base),
            lines: Lines {
                first_s: plan.first_segment_s,
                every_s: plan.segment_s,
            },
            max_gap_s,
            end: Arc::clone(end),
        })
    }

    /// Encodes the sound and hands over every segment for which `wanted` is true.
    ///
    /// # Errors
    /// Cancelled, the encoder failed, or the sink did. Damage in the source becomes silence.
    pub fn run(
        &self,
        wanted: &dyn Fn(usize) -> bool,
        sink: &mut dyn AudioSink,
        cancel: &Cancel,
    ) -> Result<()> {
        let failed = errors::engine("encoding the sound");
        let mut encoder = Encoder::audio(&AudioSettings {
            encoder: "aac".to_owned(),
            sample_rate: self.plan.sample_rate,
            channels: self.plan.channels,
            bit_rate: self.plan.bitrate_bps,
        })
        .map_err(&failed)?;
        let priming = encoder.priming_samples();
        let params = encoder.params().map_err(&failed)?;
        let init = init_segment(&params, self.plan.sample_rate, Some(&self.plan.language))
            .map_err(&failed)?;
        let init = boxes::with_edit_list(&init, i64::from(priming)).map_err(|e| {
            newsreel_model::Error::bug(format!("our own init segment cannot be read: {e}"))
        })?;
        sink.init(init)?;

        let mut cutter = Cutter::new(self, priming, encoder.block_samples());
        let mut clock = Clock::new(self);
        let mut decoded = Decoded::open(self, cancel)?;
        loop {
            let more = decoded.next(&mut clock)?;
            let known = self.end.known_beyond(
                if more {
                    self.in_ticks(clock.position())
                } else {
                    i64::MAX
                },
                cancel,
            )?;
            let end = known.map(|end| End {
                at: self.in_samples(end.at),
                ..end
            });
            if !more {
                clock.fill_until(end.map_or(0, |e| e.at));
            }
            let finished = !more || end.is_some_and(|e| clock.position() >= e.at);
            clock.give_blocks(
                encoder.block_samples(),
                end.map(|e| e.at),
                finished,
                |block| {
                    encoder.send(Some(&block)).map_err(&failed)?;
                    cutter.drain(&mut encoder, end, wanted, sink)
                },
            )?;
            if finished {
                encoder.send(None).map_err(&failed)?;
                cutter.drain(&mut encoder, end, wanted, sink)?;
                return cutter.finish(wanted, sink);
            }
        }
    }

    fn in_samples(&self, ticks: i64) -> i64 {
        rescale(ticks, unit(self.timescale), unit(self.plan.sample_rate))
    }

    fn in_ticks(&self, samples: i64) -> i64 {
        rescale(samples, unit(self.plan.sample_rate), unit(self.timescale))
    }
}

fn unit(per_second: u32) -> Rational {
    Rational::new(1, i32::try_from(per_second).unwrap_or(i32::MAX))
}

/// Blocks of decoded sound, converted and put on the clock.
struct Decoded<'a> {
    task: &'a AudioTask,
    reader: PacketReader,
    decoder: Decoder,
    resampler: Option<(SampleFormat, Resampler)>,
    packet: Packet,
    frame: Frame,
    ended: bool,
}

impl<'a> Decoded<'a> {
    fn open(task: &'a AudioTask, cancel: &Cancel) -> Result<Self> {
        let failed = errors::engine("decoding the sound");
        let params: &Params = &task.sound.params;
        Ok(Self {
            task,
            reader: PacketReader::open(task.source.as_ref(), &[task.plan.stream], cancel)?,
            decoder: Decoder::open(params, 1, Some(task.sound.time_base)).map_err(&failed)?,
            resampler: None,
            packet: Packet::new().map_err(&failed)?,
            frame: Frame::new().map_err(&failed)?,
            ended: false,
        })
    }

    /// Puts the next blocks on the clock; `false` when there are no more.
    fn next(&mut self, clock: &mut Clock) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.reader.next(&mut self.packet)? {
            // Damage: what does not decode is silence on the clock.
            self.decoder.send(Some(&self.packet)).ok();
        } else {
            self.ended = true;
            self.decoder.send(None).ok();
        }
        while let Ok(Received::Output) = self.decoder.receive(&mut self.frame) {
            match self.place(clock) {
                Ok(()) => {}
                Err(AvError::NO_MEMORY) => {
                    return Err(errors::engine("converting the sound")(AvError::NO_MEMORY));
                }
                // A block whose form damage made up: silence on the clock as well.
                Err(_) => self.resampler = None,
            }
        }
        Ok(!self.ended)
    }

    fn place(&mut self, clock: &mut Clock) -> Result<(), AvError> {
        let frame = &self.frame;
        if frame.sample_rate() == 0 || frame.channels() == 0 || frame.samples() == 0 {
            return Ok(());
        }
        let at = frame
            .pts()
            .or(frame.best_effort_pts())
            .map(|pts| self.sample_of(pts));
        let continues = clock.is_continuous(at);
        let format = SampleFormat::of(frame);
        if !continues || self.resampler.as_ref().is_none_or(|(f, _)| *f != format) {
            if let Some((_, mut old)) = self.resampler.take() {
                let mut rest = clock.blank();
                old.convert(None, &mut rest)?;
                clock.append(&rest);
            }
            let plan = &self.task.plan;
            self.resampler = Some((
                format,
                Resampler::new(frame, plan.sample_rate, plan.channels)?,
            ));
        }
        let mut samples = clock.blank();
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.convert(Some(frame), &mut samples)?;
        }
        clock.put(at, &samples);
        Ok(())
    }

    /// A source time as a sample number of the programme.
    fn sample_of(&self, pts: i64) -> i64 {
        let (origin, origin_unit) = self.task.origin;
        // Through microseconds, so that two odd time bases do not round against each other.
        let micro = Rational::new(1, 1_000_000);
        let at = rescale(pts, self.task.sound.time_base, micro).saturating_sub(rescale(
            origin,
            origin_unit,
            micro,
        ));
        rescale(at, micro, unit(self.task.plan.sample_rate))
    }
}
