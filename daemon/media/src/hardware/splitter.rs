//! From a decoded picture to what each rung is given: uploaded where it must be, scaled on the device for all rungs at once.

use std::sync::Arc;

use newsreel_model::plan::{Colour, VideoPlan};
use newsreel_model::{Error, Result};

use crate::condition::Converter;
use crate::errors;
use crate::ffi::{Frame, HwDevice, HwFrame, HwFrames, PixelFormat};
use crate::pipeline::{Scaler, Splitter};
use crate::software_scaler::SoftwareScaler;

use super::{Explain, Ladder, RungPicture, Shape, SourcePicture, Stage, ask, shape};

/// What a picture was split into.
pub struct Split {
    /// Pictures on the device, with the rungs they are for.
    device: Vec<(usize, HwFrame)>,
    /// The decoded picture, for rungs that take nothing from the device.
    host: Option<Frame>,
}

/// Splits pictures with a ladder on the device.
pub struct DeviceSplitter<L> {
    ladder: L,
    /// The rungs of the ladder, in its order.
    rungs: Vec<usize>,
    /// For pictures that were decoded on the cores.
    converter: Option<Converter>,
    upload: Upload,
}

impl<L: Ladder> DeviceSplitter<L> {
    /// `rungs` are those of the plan that `ladder` makes, in its order; a picture in host memory is uploaded if there are any.
    pub fn new(
        ladder: L,
        rungs: Vec<usize>,
        device: &Arc<HwDevice>,
        video: &VideoPlan,
        explain: Explain,
    ) -> Self {
        let upload = Upload {
            device: Arc::clone(device),
            colour: video.colour,
            explain,
            way: None,
        };
        Self {
            ladder,
            rungs,
            converter: Converter::for_many(video),
            upload,
        }
    }

    fn scale(&mut self, picture: &HwFrame) -> Result<Vec<(usize, HwFrame)>> {
        let pictures = self.ladder.scale(picture)?;
        Ok(self.rungs.iter().copied().zip(pictures).collect())
    }
}

impl<L: Ladder> Splitter for DeviceSplitter<L> {
    type In = SourcePicture;
    type Out = Split;

    fn split(&mut self, picture: SourcePicture) -> Result<Split> {
        match picture {
            SourcePicture::Device(picture) => Ok(Split {
                device: self.scale(&picture)?,
                host: None,
            }),
            SourcePicture::Host(picture) => {
                let picture = match &mut self.converter {
                    Some(converter) => converter.convert(&picture)?,
                    None => picture,
                };
                let device = if self.rungs.is_empty() {
                    Vec::new()
                } else {
                    let uploaded = self.upload.picture(&picture)?;
                    self.scale(&uploaded)?
                };
                Ok(Split {
                    device,
                    host: Some(picture),
                })
            }
        }
    }
}

/// The way of decoded pictures from host memory onto the device.
struct Upload {
    device: Arc<HwDevice>,
    colour: Colour,
    explain: Explain,
    /// For pictures of one size; another size in mid-stream needs another way.
    way: Option<(Shape, SoftwareScaler, HwFrames)>,
}

impl Upload {
    fn picture(&mut self, picture: &Frame) -> Result<HwFrame> {
        let from = shape(picture);
        let mut way = match self.way.take() {
            Some(way) if way.0 == from => way,
            _ => self.way_for(from)?,
        };
        // What the device works in: interleaved chroma, limited range.
        let converted = way.1.scale(picture)?;
        let uploaded = ask(self.explain, Stage::Transfer, || way.2.upload(&converted));
        self.way = Some(way);
        uploaded
    }

    fn way_for(&self, from: Shape) -> Result<(Shape, SoftwareScaler, HwFrames)> {
        // Chroma comes in whole pairs.
        let even = |v: u32| (v & !1).max(2);
        let (width, height) = (even(from.0), even(from.1));
        let format = PixelFormat::NV12;
        let scaler = SoftwareScaler::to(width, height, format, self.colour)?;
        let frames = || HwFrames::new(&self.device, width, height, format, 0);
        let frames = ask(self.explain, Stage::Transfer, frames)?;
        Ok((from, scaler, frames))
    }
}

/// Takes a rung's picture out of what was split; only a rung that takes nothing from the device scales anything here.
pub enum RungScaler {
    /// The picture of this rung on the device.
    Device(usize),
    /// Scaled on the cores from the decoded picture.
    Host(SoftwareScaler),
}

impl Scaler for RungScaler {
    type In = Split;
    type Out = RungPicture;

    fn scale(&mut self, split: &Split) -> Result<RungPicture> {
        match self {
            Self::Device(rung) => {
                let mut pictures = split.device.iter();
                let (_, picture) = pictures
                    .find(|(r, _)| r == rung)
                    .ok_or_else(|| Error::bug("a rung was left out of the split"))?;
                let shared = picture.share().map_err(errors::engine("scaling"))?;
                Ok(RungPicture::Device(shared))
            }
            Self::Host(scaler) => {
                let picture = split
                    .host
                    .as_ref()
                    .ok_or_else(|| Error::bug("a picture on the device was wanted on the host"))?;
                scaler.scale(picture).map(RungPicture::Host)
            }
        }
    }
}
