//! Decoding on a device, or on the cores for a source that the device cannot decode. Never one in the place of the other:
//! what the device refuses is an error, and the engine chooses the lane that fits.

use newsreel_model::{Code, Error, Result};

use crate::ffi::{self, AvError, Frame, HwDecoder, HwDevice, HwFrame, Packet, Params, PixelFormat};
use crate::pipeline::{Decoded, Surface, VideoDecoder};
use crate::software::SoftwareDecoder;

use super::{Explain, Fault, Stage};

/// libavcodec with a device behind it; pictures stay there.
pub struct HardwareDecoder {
    decoder: HwDecoder,
    explain: Explain,
    drained: bool,
}

impl HardwareDecoder {
    /// Opens it; `extra` is how many pictures are in use at once beyond the decoder's own.
    ///
    /// # Errors
    /// [`Code::DecodeUnsupported`], or the device failed.
    pub fn open(params: &Params, device: &HwDevice, extra: u32, explain: Explain) -> Result<Self> {
        let (decoder, log) = ffi::listen(|| HwDecoder::open(params, device, extra));
        let decoder = decoder.map_err(|error| match error {
            AvError::NO_DECODER => unsupported("this codec"),
            error => explain(&Fault {
                stage: Stage::Decode,
                error,
                log,
            }),
        })?;
        Ok(Self {
            decoder,
            explain,
            drained: false,
        })
    }

    /// Tells damage, which is no error, from what the device cannot do and from its failure.
    fn judge<R>(&self, result: Result<R, AvError>, log: Vec<String>) -> Result<Option<R>> {
        if self.decoder.was_refused() {
            let refusal = unsupported("this profile, depth or size").with_detail(log.join("; "));
            // A device that is lost, or has no memory left for the decoder, refuses whatever it is given.
            let error = result.err().unwrap_or(AvError::EXTERNAL);
            let stage = Stage::Decode;
            let why = (self.explain)(&Fault { stage, error, log });
            let failed = matches!(why.code(), Code::DeviceLost | Code::DeviceOutOfMemory);
            return Err(if failed { why } else { refusal });
        }
        // Some decoders only mention that the device failed, and go on without the picture.
        let mentioned = log.iter().any(|line| line.contains(HWACCEL_FAILED));
        match result {
            Err(error) if is_failure(error) || mentioned => Err((self.explain)(&Fault {
                stage: Stage::Decode,
                error,
                log,
            })),
            Ok(_) if mentioned => Err((self.explain)(&Fault {
                stage: Stage::Decode,
                error: AvError::EXTERNAL,
                log,
            })),
            Ok(result) => Ok(Some(result)),
            Err(_) => Ok(None),
        }
    }
}

/// libavcodec's words, in h264_picture.c and hevc_refs.c among others.
const HWACCEL_FAILED: &str = "hardware accelerator failed to decode picture";

/// Damage in a packet comes back as other numbers.
fn is_failure(error: AvError) -> bool {
    [
        AvError::EXTERNAL,
        AvError::UNKNOWN,
        AvError::NO_MEMORY,
        AvError::NOT_IMPLEMENTED,
    ]
    .contains(&error)
}

fn unsupported(what: &str) -> Error {
    Error::new(
        Code::DecodeUnsupported,
        format!("the device does not decode {what}"),
    )
}

impl VideoDecoder for HardwareDecoder {
    type Surface = HwFrame;

    fn send(&mut self, packet: Option<&Packet>) -> Result<()> {
        self.drained = false;
        let (sent, log) = ffi::listen(|| self.decoder.send(packet));
        self.judge(sent, log).map(|_| ())
    }

    fn receive(&mut self) -> Result<Option<Decoded<HwFrame>>> {
        if self.drained {
            return Ok(None);
        }
        let (received, log) = ffi::listen(|| self.decoder.receive());
        let Some(Some(picture)) = self.judge(received, log)? else {
            self.drained = true;
            return Ok(None);
        };
        let samples = picture.samples_format();
        if ![PixelFormat::NV12, PixelFormat::P010].contains(&samples) {
            return Err(unsupported("into 4:2:0").with_detail(samples.name()));
        }
        if picture.is_full_range() || picture.has_offset() {
            return Err(unsupported(
                "full range or an offset picture as it must be shown",
            ));
        }
        Ok(Some(Decoded {
            rank: picture.pts(),
            damaged: picture.is_damaged(),
            surface: picture,
        }))
    }
}

/// Where a source is decoded.
pub enum SourceDecoder {
    /// On the device.
    Device(HardwareDecoder),
    /// On the cores.
    Host(SoftwareDecoder),
}

/// A decoded picture where its decoder left it.
pub enum SourcePicture {
    /// On the device.
    Device(HwFrame),
    /// In host memory.
    Host(Frame),
}

impl Surface for SourcePicture {
    fn share(&self) -> Result<Self> {
        match self {
            Self::Device(picture) => Surface::share(picture).map(Self::Device),
            Self::Host(picture) => Surface::share(picture).map(Self::Host),
        }
    }
}

impl VideoDecoder for SourceDecoder {
    type Surface = SourcePicture;

    fn send(&mut self, packet: Option<&Packet>) -> Result<()> {
        match self {
            Self::Device(decoder) => decoder.send(packet),
            Self::Host(decoder) => decoder.send(packet),
        }
    }

    fn receive(&mut self) -> Result<Option<Decoded<SourcePicture>>> {
        fn wrap<S>(of: fn(S) -> SourcePicture) -> impl Fn(Decoded<S>) -> Decoded<SourcePicture> {
            move |decoded| Decoded {
                rank: decoded.rank,
                damaged: decoded.damaged,
                surface: of(decoded.surface),
            }
        }
        match self {
            Self::Device(decoder) => Ok(decoder.receive()?.map(wrap(SourcePicture::Device))),
            Self::Host(decoder) => Ok(decoder.receive()?.map(wrap(SourcePicture::Host))),
        }
    }
}
