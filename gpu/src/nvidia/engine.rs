//! What is particular to NVIDIA's GPUs among the engines. Not the lanes (`crate::lane`).

use std::sync::Arc;

use newsreel_media::ffi::{HwDevice, VideoSettings};
use newsreel_media::hardware::Explain;
use newsreel_model::Result;
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::VideoCodec;

use crate::engine::{Stream, Vendor};

use super::{NvidiaLadder, Scaling, errors, options};

/// What NVIDIA's GPUs are told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nvidia {
    /// What scales on them.
    pub scaling: Scaling,
}

impl Vendor for Nvidia {
    type Ladder = NvidiaLadder;

    const EXPLAIN: Explain = errors::explain;

    const POOL: u32 = 0;

    fn encoder_name(&self, codec: VideoCodec) -> Option<&'static str> {
        options::encoder(codec)
    }

    fn takes(&self, codec: VideoCodec, width: u32, height: u32) -> bool {
        options::takes(codec, width, height)
    }

    fn settings(&self, rung: &RungPlan, stream: &Stream) -> Vec<VideoSettings> {
        options::settings(rung, stream)
    }

    fn ladder(&self, device: &Arc<HwDevice>, rungs: &[&RungPlan]) -> Result<NvidiaLadder> {
        Ok(NvidiaLadder::new(device, rungs, self.scaling))
    }
}
