//! The pipeline's stages in host memory: libavcodec decoding and any libavcodec software encoder.
//!
//! Not here: scaling (`software_scaler`), or which encoder with which options (the engines decide).

use newsreel_model::plan::VideoPlan;
use newsreel_model::{Code, Error, Result};

use crate::condition::Conditioner;
use crate::errors;
use crate::ffi::{AvError, Decoder, Encoder, Frame, Packet, Params, Received, VideoSettings};
use crate::pipeline::{Decoded, Surface, VideoDecoder, VideoEncoder};

impl Surface for Frame {
    fn share(&self) -> Result<Self> {
        Self::share(self).map_err(errors::engine("sharing a picture"))
    }
}

/// libavcodec in software, its pictures conditioned as the plan says, in the colours they have.
pub struct SoftwareDecoder {
    decoder: Decoder,
    drained: bool,
    /// Whether no packet follows any more.
    ended: bool,
    conditioner: Option<Box<Conditioner>>,
}

impl SoftwareDecoder {
    /// Opens the default decoder for the pictures of a plan.
    ///
    /// # Errors
    /// There is none, or it refuses the stream.
    pub fn open(params: &Params, threads: u32, video: &VideoPlan) -> Result<Self> {
        let decoder =
            Decoder::open(params, threads, None).map_err(errors::engine("opening the decoder"))?;
        Ok(Self {
            decoder,
            drained: false,
            ended: false,
            conditioner: Conditioner::of(video).map(Box::new),
        })
    }

    fn decoded(&mut self) -> Result<Option<Decoded<Frame>>> {
        while !self.drained {
            let mut frame = Frame::new().map_err(errors::engine("decoding"))?;
            match self.decoder.receive(&mut frame) {
                Ok(Received::Output) if frame.pixel_format().is_scalable() => {
                    return Ok(Some(Decoded {
                        rank: frame.pts(),
                        damaged: frame.is_damaged(),
                        surface: frame,
                    }));
                }
                Ok(Received::Output) => {}
                Ok(Received::NeedsInput | Received::End) | Err(_) => self.drained = true,
            }
        }
        Ok(None)
    }
}

impl VideoDecoder for SoftwareDecoder {
    type Surface = Frame;

    fn send(&mut self, packet: Option<&Packet>) -> Result<()> {
        self.drained = false;
        self.ended |= packet.is_none();
        match self.decoder.send(packet) {
            Err(AvError::NO_MEMORY) => Err(Error::new(
                Code::EngineFailed,
                "out of memory while decoding",
            )),
            // Damage: the frames that do come are placed by their ranks, and the holes are concealed and counted.
            _ => Ok(()),
        }
    }

    fn receive(&mut self) -> Result<Option<Decoded<Frame>>> {
        let Some(mut conditioner) = self.conditioner.take() else {
            return self.decoded();
        };
        let conditioned = loop {
            if let Some(ready) = conditioner.take() {
                break Some(ready);
            }
            match self.decoded()? {
                Some(decoded) => conditioner.send(decoded)?,
                None if self.ended && conditioner.is_open() => conditioner.finish()?,
                None => break None,
            }
        };
        self.conditioner = Some(conditioner);
        Ok(conditioned)
    }
}

/// A libavcodec software encoder.
pub struct SoftwareEncoder(Encoder);

impl SoftwareEncoder {
    /// Opens it with the settings an engine chose.
    ///
    /// # Errors
    /// It does not exist or refuses a setting.
    pub fn open(settings: &VideoSettings) -> Result<Self> {
        Encoder::video(settings).map(Self).map_err(|e| {
            Error::new(
                Code::EngineFailed,
                format!("the encoder {} cannot be opened: {e}", settings.encoder),
            )
            .with_detail(format!("{settings:?}"))
        })
    }
}

impl VideoEncoder for SoftwareEncoder {
    type Surface = Frame;

    fn send(&mut self, mut picture: Frame, ticks: i64, key: bool) -> Result<()> {
        picture.set_pts(ticks);
        picture.set_forced_key(key);
        picture.forget_captions();
        self.0
            .send(Some(&picture))
            .map_err(errors::engine("encoding"))
    }

    fn finish(&mut self) -> Result<()> {
        self.0.send(None).map_err(errors::engine("encoding"))
    }

    fn receive(&mut self, packet: &mut Packet) -> Result<Received> {
        self.0.receive(packet).map_err(errors::engine("encoding"))
    }

    fn params(&self) -> Result<Params> {
        self.0.params().map_err(errors::engine("encoding"))
    }
}
