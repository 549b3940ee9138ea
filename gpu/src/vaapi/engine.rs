//! What is particular to VAAPI's drivers among the engines. Not the lanes (`crate::lane`).

use std::sync::Arc;

use newsreel_media::ffi::{HwDevice, VideoSettings};
use newsreel_media::hardware::{Explain, FilterLadder};
use newsreel_model::Result;
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::VideoCodec;

use crate::engine::{Stream, Vendor};

use super::{errors, options};

/// What VAAPI's drivers are told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vaapi;

/// Pictures of a rung in use at once: in the lane's queue, in the encoder's, and in reordering. Filters' pools hold 4 by
/// themselves and never grow.
const RUNG_PICTURES: u32 = 20;

impl Vendor for Vaapi {
    type Ladder = FilterLadder;

    const EXPLAIN: Explain = errors::explain;

    const POOL: u32 = RUNG_PICTURES;

    fn encoder_name(&self, codec: VideoCodec) -> Option<&'static str> {
        options::encoder(codec)
    }

    fn takes(&self, _codec: VideoCodec, width: u32, height: u32) -> bool {
        options::takes(width, height)
    }

    fn settings(&self, rung: &RungPlan, stream: &Stream) -> Vec<VideoSettings> {
        options::settings(rung, stream)
    }

    fn ladder(&self, _device: &Arc<HwDevice>, rungs: &[&RungPlan]) -> Result<FilterLadder> {
        let filters = rungs.iter().map(|rung| options::scale(rung)).collect();
        Ok(FilterLadder::new(filters, RUNG_PICTURES, errors::explain))
    }
}
