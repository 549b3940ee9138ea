//! The pipeline's stages on a GPU: decoding, uploading, scaling, encoding, and the way back to host memory for rungs that the
//! device cannot encode.
//!
//! Not here: which device, which rung goes where, any option of an encoder or a filter (the engines decide).

mod decoder;
mod encoder;
mod ladder;
mod splitter;

use newsreel_model::Error;

use crate::ffi::{self, AvError, Frame, HwFrame};
use crate::pipeline::Surface;

pub use decoder::{HardwareDecoder, SourceDecoder, SourcePicture};
pub use encoder::{HardwareEncoder, HostEncoder, RungEncoder, RungPicture};
pub use ladder::{FilterLadder, Ladder};
pub use splitter::{DeviceSplitter, RungScaler, Split};

/// What the device was asked for when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Opening the device.
    Device,
    /// Decoding.
    Decode,
    /// Scaling.
    Scale,
    /// Copying between its memory and the host's.
    Transfer,
    /// Opening an encoder session.
    OpenEncoder,
    /// Encoding.
    Encode,
}

/// A device's failure as libav tells it.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What was asked for.
    pub stage: Stage,
    /// What came back.
    pub error: AvError,
    /// What was said meanwhile; the cause is rarely in the last line.
    pub log: Vec<String>,
}

/// How a vendor's faults become errors with a class.
pub type Explain = fn(&Fault) -> Error;

impl Surface for HwFrame {
    fn share(&self) -> newsreel_model::Result<Self> {
        Self::share(self).map_err(crate::errors::engine("sharing a picture"))
    }
}

/// Asks the device for something and explains its failure.
///
/// # Errors
/// What the vendor makes of the fault.
pub fn ask<R>(
    explain: Explain,
    stage: Stage,
    work: impl FnOnce() -> Result<R, AvError>,
) -> newsreel_model::Result<R> {
    let (result, log) = ffi::listen(work);
    result.map_err(|error| explain(&Fault { stage, error, log }))
}

/// What the size and sample format of a picture in host memory are.
type Shape = (u32, u32);

fn shape(frame: &Frame) -> Shape {
    (frame.width(), frame.height())
}
