//! What a probe found of a machine's devices: which they are, what each can decode and encode, and why something is missing.
//!
//! Not here: how they are asked (`newsreel-gpu`), how fast they are ([`crate::capacity`]), what happens on them
//! ([`crate::control::DeviceView`]).

use serde::{Deserialize, Serialize};

use crate::capacity::DeviceKind;

/// Every device of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Inventory {
    /// The machine's cores.
    pub cpu: CpuReport,
    /// GPUs, by [`GpuReport::id`].
    pub gpus: Vec<GpuReport>,
    /// Kinds of GPU of which none can be used, each with the reason.
    pub unavailable: Vec<Unavailable>,
}

/// The machine's cores as a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CpuReport {
    /// Model name; empty where the system does not say.
    pub name: String,
    /// Cores this process may use.
    pub cores: u32,
    /// Codecs there is a software encoder for.
    pub encode: Vec<Codec>,
}

/// One GPU. Two drivers for the same card, NVIDIA's and VAAPI, are two of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GpuReport {
    /// Stable name, from the card and not from its order: `nvidia-GPU-1b2c…`, `vaapi-0000:03:00.0`.
    pub id: String,
    /// Its kind.
    pub kind: DeviceKind,
    /// Model name.
    pub name: String,
    /// Driver and its version: what a calibration holds for.
    pub driver: String,
    /// Address on the PCI bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pci: Option<String>,
    /// NVIDIA: the compute capability, for example `9.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute_capability: Option<String>,
    /// VAAPI: the render node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Device memory in MiB, where the driver says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vram_mib: Option<u64>,
    /// What it decodes.
    pub decode: Side,
    /// What it encodes.
    pub encode: Side,
    /// Whether it scaled a built-in picture as it should; absent where that is left to others (VAAPI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<SelfTest>,
}

/// How a device did on a task of which the right result is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SelfTest {
    /// Whether the result was right.
    pub passed: bool,
    /// What went wrong, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl SelfTest {
    /// Of what was tried.
    #[must_use]
    pub fn of(tried: crate::Result<()>) -> Self {
        Self {
            passed: tried.is_ok(),
            reason: tried.err().map(|e| match e.detail() {
                Some(detail) => format!("{e} ({detail})"),
                None => e.to_string(),
            }),
        }
    }

    fn failure(&self) -> Option<&str> {
        let reason = self.reason.as_deref().unwrap_or("not said");
        (!self.passed).then_some(reason)
    }
}

impl GpuReport {
    /// Why a self-test failed, the first that did.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        let tests = [&self.decode.self_test, &self.scale, &self.encode.self_test];
        tests.into_iter().flatten().find_map(SelfTest::failure)
    }
}

/// The decoding or the encoding side of a device. Either may be missing while the other works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Side {
    /// Engines that work beside each other, where the driver says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engines: Option<u32>,
    /// What it can do.
    pub formats: Vec<Format>,
    /// What it was asked for and cannot do; the whole side is one entry.
    pub unavailable: Vec<Unavailable>,
    /// Whether it did a built-in pattern as it should; absent where it could not be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_test: Option<SelfTest>,
}

/// One kind of stream a device can decode or encode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Format {
    /// Codec.
    pub codec: Codec,
    /// Chroma sampling.
    pub chroma: Chroma,
    /// Bits of a sample.
    pub bit_depth: u8,
    /// Profiles, where the driver tells them apart.
    pub profiles: Vec<String>,
    /// The smallest picture.
    pub min: Size,
    /// The largest picture; 0 × 0 where the driver does not say.
    pub max: Size,
    /// Decoding: the most macroblocks (16 × 16) of a picture, where that is limited too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_macroblocks: Option<u32>,
    /// Encoding: the most B-frames in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_b_frames: Option<u32>,
    /// Encoding: whether it can look ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookahead: Option<bool>,
}

