//! What GPU encoders are told, without a GPU: every option exists, and holds what every encoder must hold.

use newsreel_gpu::nvidia::{Nvidia, Scaling};
use newsreel_gpu::vaapi::Vaapi;
use newsreel_gpu::{Stream, Vendor};
use newsreel_media::ffi::{PixelFormat, VideoSettings, has_encoder, has_encoder_option};
use newsreel_model::Rational;
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::{RateControl, VideoCodec};

const NVIDIA: Nvidia = Nvidia {
    scaling: Scaling::Kernel,
};

const RATES: [RateControl; 4] = [
    RateControl::CappedCrf,
    RateControl::Crf,
    RateControl::Average,
    RateControl::Constant,
];

fn rung(codec: VideoCodec, rate_control: RateControl) -> RungPlan {
    let capped = rate_control != RateControl::Crf;
    RungPlan {
        name: "720p".to_owned(),
        width: 1280,
        height: 720,
        codec,
        rate_control,
        bitrate_bps: capped.then_some(2_800_000),
        buffer_bits: capped.then_some(5_600_000),
        crf: 23,
        preset: None,
    }
}

fn stream() -> Stream {
    Stream {
        time_base: Rational::new(1, 90_000),
        frame_rate: Some(Rational::new(25, 1)),
        colour: (1, 1, 1),
    }
}

fn every<V: Vendor>(vendor: &V) -> Vec<(RateControl, VideoSettings)> {
    let codecs = [VideoCodec::H264, VideoCodec::Hevc];
    let of = |codec| RATES.into_iter().map(move |rate| (codec, rate));
    let settings = |(codec, rate)| {
        let all = vendor.settings(&rung(codec, rate), &stream());
        assert!(!all.is_empty(), "{codec:?} {rate:?}");
        all.into_iter().map(move |one| (rate, one))
    };
    codecs.into_iter().flat_map(of).flat_map(settings).collect()
}

fn value<'a>(settings: &'a VideoSettings, key: &str) -> Option<&'a str> {
    let found = settings.options.iter().find(|(k, _)| k == key);
    found.map(|(_, v)| v.as_str())
}

/// Options this libavcodec does not know; encoders it was built without are named, since nothing is tested of them.
fn unknown(all: &[(RateControl, VideoSettings)]) -> Vec<String> {
    let mut unknown = Vec::new();
    for (_, settings) in all {
        if !has_encoder(&settings.encoder) {
            eprintln!("NOT TESTED: this libavcodec has no {}", settings.encoder);
            continue;
        }
        for (key, _) in &settings.options {
            if !has_encoder_option(&settings.encoder, key) {
                unknown.push(format!("{} {key}", settings.encoder));
            }
        }
    }
    unknown
}

#[test]
fn every_option_exists() {
    assert_eq!(unknown(&every(&NVIDIA)), Vec::<String>::new());
    assert_eq!(unknown(&every(&Vaapi)), Vec::<String>::new());
}

#[test]
fn key_frames_come_where_they_are_asked_for_and_nowhere_else() {
    for (_, settings) in every(&NVIDIA) {
        assert_eq!(value(&settings, "forced-idr"), Some("1"));
        assert_eq!(value(&settings, "no-scenecut"), Some("1"));
    }
    for (_, settings) in every(&NVIDIA).into_iter().chain(every(&Vaapi)) {
        let gop: u32 = value(&settings, "g").unwrap().parse().unwrap();
        // A day at 120 frames a second is 10,368,000.
        assert!(gop > 10_368_000, "{settings:?}");
        assert_eq!(settings.format, PixelFormat::NV12);
    }
}

#[test]
fn a_cap_is_kept_and_a_session_fills_half_the_buffer() {
    for (rate, settings) in every(&NVIDIA) {
        let capped = matches!(rate, RateControl::CappedCrf | RateControl::Constant);
        let (cap, buffer) = (value(&settings, "maxrate"), value(&settings, "bufsize"));
        assert_eq!(cap, capped.then_some("2800000"), "{rate:?}");
        assert_eq!(buffer, capped.then_some("2800000"), "{rate:?}");
    }
}

#[test]
fn the_best_is_tried_first_and_something_simple_last() {
    let h264 = rung(VideoCodec::H264, RateControl::CappedCrf);
    let b_frames = |settings: &VideoSettings| value(settings, "bf").unwrap().to_owned();
    let nvidia: Vec<_> = NVIDIA
        .settings(&h264, &stream())
        .iter()
        .map(b_frames)
        .collect();
    assert_eq!(nvidia, ["2", "0"]);
    let mode = |settings: &VideoSettings| value(settings, "rc_mode").unwrap().to_owned();
    let vaapi: Vec<_> = Vaapi.settings(&h264, &stream()).iter().map(mode).collect();
    assert_eq!(vaapi, ["QVBR", "VBR"]);
}

#[test]
fn what_is_too_small_or_too_large_is_left_to_the_cores() {
    assert!(NVIDIA.takes(VideoCodec::H264, 146, 50));
    assert!(!NVIDIA.takes(VideoCodec::H264, 144, 144));
    assert!(!NVIDIA.takes(VideoCodec::H264, 256, 48));
    assert!(!NVIDIA.takes(VideoCodec::H264, 4098, 2160));
    assert!(NVIDIA.takes(VideoCodec::Hevc, 7680, 4320));
    assert!(!NVIDIA.takes(VideoCodec::Av1, 1280, 720));
    assert!(!Vaapi.takes(VideoCodec::H264, 100, 720));
}
