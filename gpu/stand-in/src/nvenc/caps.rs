//! What a device says it encodes. Not holding clients to it: [`super::encode`] does that.

use newsreel_stand_in_kit::{Codec, Encode};

use super::guid::{self, Guid};
use super::{Answer, Status};
use crate::driver::driver;

/// What a device encodes of a codec.
///
/// # Errors
/// It does not encode it.
pub fn of(device: usize, codec: Guid) -> Answer<Encode> {
    let wanted = codec_of(codec)?;
    let found = encodes(device)?.into_iter().find(|e| e.codec == wanted);
    found.ok_or(Status::INVALID_PARAM)
}

/// Everything a device encodes.
///
/// # Errors
/// There is no such device.
pub fn encodes(device: usize) -> Answer<Vec<Encode>> {
    Ok(driver().device(device)?.encode)
}

/// The codec of a GUID.
///
/// # Errors
/// None is known.
pub fn codec_of(codec: Guid) -> Answer<Codec> {
    match codec {
        guid::H264 => Ok(Codec::H264),
        guid::HEVC => Ok(Codec::Hevc),
        _ => Err(Status::INVALID_PARAM),
    }
}

/// The GUID of a codec.
pub fn guid_of(codec: Codec) -> Guid {
    match codec {
        Codec::H264 => guid::H264,
        Codec::Hevc => guid::HEVC,
    }
}

/// The value of an `NV_ENC_CAPS`; what is not named is not supported.
///
/// # Errors
/// The device does not encode the codec.
pub fn value(device: usize, codec: Guid, which: i32) -> Answer<i32> {
    let engines = i32::from(driver().device(device)?.nvenc);
    let e = of(device, codec)?;
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    Ok(match which {
        // The number of B-frames, and whether they may be references: each or the middle one.
        0 => number(e.b_frames),
        43 if e.b_frames > 0 => 3,
        // Constant quantiser, variable and constant rate.
        1 => 0b11_1111,
        // CABAC, adaptive transform; levels in the codec's own numbers.
        7 | 8 => i32::from(e.codec == Codec::H264),
        13 => {
            if e.codec == Codec::H264 {
                62
            } else {
                186
            }
        }
        14 => {
            if e.codec == Codec::H264 {
                10
            } else {
                30
            }
        }
        16 => number(e.max.0),
        17 => number(e.max.1),
        // Custom buffer sizes.
        26 => 1,
        31 => number(e.max.0 / 16 * (e.max.1 / 16)),
        37 => i32::from(e.lookahead),
        38 => 1,
        39 => i32::from(e.ten_bit),
        // Capacity in percent.
        42 => 100,
        45 => number(e.min.0),
        46 => number(e.min.1),
        47 => 1,
        49 => engines,
        _ => 0,
    })
}
