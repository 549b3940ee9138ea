//! How like its source each finished rung is: its pictures beside the source's own, conditioned and scaled as the rung's
//! were meant to be, in PSNR and SSIM.
//!
//! Not here: the making of either (`pipeline`), or what is made of the numbers (the report).

mod made;
mod meter;

use crossbeam::channel::{Receiver, bounded};
use newsreel_model::grid::{Grid, Run, RungWork};
use newsreel_model::plan::Plan;
use newsreel_model::report::Quality;
use newsreel_model::{Error, Result};

use crate::errors;
use crate::ffi::Params;
use crate::pipeline::{Feed, Outlet, Role, RunControl, Scaler, Shot, Stages};
use crate::prepare::Prepared;
use crate::software::{SoftwareDecoder, SoftwareEncoder};
use crate::software_split::{Shown, ShownScaler, SoftwareSplitter};

use made::MadePictures;
use meter::Meter;

/// At most so many seconds of the programme are measured, in whole segments spread evenly over it.
pub const MOST_S: f64 = 30.0;

/// Pictures of the source that wait to be compared.
const QUEUE: usize = 2;

/// Gives the bytes of a rung's segment, its init segment in front, so that they can be decoded by themselves: the rung's
/// number in the plan, then the segment's.
pub type Segments<'a> = dyn Fn(usize, usize) -> Result<Vec<u8>> + 'a;

/// The segments that are measured, ascending: all of a short programme, else as many as fit into [`MOST_S`], at least one.
#[must_use]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "seconds and segments of a programme are far below 2^53"
)]
pub fn sample(plan: &Plan) -> Vec<usize> {
    let Grid { segments } = &plan.grid;
    if plan.duration_s() <= MOST_S || segments.len() < 2 {
        return (0..segments.len()).collect();
    }
    let longest = segments.iter().map(|s| s.duration_ticks).max().unwrap_or(1);
    let count = (MOST_S / plan.seconds(longest.max(1))) as usize;
    let count = count.clamp(1, segments.len());
    spread(count, segments.len())
}

/// So many of `all` segments, in the middle of as many equal stretches: neither the first picture nor the credits count for more
/// than the rest.
#[must_use]
pub fn spread(count: usize, all: usize) -> Vec<usize> {
    let middle = |i| (2 * i + 1) * all / (2 * count);
    (0..count).map(middle).collect()
}

/// Compares these rungs of the plan, by index, with the source over these segments; qualities come in the order of the rungs.
/// `done` is called after each picture.
///
/// # Errors
/// Source or rungs cannot be read back, or cancelled.
pub fn measure(
    prepared: &Prepared,
    rungs: &[usize],
    chosen: &[usize],
    segments: &Segments<'_>,
    done: &(dyn Fn() + Sync),
    control: &RunControl,
) -> Result<Vec<Quality>> {
    let stages = Reference {
        plan: &prepared.plan,
    };
    let mut lanes = (rungs.iter())
        .map(|&rung| {
            let scaler = ShownScaler::new(&prepared.plan.video, rung)?;
            let meter = Meter::default();
            Ok(Lane {
                rung,
                scaler,
                meter,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    for &segment in chosen {
        let made = (rungs.iter())
            .map(|&rung| MadePictures::open(segments(rung, segment)?, &control.cancel))
            .collect::<Result<Vec<_>>>()?;
        let pairs = Pairs {
            lanes: &mut lanes,
            made,
            done,
        };
        one_segment(&stages, prepared, segment, pairs, control)?;
    }
    let seconds = chosen
        .iter()
        .map(|&s| {
            prepared
                .plan
                .seconds(prepared.plan.grid.segments[s].duration_ticks)
        })
        .sum();
    lanes
        .into_iter()
        .map(|lane| lane.meter.finish(seconds))
        .collect()
}

/// A rung that is measured.
struct Lane {
    rung: usize,
    scaler: ShownScaler,
    meter: Meter,
}

fn one_segment(
    stages: &Reference<'_>,
    prepared: &Prepared,
    segment: usize,
    pairs: Pairs<'_>,
    control: &RunControl,
) -> Result<()> {
    let wanted = [segment];
    let work = |lane: &Lane| RungWork {
        rung: lane.rung,
        segments: wanted.to_vec(),
    };
    let run = Run {
        id: 0,
        segments: segment..segment + 1,
        work: pairs.lanes.iter().map(work).collect(),
    };
    let (outlets, shots): (Vec<_>, Vec<_>) = (run.work.iter())
        .map(|_| {
            let (sender, receiver) = bounded(QUEUE);
            let outlet = Outlet {
                wanted: &wanted,
                warmed_up: false,
                sender,
            };
            (outlet, receiver)
        })
        .unzip();
    let frames = prepared.plan.grid.segments[segment].frames;
    std::thread::scope(|scope| {
        let compared = scope.spawn(move || pairs.compare(&shots, frames));
        let fed = Feed::new(stages, prepared, &run, outlets, control).and_then(Feed::run);
        let compared = compared
            .join()
            .unwrap_or_else(|_| Err(Error::bug("the comparing thread panicked")));
        // Whoever compares knows why it stopped; the feed would only say that nobody listens.
        compared.and(fed.map(|_| ()))
    })
}

/// What is compared of one segment.
struct Pairs<'a> {
    lanes: &'a mut [Lane],
    made: Vec<MadePictures>,
    done: &'a (dyn Fn() + Sync),
}

impl Pairs<'_> {
    /// Every rung gets every picture of the segment, in order.
    fn compare(mut self, shots: &[Receiver<Shot<Shown>>], frames: u32) -> Result<()> {
        for _ in 0..frames {
            for ((lane, made), shots) in self.lanes.iter_mut().zip(&mut self.made).zip(shots) {
                let Ok(shot) = shots.recv() else {
                    // What stopped the feed is the error that counts.
                    return Ok(());
                };
                let meant = lane.scaler.scale(&shot.picture)?;
                let picture = made.next()?;
                let picture = picture.ok_or_else(|| Error::bug("a segment lacks a picture"))?;
                lane.meter.add(picture, meant)?;
                (self.done)();
            }
        }
        Ok(())
    }
}

/// The cores' own stages up to the encoder: what a rung's pictures were meant to be.
struct Reference<'a> {
    plan: &'a Plan,
}

impl Stages for Reference<'_> {
    type Decoder = SoftwareDecoder;
    type Splitter = SoftwareSplitter;
    type Scaler = ShownScaler;
    type Encoder = SoftwareEncoder;

    fn decoder(&self, params: &Params) -> Result<SoftwareDecoder> {
        SoftwareDecoder::open(params, 1, &self.plan.video)
    }

    fn splitter(&self, rungs: &[usize]) -> Result<SoftwareSplitter> {
        Ok(SoftwareSplitter::new(&self.plan.video, rungs))
    }

    fn scaler(&self, rung: usize) -> Result<ShownScaler> {
        ShownScaler::new(&self.plan.video, rung)
    }

    fn encoder(&self, _rung: usize, _role: Role) -> Result<SoftwareEncoder> {
        Err(Error::bug("what is measured is not encoded once more"))
    }

    fn session_per_segment(&self, _rung: usize) -> bool {
        false
    }

    fn made_by(&self, _rung: usize, _encoder: &SoftwareEncoder) -> String {
        String::new()
    }
}

fn failed(error: crate::ffi::AvError) -> Error {
    errors::engine("measuring")(error)
}
