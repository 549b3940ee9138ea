//! Pictures taken from a rung's own MP4: small, upright, with a key frame in every segment. Not how it was made.

use std::sync::Arc;

use newsreel_model::conditioning::Conditioning;
use newsreel_model::plan::{Plan, RungPlan};
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::errors;
use crate::ffi::{Input, Params, Source};

use super::PictureSource;

/// A finished rung as a source of pictures: many times cheaper to decode than what it was made from.
pub struct RungPictures {
    source: Arc<dyn Source>,
    params: Params,
    plan: Plan,
}

impl RungPictures {
    /// Reads the headers of `source`, which is the MP4 of `rung` of `plan`: picture first, times from 0.
    ///
    /// # Errors
    /// It cannot be read back.
    pub fn open(
        source: Arc<dyn Source>,
        plan: &Plan,
        rung: &RungPlan,
        cancel: &Cancel,
    ) -> Result<Self> {
        let mut input = Input::open(source.as_ref(), cancel)
            .map_err(|(e, nested)| errors::opening(e, nested))?;
        input.find_stream_info().ok();
        let streams = input
            .streams()
            .map_err(errors::engine("reading a finished MP4"))?;
        let stream = streams.into_iter().next().ok_or_else(|| {
            Error::new(
                Code::Internal,
                format!("the MP4 of {} has no track", rung.name),
            )
        })?;
        let mut plan = plan.clone();
        let video = &mut plan.video;
        video.stream = stream.index;
        video.origin = 0;
        video.source_time_base = stream.time_base;
        (video.source_width, video.source_height) = (rung.width, rung.height);
        video.sample_aspect = Rational::new(1, 1);
        // That was done when the rung was made.
        video.conditioning = Conditioning::default();
        Ok(Self {
            source,
            params: stream.params,
            plan,
        })
    }

    /// To take pictures from.
    #[must_use]
    pub fn from(&self) -> PictureSource<'_> {
        PictureSource {
            source: &self.source,
            params: &self.params,
            plan: &self.plan,
            duration_s: self.plan.duration_s(),
        }
    }
}
