//! A decoded picture on its way to the rungs in host memory: colours are converted once for all rungs but the lowest, which
//! converts for itself at its own size. It is made first and alone, and must not wait for the work on large pictures.
//!
//! Not here: how colours are converted (`condition`), or scaled pictures encoded.

use newsreel_model::Result;
use newsreel_model::plan::VideoPlan;

use crate::condition::Converter;
use crate::ffi::Frame;
use crate::pipeline::{Scaler, Splitter};
use crate::software_scaler::SoftwareScaler;

/// What every rung is given of a decoded picture.
pub struct Shown {
    /// As it was decoded.
    decoded: Frame,
    /// In the plan's colours, where those are others and a rung above the lowest is made.
    converted: Option<Frame>,
}

/// Converts a picture once for the rungs above the lowest. Where colours stay what they are, it does nothing.
pub struct SoftwareSplitter(Option<Converter>);

impl SoftwareSplitter {
    /// For a run that makes these rungs of the plan, by index.
    #[must_use]
    pub fn new(video: &VideoPlan, rungs: &[usize]) -> Self {
        let above_lowest = rungs.iter().any(|&rung| !is_lowest(video, rung));
        Self(above_lowest.then(|| Converter::for_many(video)).flatten())
    }
}

impl Splitter for SoftwareSplitter {
    type In = Frame;
    type Out = Shown;

    fn split(&mut self, decoded: Frame) -> Result<Shown> {
        let converted = self.0.as_mut().map(|c| c.convert(&decoded)).transpose()?;
        Ok(Shown { decoded, converted })
    }
}

/// Makes a rung's pictures of what was split.
pub struct ShownScaler {
    /// The lowest rung's own, where colours are converted.
    own: Option<Converter>,
    scaler: SoftwareScaler,
}

impl ShownScaler {
    /// For a rung of the plan, by index.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new(video: &VideoPlan, rung: usize) -> Result<Self> {
        let plan = &video.rungs[rung];
        let lowest = is_lowest(video, rung);
        Ok(Self {
            own: lowest.then(|| Converter::of(video, plan)).flatten(),
            scaler: SoftwareScaler::new(plan, video.colour)?,
        })
    }
}

impl Scaler for ShownScaler {
    type In = Shown;
    type Out = Frame;

    fn scale(&mut self, shown: &Shown) -> Result<Frame> {
        match (&mut self.own, &shown.converted) {
            (Some(own), _) => self.scaler.scale(&own.convert(&shown.decoded)?),
            (None, Some(converted)) => self.scaler.scale(converted),
            (None, None) => self.scaler.scale(&shown.decoded),
        }
    }
}

fn is_lowest(video: &VideoPlan, rung: usize) -> bool {
    rung + 1 == video.rungs.len()
}
