//! Encoding a rung on the device, or on the cores with pictures brought back from it. Not the choice between the two.

use std::sync::Arc;

use newsreel_model::plan::Colour;
use newsreel_model::{Error, Result};

use crate::errors;
use crate::ffi::{
    Encoder, Frame, FramePool, HwDevice, HwFrame, HwFrames, Packet, Params, PixelFormat, Received,
    VideoSettings,
};
use crate::pipeline::{Scaler, VideoEncoder};
use crate::software::SoftwareEncoder;
use crate::software_scaler::SoftwareScaler;

use super::{Explain, Shape, Stage, ask};

/// A rung's picture where its scaler left it.
pub enum RungPicture {
    /// On the device.
    Device(HwFrame),
    /// In host memory.
    Host(Frame),
}

impl crate::pipeline::Surface for RungPicture {
    fn share(&self) -> Result<Self> {
        match self {
            Self::Device(picture) => crate::pipeline::Surface::share(picture).map(Self::Device),
            Self::Host(picture) => crate::pipeline::Surface::share(picture).map(Self::Host),
        }
    }
}

/// A session of the device's own encoder.
pub struct HardwareEncoder {
    encoder: Encoder,
    /// Pictures that come from the host (a rung may change its mind) have to get there.
    frames: HwFrames,
    /// Parameter sets of the encoder that may have to go on with this rung.
    stand_in: Vec<u8>,
    explain: Explain,
}

impl HardwareEncoder {
    /// Opens a session. `stand_in` are the parameter sets, in Annex B form, of an encoder that can go on with the rung
    /// should the device fail; they stand beside the session's own in the init segment.
    ///
    /// # Errors
    /// The device has no encoder for this, no session or no memory left.
    pub fn open(
        settings: &VideoSettings,
        device: &Arc<HwDevice>,
        surfaces: u32,
        stand_in: Vec<u8>,
        explain: Explain,
    ) -> Result<Self> {
        let (width, height) = (settings.width, settings.height);
        let frames = || HwFrames::new(device, width, height, settings.format, surfaces);
        let frames = ask(explain, Stage::OpenEncoder, frames)?;
        let open = || Encoder::video_on_device(settings, &frames);
        let encoder = ask(explain, Stage::OpenEncoder, open)?;
        Ok(Self {
            encoder,
            frames,
            stand_in,
            explain,
        })
    }

    fn send(&mut self, picture: RungPicture, ticks: i64, key: bool) -> Result<()> {
        let mut picture = match picture {
            RungPicture::Device(picture) => picture,
            RungPicture::Host(picture) => ask(self.explain, Stage::Transfer, || {
                self.frames.upload(&picture)
            })?,
        };
        picture.set_pts(ticks);
        picture.set_forced_key(key);
        picture.forget_captions();
        let encoder = &mut self.encoder;
        ask(self.explain, Stage::Encode, || {
            encoder.send_device(&picture)
        })
    }

    fn params(&self) -> Result<Params> {
        let failed = errors::engine("encoding");
        let mut params = self.encoder.params().map_err(&failed)?;
        params.add_parameter_sets(&self.stand_in).map_err(&failed)?;
        Ok(params)
    }
}

/// An encoder on the cores, fed from the device: one copy per picture, of the rung's size.
pub struct HostEncoder {
    encoder: SoftwareEncoder,
    explain: Explain,
    /// What pictures are copied into, and converted from.
    landing: FramePool,
    converter: SoftwareScaler,
    /// Why the device does not encode what it should.
    instead_because: Option<Error>,
}

impl HostEncoder {
    /// Feeds `encoder`, which takes planar 4:2:0, with pictures of this size. `instead_because` is the refusal of the
    /// device's own encoder, where there was one.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new(
        encoder: SoftwareEncoder,
        (width, height): Shape,
        colour: Colour,
        instead_because: Option<Error>,
        explain: Explain,
    ) -> Result<Self> {
        let landing = FramePool::new(width, height, PixelFormat::NV12)
            .map_err(errors::engine("opening the encoder"))?;
        Ok(Self {
            encoder,
            explain,
            landing,
            converter: SoftwareScaler::to(width, height, PixelFormat::YUV420P, colour)?,
            instead_because,
        })
    }

    fn send(&mut self, picture: RungPicture, ticks: i64, key: bool) -> Result<()> {
        let picture = match picture {
            RungPicture::Host(picture) => picture,
            RungPicture::Device(picture) => {
                let mut landed = self.landing.get().map_err(errors::engine("encoding"))?;
                ask(self.explain, Stage::Transfer, || {
                    picture.download(&mut landed)
                })?;
                self.converter.scale(&landed)?
            }
        };
        self.encoder.send(picture, ticks, key)
    }
}

/// Where a rung is encoded; decided when its session is opened.
pub enum RungEncoder {
    /// On the device.
    Device(HardwareEncoder),
    /// On the cores.
    Host(HostEncoder),
}

impl VideoEncoder for RungEncoder {
    type Surface = RungPicture;

    fn send(&mut self, picture: RungPicture, ticks: i64, key: bool) -> Result<()> {
        match self {
            Self::Device(session) => session.send(picture, ticks, key),
            Self::Host(session) => session.send(picture, ticks, key),
        }
    }

    fn finish(&mut self) -> Result<()> {
        match self {
            Self::Device(session) => {
                let encoder = &mut session.encoder;
                ask(session.explain, Stage::Encode, || encoder.send(None))
            }
            Self::Host(session) => session.encoder.finish(),
        }
    }

    fn receive(&mut self, packet: &mut Packet) -> Result<Received> {
        match self {
            Self::Device(session) => {
                let encoder = &mut session.encoder;
                ask(session.explain, Stage::Encode, || encoder.receive(packet))
            }
            Self::Host(session) => session.encoder.receive(packet),
        }
    }

    fn instead_because(&self) -> Option<&Error> {
        match self {
            Self::Device(_) => None,
            Self::Host(session) => session.instead_because.as_ref(),
        }
    }

    fn params(&self) -> Result<Params> {
        match self {
            Self::Device(session) => session.params(),
            Self::Host(session) => session.encoder.params(),
        }
    }
}
