//! How loud a source is by EBU R 128, and the one gain that each rendition gets for it. Nothing is made louder here.

use std::sync::Arc;

use ebur128::{EbuR128, Mode};
use newsreel_model::plan::{AudioPlan, LoudnessPlan, Plan};
use newsreel_model::profile::Measured;
use newsreel_model::{Cancel, Error, Result};

use crate::ffi::Source;
use crate::sources::SoundSource;

use super::decode::Decoding;
use super::mix::Mixer;
use super::{catch_up, streams};

/// What is measured where not everything is: so much decodes in a fraction of a second.
const HEAD_S: i64 = 30;
/// The most that sound is raised by, in dB: more would be noise.
const MOST_DB: f64 = 20.0;
/// The most that sound is lowered by, in dB.
const LEAST_DB: f64 = -30.0;

/// Measures what the plan's profile asks for and writes a gain into every rendition.
///
/// # Errors
/// Cancelled, or the source can no longer be read.
pub fn settle(
    source: &Arc<dyn Source>,
    sounds: &[SoundSource],
    plan: &mut Plan,
    max_gap_s: f64,
    cancel: &Cancel,
) -> Result<()> {
    let Some(target) = plan.audio_spec.loudness.target_lufs() else {
        return Ok(());
    };
    let until = match plan.audio_spec.loudness_measured {
        Measured::Head => Some(HEAD_S),
        Measured::Whole => None,
    };
    let origin = (plan.video.origin, plan.video.source_time_base);
    let mut meters = Vec::new();
    for audio in &plan.audio {
        meters.push(Meter::new(audio, Mixer::new(audio, origin, max_gap_s))?);
    }
    let mut decoding = Decoding::open(source, sounds, &streams(plan.audio.iter()), cancel)?;
    let mut more = true;
    while more && meters.iter().any(|m| until.is_none_or(|s| m.seconds() < s)) {
        more = decoding.next(|block| meters.iter_mut().try_for_each(|m| m.mixer.place(&block)))?;
        catch_up(meters.iter_mut().map(|m| &mut m.mixer).collect());
        for meter in &mut meters {
            meter.measure(until)?;
        }
    }
    for (audio, meter) in plan.audio.iter_mut().zip(&meters) {
        let loudness = meter.plan(target, !more);
        audio.limited |= loudness.gain_db != 0.0;
        audio.loudness = Some(loudness);
    }
    Ok(())
}

/// One rendition being measured.
struct Meter {
    mixer: Mixer,
    meter: EbuR128,
    channels: usize,
    /// Samples measured.
    measured: i64,
}

impl Meter {
    fn new(plan: &AudioPlan, mixer: Mixer) -> Result<Self> {
        let meter = EbuR128::new(plan.channels, plan.sample_rate, Mode::I);
        Ok(Self {
            mixer,
            meter: meter.map_err(failed)?,
            channels: plan.channels as usize,
            measured: 0,
        })
    }

    /// Up to where everything was measured, in whole seconds.
    fn seconds(&self) -> i64 {
        self.measured / i64::from(self.mixer.sample_rate().max(1))
    }

    fn measure(&mut self, until: Option<i64>) -> Result<()> {
        if let Some(seconds) = until {
            // The same samples are measured however the source is cut into packets.
            let end = seconds.saturating_mul(i64::from(self.mixer.sample_rate()));
            self.mixer.cut_at(end);
        }
        let mut samples = vec![Vec::new(); self.channels];
        self.mixer.take(&mut samples);
        let planes: Vec<&[f32]> = samples.iter().map(Vec::as_slice).collect();
        let count = planes.first().map_or(0, |plane| plane.len());
        if count > 0 {
            self.meter.add_frames_planar_f32(&planes).map_err(failed)?;
            self.measured += i64::try_from(count).unwrap_or(0);
        }
        Ok(())
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "samples stay far below 2^53: a programme is limited to days"
    )]
    fn plan(&self, target_lufs: f64, whole: bool) -> LoudnessPlan {
        // Hundredths are finer than anyone hears, and the same when they are read back.
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        let measured = self.meter.loudness_global().ok();
        let measured = measured.filter(|l| l.is_finite()).map(rounded);
        let gain = measured.map_or(0.0, |l| rounded(target_lufs - l).clamp(LEAST_DB, MOST_DB));
        LoudnessPlan {
            target_lufs,
            measured_lufs: measured,
            measured_s: rounded(self.measured as f64 / f64::from(self.mixer.sample_rate())),
            whole,
            gain_db: gain,
        }
    }
}

fn failed(error: ebur128::Error) -> Error {
    Error::bug(format!("the loudness cannot be measured: {error}"))
}
