//! A first guess of a device's capacity, until it is measured: by its model where somebody measured one, else by its engines.

use newsreel_model::capacity::Resources;
use newsreel_model::device::GpuReport;

use super::NO_KNOWN_CAP;

/// What one session of 1080p at 30 frames/s to 720p, 480p and 360p asks for, in thousands of pixels a second.
const SESSION_DECODE: u64 = 1920 * 1080 * 30 / 1000;
const SESSION_ENCODE: u64 = (1280 * 720 + 854 * 480 + 640 * 360) * 30 / 1000;

/// How many such sessions run live at once: the lower ends of what Livepeer's operators report (8 to 12 on a T4, 15 to 25 on
/// an RTX 3080), with the numbers of NVDEC and NVENC engines of NVIDIA's support matrix.
const ANCHORS: [Anchor; 2] = [
    Anchor {
        model: "T4",
        sessions: 8,
        decoders: 2,
        encoders: 1,
    },
    Anchor {
        model: "RTX 3080",
        sessions: 15,
        decoders: 1,
        encoders: 1,
    },
];

struct Anchor {
    model: &'static str,
    sessions: u64,
    decoders: u64,
    encoders: u64,
}

/// Device memory of a card that does not say, in MiB: that of the smallest that has engines of this kind.
const UNKNOWN_VRAM: u64 = 4096;

/// The guess. A side without formats has no capacity; scaling is taken to keep up with decoding.
#[must_use]
pub fn seed(gpu: &GpuReport) -> Resources {
    // A model that nobody measured is taken for the slower one, engine by engine.
    let known = ANCHORS
        .iter()
        .find(|anchor| has_word(&gpu.name, anchor.model));
    let anchor = known.unwrap_or(&ANCHORS[0]);
    let engines = |told: Option<u32>| u64::from(told.unwrap_or(1).max(1));
    let decode = if gpu.decode.formats.is_empty() {
        0
    } else {
        SESSION_DECODE * anchor.sessions * engines(gpu.decode.engines) / anchor.decoders
    };
    let encode = if gpu.encode.formats.is_empty() {
        0
    } else {
        SESSION_ENCODE * anchor.sessions * engines(gpu.encode.engines) / anchor.encoders
    };
    Resources {
        decode_kpx_s: decode,
        scale_kpx_s: decode.max(encode),
        encode_kpx_s: encode,
        vram_mib: gpu.vram_mib.unwrap_or(UNKNOWN_VRAM),
        encoder_sessions: if encode == 0 { 0 } else { NO_KNOWN_CAP },
        ..Resources::default()
    }
}

/// Whether the name has the model's words one after the other: an `RTX 3080 Ti` is an `RTX 3080`, a `T400` is no `T4`.
fn has_word(name: &str, model: &str) -> bool {
    let name: Vec<&str> = name.split([' ', '-']).collect();
    let model: Vec<&str> = model.split(' ').collect();
    name.windows(model.len()).any(|words| words == model)
}

#[cfg(test)]
mod tests {
    use newsreel_model::capacity::DeviceKind;
    use newsreel_model::device::{Chroma, Codec, Format, Side, Size};

    use super::*;

    fn side(engines: u32) -> Side {
        let format = Format {
            codec: Codec::H264,
            chroma: Chroma::C420,
            bit_depth: 8,
            profiles: Vec::new(),
            min: Size::default(),
            max: Size::default(),
            max_macroblocks: None,
            max_b_frames: None,
            lookahead: None,
        };
        Side {
            engines: Some(engines),
            formats: vec![format],
            unavailable: Vec::new(),
            self_test: None,
        }
    }

    fn gpu(name: &str, decode: Side, encode: Side) -> GpuReport {
        GpuReport {
            id: String::new(),
            kind: DeviceKind::Nvidia,
            name: name.to_owned(),
            driver: String::new(),
            pci: None,
            compute_capability: None,
            node: None,
            vram_mib: Some(15_360),
            decode,
            encode,
            scale: None,
        }
    }

    #[test]
    fn a_known_model_takes_what_was_reported_of_it() {
        let capacity = seed(&gpu("Tesla T4", side(2), side(1)));
        assert_eq!(capacity.decode_kpx_s / SESSION_DECODE, 8);
        assert_eq!(capacity.encode_kpx_s / SESSION_ENCODE, 8);
        assert_eq!(capacity.encoder_sessions, NO_KNOWN_CAP);
    }

    #[test]
    fn an_unknown_model_is_guessed_by_its_engines() {
        let capacity = seed(&gpu("NVIDIA L4", side(4), side(2)));
        assert_eq!(capacity.decode_kpx_s / SESSION_DECODE, 16);
        assert_eq!(capacity.encode_kpx_s / SESSION_ENCODE, 16);
        assert!(!has_word("NVIDIA T400", "T4"));
        assert!(has_word("NVIDIA GeForce RTX 3080 Ti", "RTX 3080"));
    }

    #[test]
    fn a_gpu_without_an_encoder_is_given_nothing_to_encode() {
        let capacity = seed(&gpu(
            "NVIDIA H200",
            side(7),
            Side::missing("encode", "none"),
        ));
        assert_eq!((capacity.encode_kpx_s, capacity.encoder_sessions), (0, 0));
        assert!(capacity.decode_kpx_s > 0 && capacity.scale_kpx_s >= capacity.decode_kpx_s);
    }
}
