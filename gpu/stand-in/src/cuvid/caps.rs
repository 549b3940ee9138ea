//! What a device says it decodes, and holding clients to it. Not the decoding.

use super::abi::{CHROMA_420, CreateInfo, DecodeCaps, NV12, P016};
use super::codec;
use crate::abi::{Answer, CuError, InOut, int};
use crate::cuda::context::current;
use crate::cuda::export;
use crate::driver::driver;
use newsreel_stand_in_kit::Decode;

/// What device `ordinal` says of a codec (a `cudaVideoCodec`) at a depth.
fn find(ordinal: usize, number: i32, chroma: i32, bits: u64) -> Answer<Option<(Decode, u8)>> {
    let device = driver().device(ordinal)?;
    if device.nvdec == 0 || chroma != CHROMA_420 {
        return Ok(None);
    }
    let wanted = |d: &&Decode| Some(d.codec) == codec(number) && u64::from(d.bits) == bits;
    let found = device.decode.iter().find(wanted);
    Ok(found.map(|decode| (*decode, device.nvdec)))
}

/// Whether a decoder like this can be made on a device.
///
/// # Errors
/// It cannot, for what the device says of itself.
pub fn allow(ordinal: usize, info: &CreateInfo) -> Answer {
    let bits = info.depth_minus8 + 8;
    let found = find(ordinal, info.codec, info.chroma, bits)?;
    let (decode, _) = found.ok_or(CuError::NOT_SUPPORTED)?;
    let within = |n: u64, least: u32, most: u32| (u64::from(least)..=u64::from(most)).contains(&n);
    let fits = within(info.width, decode.min.0, decode.max.0)
        && within(info.height, decode.min.1, decode.max.1)
        && info.format == if decode.bits == 8 { NV12 } else { P016 };
    fits.then_some(()).ok_or(CuError::NOT_SUPPORTED)
}

export! {
    fn cuvidGetDecoderCaps(caps: InOut<DecodeCaps>) {
        let mut caps = caps;
        let (_, context) = current()?;
        let caps = caps.get()?;
        let bits = u64::from(caps.depth_minus8) + 8;
        let found = find(context.device, caps.codec, caps.chroma, bits)?;
        caps.supported = u8::from(found.is_some());
        if let Some((decode, engines)) = found {
            caps.engines = engines;
            caps.formats = if decode.bits == 8 { 1 << NV12 } else { 1 << P016 };
            (caps.max_width, caps.max_height) = decode.max;
            caps.max_macroblocks = decode.max.0 / 16 * (decode.max.1 / 16);
            caps.min_width = int(decode.min.0);
            caps.min_height = int(decode.min.1);
        }
        Ok(())
    }
}
