//! The sound: decoded once from the start, brought onto the programme's clock, each rendition encoded as one AAC stream and
//! cut along the grid.
//!
//! One encoder runs over the whole programme, so segments join without a click. Not here: subtitles, or playlists.

pub mod choose;
mod clock;
mod cut;
mod decode;
pub mod language;
mod level;
pub mod loudness;
mod mix;
mod rendition;

use std::sync::Arc;

use newsreel_model::grid::Grid;
use newsreel_model::plan::{AudioPlan, Plan};
use newsreel_model::rational::rescale;
use newsreel_model::{Cancel, Rational, Result};
use parking_lot::{Condvar, Mutex};

use crate::ffi::Source;
use crate::slots::Lines;
use crate::sources::SoundSource;

pub use decode::Decoding;
use mix::Mixer;
use rendition::Rendition;

/// Seconds by which one stream may be behind another in the source; what is later than that is not waited for.
const MAX_LAG_S: u32 = 10;

/// Whether a segment is still to be made, by rendition and index.
pub type Wanted<'a> = dyn Fn(usize, usize) -> bool + 'a;

/// Takes the sound's segments.
pub trait AudioSink {
    /// The init segment of the plan's rendition number `rendition`, before its other segments.
    ///
    /// # Errors
    /// The destination failed.
    fn init(&mut self, rendition: usize, bytes: Vec<u8>) -> Result<()>;

    /// A finished segment with `units` access units; those of one rendition come in order.
    ///
    /// # Errors
    /// The destination failed.
    fn segment(&mut self, rendition: usize, index: usize, bytes: Vec<u8>, units: u32)
    -> Result<()>;
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
    /// The streams, and how they are coded.
    pub sounds: Vec<SoundSource>,
    /// What to make, by place in the plan.
    pub renditions: Vec<(usize, AudioPlan)>,
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
        sounds: &[SoundSource],
        plan: &Plan,
        max_gap_s: f64,
        end: &Arc<ProgrammeEnd>,
    ) -> Option<Self> {
        (!plan.audio.is_empty()).then(|| Self {
            source: Arc::clone(source),
            sounds: sounds.to_vec(),
            renditions: plan.audio.iter().cloned().enumerate().collect(),
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
    /// The source is read once for all renditions. Memory holds what one stream is ahead of another, at most
    /// `MAX_LAG_S`.
    ///
    /// # Errors
    /// Cancelled, the encoder failed, or the sink did. Damage in the source becomes silence.
    pub fn run(
        &self,
        wanted: &Wanted<'_>,
        sink: &mut dyn AudioSink,
        cancel: &Cancel,
    ) -> Result<()> {
        if self.renditions.is_empty() {
            return Ok(());
        }
        let mut renditions: Vec<Rendition> = Vec::new();
        for (number, plan) in &self.renditions {
            renditions.push(Rendition::begin(self, *number, plan, sink)?);
        }
        let streams = streams(self.renditions.iter().map(|(_, plan)| plan));
        let mut decoding = Decoding::open(&self.source, &self.sounds, &streams, cancel)?;
        while renditions.iter().any(|r| !r.finished) {
            let more = decoding.next(|block| {
                let mut going = renditions.iter_mut().filter(|r| !r.finished);
                going.try_for_each(|r| r.mixer.place(&block))
            })?;
            catch_up(renditions.iter_mut().map(|r| &mut r.mixer).collect());
            for rendition in renditions.iter_mut().filter(|r| !r.finished) {
                self.go_on(rendition, more, wanted, sink, cancel)?;
            }
        }
        Ok(())
    }

    /// Encodes what a rendition has, and to its end where there is no more.
    fn go_on(
        &self,
        rendition: &mut Rendition,
        more: bool,
        wanted: &Wanted<'_>,
        sink: &mut dyn AudioSink,
        cancel: &Cancel,
    ) -> Result<()> {
        let rate = rendition.mixer.sample_rate();
        let convert = |at: i64, from: u32, to: u32| rescale(at, per_second(from), per_second(to));
        let position = rendition.mixer.position();
        let reached = if more {
            convert(position, rate, self.timescale)
        } else {
            i64::MAX
        };
        let end = self.end.known_beyond(reached, cancel)?.map(|end| End {
            at: convert(end.at, self.timescale, rate),
            ..end
        });
        let last = !more || end.is_some_and(|e| position >= e.at);
        rendition.encode(end, last, wanted, sink)
    }
}

/// A stream that is far behind the others in the source says nothing there.
fn catch_up(mixers: Vec<&mut Mixer>) {
    let seconds = |m: &&mut Mixer| m.furthest() / i64::from(m.sample_rate().max(1));
    let furthest = mixers.iter().map(seconds).max().unwrap_or(0);
    let least = furthest.saturating_sub(i64::from(MAX_LAG_S));
    for mixer in mixers.into_iter().filter(|_| least > 0) {
        mixer.fill_until(least.saturating_mul(i64::from(mixer.sample_rate())));
    }
}

/// The streams of the source that `plans` are made from.
fn streams<'a>(plans: impl Iterator<Item = &'a AudioPlan>) -> Vec<usize> {
    let mut streams: Vec<usize> = plans.flat_map(|p| &p.inputs).map(|i| i.stream).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}

fn per_second(count: u32) -> Rational {
    Rational::new(1, i32::try_from(count).unwrap_or(i32::MAX))
}
