//! The lanes of a GPU as the pipeline's stages: every rung by itself goes to the device's encoder or to the cores'.
//!
//! | source | rung | lane |
//! | --- | --- | --- |
//! | decoded on the device | encoded there | nothing leaves the device but packets |
//! | decoded on the device | too small for it, or a codec it lacks | one picture of the rung's size is brought back |
//! | decoded on the cores | encoded on the device | one picture of the source's size is uploaded for all such rungs |
//! | decoded on the cores | encoded on the cores | the device has no part in it |

use newsreel_media::ffi::Params;
use newsreel_media::hardware::{
    DeviceSplitter, HardwareDecoder, HostEncoder, RungEncoder, RungScaler, SourceDecoder,
};
use newsreel_media::pipeline::{Role, Stages, VideoEncoder};
use newsreel_media::software::SoftwareDecoder;
use newsreel_media::software_scaler::SoftwareScaler;
use newsreel_model::plan::{Plan, RungPlan};
use newsreel_model::{Code, Error, Result};

use crate::engine::{Decode, GpuEngine, Refuge, Stream, Vendor, open_encoder};

/// Decoded pictures in use beside the decoder's own: the one being split, the one before it, and one to spare.
const DECODED_IN_USE: u32 = 4;

/// Threads that decode a source for the device on the cores.
const HOST_THREADS: usize = 16;

/// The stages of one run.
pub struct DeviceStages<'a, V> {
    engine: &'a GpuEngine<V>,
    plan: &'a Plan,
}

impl<'a, V: Vendor> DeviceStages<'a, V> {
    pub fn new(engine: &'a GpuEngine<V>, plan: &'a Plan) -> Self {
        Self { engine, plan }
    }

    fn rung(&self, rung: usize) -> &'a RungPlan {
        &self.plan.video.rungs[rung]
    }

    /// Whether the rung's pictures are made on the device.
    fn scales_on_device(&self, rung: usize) -> bool {
        self.engine.decode == Decode::Device || self.engine.encodes(self.rung(rung))
    }

    fn on_device(&self, rung: usize) -> Result<RungEncoder> {
        let (vendor, device) = (&*self.engine.vendor, &self.engine.device);
        let stream = Stream::of(self.plan);
        let stand_in = self.stand_in(rung);
        open_encoder(vendor, device, self.rung(rung), &stream, &stand_in).map(RungEncoder::Device)
    }

    /// Parameter sets of the encoder on the cores that goes on with the rung should the device fail; none where that
    /// encoder's cannot stand beside others.
    fn stand_in(&self, rung: usize) -> Vec<u8> {
        let opened = self.engine.host.open(self.plan, rung, Role::StandIn);
        let params = opened.and_then(|encoder| encoder.params());
        params.map_or_else(|_| Vec::new(), |params| params.extradata().to_vec())
    }

    /// On the cores because the device refused. As a stand-in where that can be, so that it fits beside what the device
    /// made or will make of the rung in other sessions.
    fn refuge(&self, rung: usize, because: Error) -> Result<RungEncoder> {
        match self.on_host(rung, Role::StandIn, Some(because.clone())) {
            Err(e) if e.code() == Code::ParameterSetsDiffer => {
                self.on_host(rung, Role::Own, Some(because))
            }
            opened => opened,
        }
    }

    fn on_host(&self, rung: usize, role: Role, because: Option<Error>) -> Result<RungEncoder> {
        let encoder = self.engine.host.open(self.plan, rung, role)?;
        let plan = self.rung(rung);
        let size = (plan.width, plan.height);
        let colour = self.plan.video.colour;
        HostEncoder::new(encoder, size, colour, because, V::EXPLAIN).map(RungEncoder::Host)
    }
}

impl<V: Vendor> Stages for DeviceStages<'_, V> {
    type Decoder = SourceDecoder;
    type Splitter = DeviceSplitter<V::Ladder>;
    type Scaler = RungScaler;
    type Encoder = RungEncoder;

    fn decoder(&self, params: &Params) -> Result<SourceDecoder> {
        match self.engine.decode {
            Decode::Device => {
                let extra = DECODED_IN_USE;
                HardwareDecoder::open(params, &self.engine.device, extra, V::EXPLAIN)
                    .map(SourceDecoder::Device)
            }
            Decode::Host => {
                let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
                let threads = u32::try_from(cores.min(HOST_THREADS)).unwrap_or(1);
                SoftwareDecoder::open(params, threads, &self.plan.video).map(SourceDecoder::Host)
            }
        }
    }

    fn splitter(&self, rungs: &[usize]) -> Result<DeviceSplitter<V::Ladder>> {
        let here = |rung: &usize| self.scales_on_device(*rung);
        let rungs: Vec<usize> = rungs.iter().copied().filter(here).collect();
        let plans: Vec<&RungPlan> = rungs.iter().map(|&rung| self.rung(rung)).collect();
        let device = &self.engine.device;
        let ladder = self.engine.vendor.ladder(device, &plans)?;
        let video = &self.plan.video;
        Ok(DeviceSplitter::new(
            ladder,
            rungs,
            device,
            video,
            V::EXPLAIN,
        ))
    }

    fn scaler(&self, rung: usize) -> Result<RungScaler> {
        if self.scales_on_device(rung) {
            return Ok(RungScaler::Device(rung));
        }
        SoftwareScaler::new(self.rung(rung), self.plan.video.colour).map(RungScaler::Host)
    }

    fn encoder(&self, rung: usize, role: Role) -> Result<RungEncoder> {
        let encodes = self.engine.encodes(self.rung(rung));
        match role {
            // Already tried as its own.
            Role::Beginner if !encodes => return Err(begun_otherwise()),
            Role::Beginner => return self.on_host(rung, Role::Own, None),
            Role::Own if encodes => {}
            Role::Own | Role::StandIn => return self.on_host(rung, role, None),
        }
        match self.on_device(rung) {
            Err(e) if self.engine.refuge == Refuge::Host && is_refusal(&e) => self.refuge(rung, e),
            opened => opened,
        }
    }

    fn session_per_segment(&self, rung: usize) -> bool {
        let rung = self.rung(rung);
        !self.engine.encodes(rung) && self.engine.host.session_per_segment(rung.codec)
    }

    fn made_by(&self, rung: usize, encoder: &RungEncoder) -> String {
        let device = &self.engine.name;
        let codec = self.rung(rung).codec;
        match encoder {
            RungEncoder::Device(_) => {
                let name = self.engine.vendor.encoder_name(codec).unwrap_or("unknown");
                format!("{device}/{name}")
            }
            RungEncoder::Host(_) => format!("{device}+cpu/{}", self.engine.host.name(codec)),
        }
    }
}

fn begun_otherwise() -> Error {
    Error::new(
        Code::ParameterSetsDiffer,
        "the rung was begun with an encoder that this device cannot go on with",
    )
}

/// Whether the device works but will not take this session, now or ever.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::EncoderSessionsExhausted | Code::DeviceOutOfMemory | Code::EncodeUnsupported
    )
}
