//! What one device decodes and encodes, asked of NVDEC and NVENC apart. Not whether it is fast.

use newsreel_model::device::{Chroma, Codec, Format, Side, Size, Unavailable};
use nvidia_video_codec_sdk::sys::cuviddec::{cudaVideoChromaFormat as Sampling, cudaVideoCodec};
use nvidia_video_codec_sdk::sys::nvEncodeAPI as api;
use nvidia_video_codec_sdk::sys::nvEncodeAPI::{GUID, NV_ENC_CAPS as Caps};

use super::sys::{Context, DecoderCaps, EncodeSession, Nvdec, Nvenc};
use super::why;

/// A codec by both names, and what is asked of it.
type Question = (Codec, cudaVideoCodec, &'static [(Chroma, u8)]);

/// What is asked of NVDEC: every codec with the chroma samplings and depths that some device has.
const DECODERS: [Question; 10] = {
    use Chroma::{C400, C420, C422, C444};
    use cudaVideoCodec as V;
    const PLAIN: &[(Chroma, u8)] = &[(C420, 8)];
    [
        (
            Codec::H264,
            V::cudaVideoCodec_H264,
            &[(C420, 8), (C420, 10), (C422, 8), (C422, 10), (C444, 8)],
        ),
        (
            Codec::Hevc,
            V::cudaVideoCodec_HEVC,
            &[
                (C420, 8),
                (C420, 10),
                (C420, 12),
                (C422, 8),
                (C422, 10),
                (C444, 8),
                (C444, 10),
                (C444, 12),
            ],
        ),
        (
            Codec::Av1,
            V::cudaVideoCodec_AV1,
            &[(C420, 8), (C420, 10), (C400, 8), (C400, 10)],
        ),
        (Codec::Vp8, V::cudaVideoCodec_VP8, PLAIN),
        (
            Codec::Vp9,
            V::cudaVideoCodec_VP9,
            &[(C420, 8), (C420, 10), (C420, 12)],
        ),
        (Codec::Mpeg1, V::cudaVideoCodec_MPEG1, PLAIN),
        (Codec::Mpeg2, V::cudaVideoCodec_MPEG2, PLAIN),
        (Codec::Mpeg4, V::cudaVideoCodec_MPEG4, PLAIN),
        (Codec::Vc1, V::cudaVideoCodec_VC1, PLAIN),
        (Codec::Jpeg, V::cudaVideoCodec_JPEG, PLAIN),
    ]
};

const ENCODERS: [(Codec, GUID); 3] = [
    (Codec::H264, api::NV_ENC_CODEC_H264_GUID),
    (Codec::Hevc, api::NV_ENC_CODEC_HEVC_GUID),
    (Codec::Av1, api::NV_ENC_CODEC_AV1_GUID),
];

const PROFILES: [(GUID, &str); 9] = [
    (api::NV_ENC_H264_PROFILE_BASELINE_GUID, "baseline"),
    (api::NV_ENC_H264_PROFILE_MAIN_GUID, "main"),
    (api::NV_ENC_H264_PROFILE_HIGH_GUID, "high"),
    (api::NV_ENC_H264_PROFILE_HIGH_444_GUID, "high 4:4:4"),
    (
        api::NV_ENC_H264_PROFILE_CONSTRAINED_HIGH_GUID,
        "constrained high",
    ),
    (api::NV_ENC_HEVC_PROFILE_MAIN_GUID, "main"),
    (api::NV_ENC_HEVC_PROFILE_MAIN10_GUID, "main 10"),
    (api::NV_ENC_HEVC_PROFILE_FREXT_GUID, "range extensions"),
    (api::NV_ENC_AV1_PROFILE_MAIN_GUID, "main"),
];

/// The smallest pictures, from NVIDIA's application note for NVENC, for drivers too old to be asked (before SDK 9).
const SMALLEST: [(Codec, Size); 3] = [
    (Codec::H264, size(145, 49)),
    (Codec::Hevc, size(129, 33)),
    (Codec::Av1, size(192, 128)),
];

const NO_DECODER: &str = "this GPU's decoder does not have it; such sources are decoded by the CPU";
const NO_ENCODER: &str = "this GPU's encoder does not have it; such rungs are encoded by the CPU";

const fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

/// What the context's device decodes.
pub fn decode(context: &Context) -> Side {
    let nvdec = match Nvdec::get() {
        Ok(nvdec) => nvdec,
        Err(missing) => return Side::missing("decode", why::decoder(&missing)),
    };
    let mut side = Side::default();
    for (codec, theirs, kinds) in DECODERS {
        let before = side.formats.len();
        let mut missing = Vec::new();
        for (chroma, bit_depth) in kinds {
            let what = kind(codec, *chroma, *bit_depth);
            match nvdec.caps(context, theirs, sampling(*chroma), *bit_depth) {
                Ok(Some(caps)) => {
                    side.engines = side.engines.max((caps.engines > 0).then_some(caps.engines));
                    side.formats.push(decodable(codec, *chroma, *bit_depth, &caps));
                }
                Ok(None) => missing.push(Unavailable::new(what, NO_DECODER)),
                Err(failed) => missing.push(Unavailable::new(
                    what,
                    format!("the driver does not answer for it ({failed}); such sources are decoded by the CPU"),
                )),
            }
        }
        // A codec that is missing altogether is one line.
        if side.formats.len() == before && missing.iter().all(|m| m.reason == NO_DECODER) {
            missing = vec![Unavailable::new(codec.name(), NO_DECODER)];
        }
        side.unavailable.extend(missing);
    }
    side
}

fn sampling(chroma: Chroma) -> Sampling {
    match chroma {
        Chroma::C400 => Sampling::cudaVideoChromaFormat_Monochrome,
        Chroma::C420 => Sampling::cudaVideoChromaFormat_420,
        Chroma::C422 => Sampling::cudaVideoChromaFormat_422,
        Chroma::C444 => Sampling::cudaVideoChromaFormat_444,
    }
}

fn decodable(codec: Codec, chroma: Chroma, bit_depth: u8, caps: &DecoderCaps) -> Format {
    Format {
        codec,
        chroma,
        bit_depth,
        profiles: Vec::new(),
        min: size(caps.min.0, caps.min.1),
        max: size(caps.max.0, caps.max.1),
        max_macroblocks: Some(caps.max_macroblocks).filter(|most| *most > 0),
        max_b_frames: None,
        lookahead: None,
    }
}

/// What the context's device encodes.
pub fn encode(context: &Context) -> Side {
    let nvenc = match Nvenc::get() {
        Ok(nvenc) => nvenc,
        Err(missing) => return Side::missing("encode", why::encoder(&missing)),
    };
    let session = match nvenc.open(context) {
        Ok(session) => session,
        Err(failed) => return Side::missing("encode", why::session(&failed)),
    };
    match session.codecs() {
        Ok(codecs) if codecs.is_empty() => Side::missing("encode", why::NO_ENCODER),
        Ok(codecs) => encodable(&session, &codecs),
        Err(failed) => Side::missing("encode", why::session(&failed)),
    }
}

fn encodable(session: &EncodeSession, there: &[GUID]) -> Side {
    let mut side = Side::default();
    for (codec, guid) in ENCODERS {
        if !there.contains(&guid) {
            side.unavailable
                .push(Unavailable::new(codec.name(), NO_ENCODER));
            continue;
        }
        let ask = |capability| session.capability(guid, capability);
        let number = |capability| ask(capability).and_then(|value| u32::try_from(value).ok());
        let yes = |capability| number(capability).is_some_and(|value| value > 0);
        let engines = number(Caps::NV_ENC_CAPS_NUM_ENCODER_ENGINES).filter(|n| *n > 0);
        side.engines = side.engines.max(engines);
        let smallest = SMALLEST.iter().find(|(c, _)| *c == codec);
        let smallest = smallest.map_or(Size::default(), |(_, size)| *size);
        let least = |capability, known| number(capability).filter(|v| *v > 0).unwrap_or(known);
        let format = Format {
            codec,
            chroma: Chroma::C420,
            bit_depth: 8,
            profiles: profiles(session, guid),
            min: size(
                least(Caps::NV_ENC_CAPS_WIDTH_MIN, smallest.width),
                least(Caps::NV_ENC_CAPS_HEIGHT_MIN, smallest.height),
            ),
            max: size(
                number(Caps::NV_ENC_CAPS_WIDTH_MAX).unwrap_or(0),
                number(Caps::NV_ENC_CAPS_HEIGHT_MAX).unwrap_or(0),
            ),
            max_macroblocks: None,
            max_b_frames: number(Caps::NV_ENC_CAPS_NUM_MAX_BFRAMES),
            lookahead: Some(yes(Caps::NV_ENC_CAPS_SUPPORT_LOOKAHEAD)),
        };
        let depths: &[u8] = if yes(Caps::NV_ENC_CAPS_SUPPORT_10BIT_ENCODE) {
            &[8, 10]
        } else {
            &[8]
        };
        let full = yes(Caps::NV_ENC_CAPS_SUPPORT_YUV444_ENCODE);
        let samplings: &[Chroma] = if full {
            &[Chroma::C420, Chroma::C444]
        } else {
            &[Chroma::C420]
        };
        for chroma in samplings {
            side.formats.extend(depths.iter().map(|bit_depth| Format {
                chroma: *chroma,
                bit_depth: *bit_depth,
                ..format.clone()
            }));
        }
        if depths == [8] {
            side.unavailable
                .push(Unavailable::new(kind(codec, Chroma::C420, 10), NO_ENCODER));
        }
    }
    side
}

fn profiles(session: &EncodeSession, codec: GUID) -> Vec<String> {
    // A driver that does not list them has the ones every other has: this is for people to read.
    let listed = session.profiles(codec).unwrap_or_default();
    let named = PROFILES.iter().filter(|(guid, _)| listed.contains(guid));
    named.map(|(_, name)| (*name).to_owned()).collect()
}

fn kind(codec: Codec, chroma: Chroma, bit_depth: u8) -> String {
    format!("{} {bit_depth} bit {}", codec.name(), chroma.name())
}
