//! How little quality a title needs to look alike (`quality = "auto"`): a level for all rungs but the lowest, found by trying,
//! once, before the plan is complete. Not how a rung is encoded or measured.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use newsreel_media::measure;
use newsreel_media::pipeline::{RunControl, SegmentOutput, SegmentSink};
use newsreel_media::prepare::Prepared;
use newsreel_model::grid::{Run, RungWork};
use newsreel_model::plan::Plan;
use newsreel_model::profile::{QualityChoice, VideoCodec};
use newsreel_model::report::{FallbackReport, Quality};
use newsreel_model::{Cancel, Error, Result};
use parking_lot::Mutex;

use super::devices::Devices;

/// What looks alike: PSNR of luma in dB, and SSIM.
const ALIKE_DB: f64 = 40.0;
const ALIKE_SSIM: f64 = 0.97;

/// What one level costs in dB at most, so that a step does not go too far.
const DB_PER_LEVEL: f64 = 0.6;

/// Levels that are tried, and segments they are tried on.
const MAX_TRIES: usize = 4;
const MAX_SEGMENTS: usize = 2;

/// No further level is tried after so long.
const ENOUGH: Duration = Duration::from_secs(20);

/// Where a title is tried.
pub struct Tuner<'a> {
    pub choice: QualityChoice,
    /// The plan of an earlier execution: what it chose holds.
    pub known: Option<&'a Plan>,
    pub devices: &'a Devices,
    pub on_fallback: &'a (dyn Fn(FallbackReport) + Sync),
    pub cancel: &'a Cancel,
}

impl Tuner<'_> {
    /// Chooses the levels of the plan's rungs.
    ///
    /// # Errors
    /// Encoding or measuring failed, or cancelled.
    pub fn tune(&self, prepared: &mut Prepared) -> Result<()> {
        let rungs = &prepared.plan.video.rungs;
        // The lowest one is begun before anything is known.
        let above = rungs.len().saturating_sub(1);
        if self.choice == QualityChoice::Fixed || above == 0 {
            return Ok(());
        }
        let crf = match self.known.and_then(|plan| plan.video.rungs.first()) {
            Some(rung) => rung.crf,
            None => self.choose(prepared, above - 1)?,
        };
        for rung in &mut prepared.plan.video.rungs[..above] {
            rung.crf = crf;
        }
        Ok(())
    }

    /// The highest level tried at which this rung looks alike; its own where none does.
    fn choose(&self, prepared: &mut Prepared, rung: usize) -> Result<u32> {
        let began = Instant::now();
        let plan = &prepared.plan.video.rungs[rung];
        let (codec, own) = (plan.codec, plan.crf);
        let most = own + if codec == VideoCodec::Av1 { 12 } else { 8 };
        let (mut best, mut failed) = (own, most + 1);
        let mut level = own;
        for _ in 0..MAX_TRIES {
            prepared.plan.video.rungs[rung].crf = level;
            let quality = self.attempt(prepared, rung)?;
            if quality.psnr_luma_db >= ALIKE_DB && quality.ssim >= ALIKE_SSIM {
                best = level;
                level = (level + levels(quality.psnr_luma_db - ALIKE_DB)).min(failed - 1);
            } else {
                failed = level;
                level = best + (failed.saturating_sub(best)) / 2;
            }
            if level <= best || began.elapsed() > ENOUGH {
                break;
            }
        }
        Ok(best)
    }

    /// Encodes some segments of one rung into memory, and measures them.
    fn attempt(&self, prepared: &Prepared, rung: usize) -> Result<Quality> {
        let count = prepared.plan.grid.len();
        let chosen = measure::spread(MAX_SEGMENTS.min(count), count);
        let made = InMemory::default();
        let control = RunControl::new(self.cancel.clone());
        for &segment in &chosen {
            let run = Run {
                id: 0,
                segments: segment..segment + 1,
                work: vec![RungWork {
                    rung,
                    segments: vec![segment],
                }],
            };
            self.devices
                .execute(prepared, &run, &made, &control, self.on_fallback)?;
        }
        let segments = |_: usize, segment: usize| made.segment(segment);
        let measured = measure::measure(prepared, &[rung], &chosen, &segments, &|| {}, &control)?;
        let measured = measured.into_iter().next();
        measured.ok_or_else(|| Error::bug("a rung was not measured"))
    }
}

/// How many levels so many dB are worth.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "PSNR is 0–100 dB"
)]
fn levels(spare_db: f64) -> u32 {
    (spare_db.max(0.0) / DB_PER_LEVEL) as u32
}

/// What was made for trying, and is forgotten afterwards.
#[derive(Default)]
struct InMemory {
    init: Mutex<Vec<u8>>,
    segments: Mutex<HashMap<usize, Vec<u8>>>,
}

impl InMemory {
    fn segment(&self, segment: usize) -> Result<Vec<u8>> {
        let segments = self.segments.lock();
        let bytes = segments.get(&segment);
        let bytes = bytes.ok_or_else(|| Error::bug("a segment was not made"))?;
        Ok([self.init.lock().as_slice(), bytes].concat())
    }
}

impl SegmentSink for InMemory {
    fn init(&self, _rung: usize, bytes: Vec<u8>) -> Result<()> {
        *self.init.lock() = bytes;
        Ok(())
    }

    fn segment(&self, made: SegmentOutput) -> Result<()> {
        self.segments.lock().insert(made.segment, made.bytes);
        Ok(())
    }

    fn moved(&self, _rung: usize, _segment: usize, _made_by: &str, _reason: &Error) {}

    fn frames(&self, _count: u64) {}
}
