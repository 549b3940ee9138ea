//! Any text at all is read or refused, never a panic; what was read is written and read back unchanged.

use std::collections::BTreeMap;

use newsreel_config::{Config, Cpu, Limits, REFERENCE};
use newsreel_model::pictures::PictureSize;
use newsreel_model::profile::{
    AudioSpec, FrameTiming, Loudness, Measured, Profile, RateControl, RungSpec, ThumbnailSpec,
    VideoCodec,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// Pieces that get further into the parser than noise does.
fn toml_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "[cpu]",
            "[profiles.a]",
            "[[profiles.a.rungs]]",
            "\n",
            "\r\n",
            " = ",
            "runs",
            "rungs",
            "crf",
            "segment_s",
            "short_side_px",
            "bitrate_kbps",
            "limits.",
            "max_gap_s",
            "{",
            "}",
            "[",
            "]",
            ",",
            "\"",
            "'",
            "\"\"\"",
            "#",
            "\u{feff}",
            "é",
            "\t",
            "1",
            "-0.5",
            "nan",
            "1e400",
            "99999999999999999999",
            "0x",
            "2020-01-01",
            "true",
            "\0",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn rung() -> impl Strategy<Value = Option<u32>> {
    option::of(16u32..=8192)
}

fn profile() -> impl Strategy<Value = Profile> {
    let coding = (
        prop_oneof![
            Just(VideoCodec::H264),
            Just(VideoCodec::Hevc),
            Just(VideoCodec::Av1)
        ],
        prop_oneof![
            Just(RateControl::CappedCrf),
            Just(RateControl::Crf),
            Just(RateControl::Average),
            Just(RateControl::Constant)
        ],
        0u32..=51,
        any::<bool>(),
    );
    let shape = (
        1.0f64..=30.0,
        0.0f64..=1.0,
        any::<bool>(),
        btree_set(rung(), 1..=12),
        16u32..=400_000,
    );
    let rest = (16u32..=512, 1u32..=2, 0u32..=100, 16u32..=640);
    (coding, shape, rest).prop_map(|(coding, shape, rest)| {
        let (codec, rate_control, crf, preset) = coding;
        let (segment_s, share, constant, sizes, kbps) = shape;
        let name = if codec == VideoCodec::Av1 {
            "8"
        } else {
            "slow"
        };
        Profile {
            codec,
            preset: preset.then(|| name.to_owned()),
            rate_control,
            crf,
            segment_s,
            first_segment_s: (segment_s * share).max(1.0),
            frame_timing: if constant {
                FrameTiming::Constant
            } else {
                FrameTiming::Source
            },
            deinterlace: Default::default(),
            hdr: Default::default(),
            quality: Default::default(),
            rungs: sizes
                .into_iter()
                .map(|short_side_px| RungSpec {
                    short_side_px,
                    bitrate_kbps: (rate_control != RateControl::Crf).then_some(kbps),
                })
                .collect(),
            audio: AudioSpec {
                bitrate_kbps: rest.0,
                max_channels: rest.1,
                surround: constant,
                loudness: Loudness::EbuR128,
                loudness_measured: Measured::Whole,
            },
            thumbnails: ThumbnailSpec {
                count: rest.2,
                width_px: rest.3,
                storyboard_tiles: rest.2,
                storyboard_tile_width_px: rest.3,
                sizes: match constant {
                    true => vec![PictureSize {
                        name: "teaser".to_owned(),
                        width_px: rest.3,
                    }],
                    false => Vec::new(),
                },
            },
        }
    })
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in prop_oneof![any::<String>(), toml_like()]) {
        if let Err(err) = Config::parse(&text, "n.toml") {
            prop_assert!(err.to_string().starts_with("n.toml:"));
        }
    }

    #[test]
    fn a_damaged_reference_never_panics(at in 0..REFERENCE.len(), gone in 0usize..40, put in ".{0,3}") {
        let start = REFERENCE.floor_char_boundary(at);
        let end = REFERENCE.ceil_char_boundary((at + gone).min(REFERENCE.len()));
        let text = format!("{}{put}{}", &REFERENCE[..start], &REFERENCE[end..]);
        drop(Config::parse(&text, "n.toml"));
    }

    #[test]
    fn what_is_shown_reads_back(
        (runs, threads_per_encoder) in (0u32..=64, 0u32..=64),
        max_input_frames in 1u64..=100_000_000,
        (max_duration_s, max_gap_s) in (1.0f64..=604_800.0, 0.1f64..=3600.0),
        lead_in_packets in 1u32..=1_000_000,
        profiles in btree_map("[a-z0-9][a-z0-9_-]{0,63}", profile(), 0..4),
    ) {
        let mut all: BTreeMap<_, _> = Config::default().profiles;
        all.extend(profiles);
        let config = Config {
            cpu: Cpu { runs, threads_per_encoder },
            limits: Limits { max_input_frames, max_duration_s, max_gap_s, lead_in_packets },
            profiles: all,
            ..Config::default()
        };
        let text = config.to_toml().unwrap();
        let back = Config::parse(&text, "n.toml").map_err(|err| TestCaseError::fail(format!("{err}\n{text}")))?;
        prop_assert_eq!(back, config);
    }
}
