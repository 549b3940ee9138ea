//! What VAAPI's encoders and its scaler are told, as text (FFmpeg 5.1: `ffmpeg -h encoder=h264_vaapi`). Not yet run on
//! hardware.
//!
//! A forced key frame is an IDR here without being asked for (libavcodec/vaapi_encode.c).

use newsreel_media::ffi::{PixelFormat, VideoSettings};
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::{RateControl, VideoCodec};

use crate::engine::Stream;

/// As on the cores: a window over a joint of two sessions can hold what both let through.
const SESSION_BUFFER_SHARE: u64 = 2;

/// Frames between key frames that nobody asked for: more than any session has.
const ENDLESS_GOP: u32 = 1 << 24;

/// The least side in pixels that Intel's and AMD's encoders are said to take.
const LEAST_SIDE: u32 = 128;

/// libavcodec's name of the encoder. AV1 is left to the cores: FFmpeg 5.1 has no `av1_vaapi`.
pub fn encoder(codec: VideoCodec) -> Option<&'static str> {
    match codec {
        VideoCodec::H264 => Some("h264_vaapi"),
        VideoCodec::Hevc => Some("hevc_vaapi"),
        VideoCodec::Av1 => None,
    }
}

/// Whether drivers take pictures of this size, in pixels; the most is the driver's to say.
pub fn takes(width: u32, height: u32) -> bool {
    width >= LEAST_SIDE && height >= LEAST_SIDE
}

/// libavfilter's filter that makes the rung's picture.
pub fn scale(rung: &RungPlan) -> String {
    format!(
        "scale_vaapi=w={}:h={}:format=nv12:mode=hq:out_range=limited",
        rung.width, rung.height
    )
}

/// What a session is opened with: the mode that fits best first, then what every driver has.
pub fn settings(rung: &RungPlan, stream: &Stream) -> Vec<VideoSettings> {
    let Some(encoder) = encoder(rung.codec) else {
        return Vec::new();
    };
    rates(rung)
        .into_iter()
        .map(|rate| VideoSettings {
            encoder: encoder.to_owned(),
            width: rung.width,
            height: rung.height,
            format: PixelFormat::NV12,
            time_base: stream.time_base,
            frame_rate: stream.frame_rate,
            colour: stream.colour,
            full_range: false,
            threads: 1,
            options: common(rung).into_iter().chain(rate).collect(),
        })
        .collect()
}

fn common(rung: &RungPlan) -> Vec<(String, String)> {
    let profile = if rung.codec == VideoCodec::H264 {
        "high"
    } else {
        "main"
    };
    vec![
        pair("profile", profile),
        pair("g", ENDLESS_GOP),
        // Every I-frame is an IDR.
        pair("idr_interval", 0),
        // Drivers without B-frames make none, with a warning.
        pair("bf", 2),
        pair("sei", 0),
        pair("aud", 0),
    ]
}

fn rates(rung: &RungPlan) -> Vec<Vec<(String, String)>> {
    let bps = rung.bitrate_bps.unwrap_or(0);
    let buffer = rung.buffer_bits.unwrap_or(0) / SESSION_BUFFER_SHARE;
    let mode = |name: &str| pair("rc_mode", name);
    let capped = [
        pair("b", bps),
        pair("maxrate", bps),
        pair("bufsize", buffer),
    ];
    let quality = pair("global_quality", rung.crf.max(1));
    match rung.rate_control {
        RateControl::Crf => vec![
            vec![mode("ICQ"), quality],
            vec![mode("CQP"), pair("qp", rung.crf.max(1))],
        ],
        RateControl::CappedCrf if bps > 0 => {
            let mut quality_under_cap = vec![mode("QVBR"), quality];
            quality_under_cap.extend(capped.clone());
            let mut cap_alone = vec![mode("VBR")];
            cap_alone.extend(capped);
            vec![quality_under_cap, cap_alone]
        }
        RateControl::CappedCrf => vec![vec![mode("CQP"), pair("qp", rung.crf.max(1))]],
        RateControl::Average => vec![vec![mode("VBR"), pair("b", bps)]],
        RateControl::Constant => {
            let mut constant = vec![mode("CBR")];
            constant.extend(capped);
            vec![constant]
        }
    }
}

fn pair(key: &str, value: impl ToString) -> (String, String) {
    (key.to_owned(), value.to_string())
}