/// A picture's size in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Side {
    /// A side that is missing as a whole.
    pub fn missing(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            unavailable: vec![Unavailable::new(what, reason)],
            ..Self::default()
        }
    }

    /// The format that takes this kind of stream at this size, if one does.
    #[must_use]
    pub fn find(&self, codec: Codec, chroma: Chroma, bit_depth: u8, size: Size) -> Option<&Format> {
        self.formats.iter().find(|format| {
            (format.codec, format.chroma, format.bit_depth) == (codec, chroma, bit_depth)
                && format.takes(size)
        })
    }
}

impl Format {
    /// Whether a picture of this size is within its limits.
    #[must_use]
    pub fn takes(&self, size: Size) -> bool {
        let unlimited = self.max == Size::default();
        let macroblocks = u64::from(size.width.div_ceil(16)) * u64::from(size.height.div_ceil(16));
        self.min.width <= size.width
            && self.min.height <= size.height
            && (unlimited || (size.width <= self.max.width && size.height <= self.max.height))
            && self
                .max_macroblocks
                .is_none_or(|most| macroblocks <= u64::from(most))
    }
}

/// Something that cannot be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Unavailable {
    /// What is missing, for example `nvidia`, `encode` or `h264 10 bit 4:2:0`.
    pub what: String,
    /// Why, and what to do, in one sentence.
    pub reason: String,
}

impl Unavailable {
    /// Both in words.
    pub fn new(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            reason: reason.into(),
        }
    }
}

/// A video codec a device may know. What a rung can be encoded in is [`crate::profile::VideoCodec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Codec {
    /// H.264, AVC.
    H264,
    /// H.265, HEVC.
    Hevc,
    /// AV1.
    Av1,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// MPEG-1 video.
    Mpeg1,
    /// MPEG-2 video.
    Mpeg2,
    /// MPEG-4 part 2.
    Mpeg4,
    /// VC-1.
    Vc1,
    /// JPEG.
    Jpeg,
}

impl Codec {
    /// Its name in every output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Av1 => "av1",
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
            Self::Mpeg1 => "mpeg1",
            Self::Mpeg2 => "mpeg2",
            Self::Mpeg4 => "mpeg4",
            Self::Vc1 => "vc1",
            Self::Jpeg => "jpeg",
        }
    }
}

/// Chroma sampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Chroma {
    /// No colour.
    #[serde(rename = "4:0:0")]
    C400,
    /// Half as many chroma samples along both axes.
    #[serde(rename = "4:2:0")]
    C420,
    /// Half as many along rows.
    #[serde(rename = "4:2:2")]
    C422,
    /// As many as luma samples.
    #[serde(rename = "4:4:4")]
    C444,
}

impl Chroma {
    /// Its name in every output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::C400 => "4:0:0",
            Self::C420 => "4:2:0",
            Self::C422 => "4:2:2",
            Self::C444 => "4:4:4",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for codec in [Codec::H264, Codec::Hevc, Codec::Mpeg2, Codec::Jpeg] {
            let json = serde_json::to_value(codec).unwrap();
            assert_eq!(json, codec.name());
        }
        for chroma in [Chroma::C400, Chroma::C420, Chroma::C422, Chroma::C444] {
            assert_eq!(serde_json::to_value(chroma).unwrap(), chroma.name());
        }
    }

    #[test]
    fn a_rung_below_the_smallest_picture_or_above_the_largest_is_not_taken() {
        let size = |width, height| Size { width, height };
        let side = Side {
            formats: vec![Format {
                codec: Codec::H264,
                chroma: Chroma::C420,
                bit_depth: 8,
                profiles: Vec::new(),
                min: size(145, 49),
                max: size(4096, 4096),
                max_macroblocks: Some(36_864),
                max_b_frames: None,
                lookahead: None,
            }],
            ..Side::default()
        };
        let takes = |w, h| {
            side.find(Codec::H264, Chroma::C420, 8, size(w, h))
                .is_some()
        };
        assert!(takes(1920, 1080) && takes(146, 50));
        assert!(!takes(144, 82) && !takes(4098, 100) && !takes(4096, 4096));
        assert!(
            side.find(Codec::H264, Chroma::C420, 10, size(1920, 1080))
                .is_none()
        );
    }
}
