//! A GPU as an engine: what it takes on, and the lanes it has for it. What a vendor's GPUs are told is the vendor's affair.

use std::sync::Arc;

use newsreel_media::engine::{Capabilities, Engine, HostEncoders, Session};
use newsreel_media::ffi::{HwDevice, HwDeviceId, VideoSettings, has_encoder};
use newsreel_media::hardware::{Explain, HardwareEncoder, Ladder, Stage, ask};
use newsreel_media::pipeline::{self, RunControl, RunStats, SegmentSink};
use newsreel_media::prepare::Prepared;
use newsreel_model::grid::Run;
use newsreel_model::plan::{Plan, RungPlan};
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Rational, Result};

use crate::lane::DeviceStages;

/// What differs between the makers of GPUs.
pub trait Vendor: Send + Sync + 'static {
    /// Scales on the device.
    type Ladder: Ladder;

    /// How faults become errors.
    const EXPLAIN: Explain;

    /// Pictures a pool on the device must hold at once beyond what libav counts itself; 0 where pools grow.
    const POOL: u32;

    /// libavcodec's name of the device's encoder, where it has one for this codec.
    fn encoder_name(&self, codec: VideoCodec) -> Option<&'static str>;

    /// Whether the encoder takes pictures of this size, in pixels.
    fn takes(&self, codec: VideoCodec, width: u32, height: u32) -> bool;

    /// Everything an encoder session is opened with, the best first; the next is tried where the device does not support
    /// one. Empty where [`Vendor::encoder_name`] is `None`.
    fn settings(&self, rung: &RungPlan, stream: &Stream) -> Vec<VideoSettings>;

    /// What makes these rungs' pictures on the device.
    ///
    /// # Errors
    /// The device cannot scale.
    fn ladder(&self, device: &Arc<HwDevice>, rungs: &[&RungPlan]) -> Result<Self::Ladder>;
}

/// What an encoder must know of the stream beside its rung.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Unit of the pictures' times.
    pub time_base: Rational,
    /// Nominal rate.
    pub frame_rate: Option<Rational>,
    /// `(primaries, transfer, matrix)` as ISO/IEC 23091-2 code points.
    pub colour: (u8, u8, u8),
}

impl Stream {
    /// Of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let colour = plan.video.colour;
        Self {
            time_base: plan.time_base(),
            frame_rate: plan.video.frame_rate,
            colour: (colour.primaries, colour.transfer, colour.matrix),
        }
    }
}

/// Where sources are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// On the device; a source that it cannot decode is an error.
    Device,
    /// On the cores, and uploaded.
    Host,
}

/// Where a rung goes whose session the device refuses for now, though it could encode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuge {
    /// To an encoder on the cores.
    Host,
    /// Nowhere: the refusal is the run's error.
    None,
}

/// One GPU with one way to decode. Everything opened with it shares one context of the driver.
pub struct GpuEngine<V> {
    pub(crate) vendor: Arc<V>,
    pub(crate) device: Arc<HwDevice>,
    pub(crate) host: Arc<dyn HostEncoders>,
    pub(crate) decode: Decode,
    pub(crate) refuge: Refuge,
    /// Codecs that the device was seen to encode.
    encodes: Arc<Vec<VideoCodec>>,
    pub(crate) name: String,
}

impl<V: Vendor> GpuEngine<V> {
    /// Opens the device and tries which codecs it encodes. `host` encodes what it does not.
    ///
    /// # Errors
    /// [`Code::EngineUnavailable`]: no such device, no driver, no permission; or the device failed.
    pub fn open(
        id: &HwDeviceId,
        vendor: V,
        host: Arc<dyn HostEncoders>,
        refuge: Refuge,
    ) -> Result<Self> {
        let device = Arc::new(ask(V::EXPLAIN, Stage::Device, || HwDevice::open(id))?);
        let codecs = [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1];
        let mut encodes = Vec::new();
        for codec in codecs {
            if tries(&vendor, &device, codec)? {
                encodes.push(codec);
            }
        }
        Ok(Self {
            vendor: Arc::new(vendor),
            device,
            host,
            decode: Decode::Device,
            refuge,
            encodes: Arc::new(encodes),
            name: id.to_string(),
        })
    }

    /// Gives it the name it has in reports, in the place of libav's for it.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// The same device beside other encoders on the cores.
    #[must_use]
    pub fn beside(&self, host: Arc<dyn HostEncoders>, refuge: Refuge) -> Self {
        Self {
            host,
            refuge,
            ..self.decoding(self.decode)
        }
    }

    /// The same device for sources that it cannot decode: the cores do, and pictures are uploaded.
    #[must_use]
    pub fn decoding_on_host(&self) -> Self {
        self.decoding(Decode::Host)
    }

    fn decoding(&self, decode: Decode) -> Self {
        Self {
            vendor: Arc::clone(&self.vendor),
            device: Arc::clone(&self.device),
            host: Arc::clone(&self.host),
            decode,
            refuge: self.refuge,
            encodes: Arc::clone(&self.encodes),
            name: self.name.clone(),
        }
    }

    /// Whether it encodes anything: without, uploading pictures only to bring them back is of no use.
    #[must_use]
    pub fn has_encoder(&self) -> bool {
        !self.encodes.is_empty()
    }

    /// Whether a rung is encoded on the device as far as can be known beforehand.
    pub(crate) fn encodes(&self, rung: &RungPlan) -> bool {
        self.encodes.contains(&rung.codec) && self.vendor.takes(rung.codec, rung.width, rung.height)
    }
}

/// Opens a session with the best settings that the device supports.
///
/// # Errors
/// The last refusal; [`Code::EncodeUnsupported`] where there is nothing to try.
pub(crate) fn open_encoder<V: Vendor>(
    vendor: &V,
    device: &Arc<HwDevice>,
    rung: &RungPlan,
    stream: &Stream,
    stand_in: &[u8],
) -> Result<HardwareEncoder> {
    let mut refusal = Error::new(
        Code::EncodeUnsupported,
        "the device has no encoder for this rung",
    );
    for settings in vendor.settings(rung, stream) {
        let stand_in = stand_in.to_vec();
        match HardwareEncoder::open(&settings, device, V::POOL, stand_in, V::EXPLAIN) {
            Err(error) if error.code() == Code::EncodeUnsupported => refusal = error,
            opened => return opened,
        }
    }
    Err(refusal)
}

/// Whether the device opens a session of this codec. A refusal for want of sessions or memory says that it could.
fn tries<V: Vendor>(vendor: &V, device: &Arc<HwDevice>, codec: VideoCodec) -> Result<bool> {
    let Some(name) = vendor.encoder_name(codec).filter(|name| has_encoder(name)) else {
        return Ok(false);
    };
    for settings in vendor.settings(&pattern(codec, ANY_TAKES), &PATTERN) {
        let opened = HardwareEncoder::open(&settings, device, V::POOL, Vec::new(), V::EXPLAIN);
        match opened.map_err(|e| (e.code(), e)) {
            Ok(_) | Err((Code::EncoderSessionsExhausted | Code::DeviceOutOfMemory, _)) => {
                return Ok(true);
            }
            Err((Code::DeviceLost, error)) => return Err(error),
            Err((_, error)) => {
                tracing::info!(%error, detail = error.detail(), name, "not encoding")
            }
        }
    }
    Ok(false)
}

/// A size in pixels that every encoder takes.
pub(crate) const ANY_TAKES: (u32, u32) = (640, 360);

/// A stream of no particular kind, to try a device with.
pub(crate) const PATTERN: Stream = Stream {
    time_base: Rational { num: 1, den: 25 },
    frame_rate: Some(Rational { num: 25, den: 1 }),
    colour: (1, 1, 1),
};

/// A rung of a size in pixels.
pub(crate) fn pattern(codec: VideoCodec, (width, height): (u32, u32)) -> RungPlan {
    // What ladders give such a picture at 25 frames/s, about.
    let bps = u64::from(width) * u64::from(height) * 4;
    RungPlan {
        name: "pattern".to_owned(),
        width,
        height,
        codec,
        rate_control: newsreel_model::profile::RateControl::CappedCrf,
        bitrate_bps: Some(bps),
        buffer_bits: Some(2 * bps),
        crf: 23,
        preset: None,
    }
}

impl<V: Vendor> Engine for GpuEngine<V> {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            encode: self.encodes.to_vec(),
            parallel_runs: 1,
        }
    }

    fn open<'a>(&'a self, prepared: &'a Prepared, run: &'a Run) -> Result<Box<dyn Session + 'a>> {
        let video = &prepared.plan.video;
        if video.colour.is_hdr() {
            return Err(Error::new(
                Code::EncodeUnsupported,
                "the device's lanes have eight bits, and this ladder stays HDR",
            ));
        }
        // Nothing on the device turns full range into limited, or makes a picture of fields; on the cores that is done.
        let beyond = if video.colour.full_range {
            Some("scale full range as it must be shown")
        } else if !video.conditioning.is_nothing() {
            Some("deinterlace, turn, crop or convert the colours of this source")
        } else {
            None
        };
        if let Some(what) = beyond.filter(|_| self.decode == Decode::Device) {
            return Err(Error::new(
                Code::DecodeUnsupported,
                format!("the device does not {what}"),
            ));
        }
        Ok(Box::new(GpuSession {
            stages: DeviceStages::new(self, &prepared.plan),
            prepared,
            run,
        }))
    }
}

struct GpuSession<'a, V: Vendor> {
    stages: DeviceStages<'a, V>,
    prepared: &'a Prepared,
    run: &'a Run,
}

impl<V: Vendor> Session for GpuSession<'_, V> {
    fn execute(&mut self, sink: &dyn SegmentSink, control: &RunControl) -> Result<RunStats> {
        pipeline::execute(&self.stages, self.prepared, self.run, sink, control)
    }
}
