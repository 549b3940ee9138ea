//! What NVENC and CUDA's scaler are told, as text. Not the running of an encoder.
//!
//! As for every encoder three things must hold: a forced key frame is a closed IDR, no other key frame ever comes, and the
//! parameter sets depend on the rung alone. Names and ranges are those of FFmpeg 5.1 to 7.1 (`ffmpeg -h encoder=h264_nvenc`).
//! None of it has been run on hardware yet; it ran on the stand-in driver.

use newsreel_media::ffi::{PixelFormat, VideoSettings};
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::{RateControl, VideoCodec};

use crate::engine::Stream;

/// A session may fill this share of the rung's rate buffer, as on the cores: a window over a joint of two sessions can hold
/// what both let through.
const SESSION_BUFFER_SHARE: u64 = 2;

/// Frames between key frames that nobody asked for: more than any session has. It is no longer for short programmes, since
/// the driver may derive fields of the parameter sets from it.
const ENDLESS_GOP: u32 = 1 << 24;

/// B-frames between references, where the device has them: NVIDIA's own choice for quality.
const B_FRAMES: u32 = 2;

/// libavcodec's name of the encoder. AV1 is left to the cores: FFmpeg 5.1 has no `av1_nvenc`.
pub fn encoder(codec: VideoCodec) -> Option<&'static str> {
    match codec {
        VideoCodec::H264 => Some("h264_nvenc"),
        VideoCodec::Hevc => Some("hevc_nvenc"),
        VideoCodec::Av1 => None,
    }
}

/// Whether NVENC takes pictures of this size, in pixels. The least is fixed (NVIDIA's programming guide); the most differs by
/// device and is checked again when a session is opened.
pub fn takes(codec: VideoCodec, width: u32, height: u32) -> bool {
    let (least, most) = match codec {
        VideoCodec::H264 => ((145, 49), 4096),
        VideoCodec::Hevc => ((129, 33), 8192),
        VideoCodec::Av1 => return false,
    };
    width >= least.0 && height >= least.1 && width <= most && height <= most
}

/// libavfilter's filter that makes the rung's picture. `passthrough=0`: a rung of the source's own size would otherwise be
/// the decoder's own surface, and hold it for as long as NVENC does.
pub fn scale(rung: &RungPlan) -> String {
    format!(
        "scale_cuda=w={}:h={}:interp_algo=bicubic:format=nv12:passthrough=0",
        rung.width, rung.height
    )
}

/// What a session is opened with: with B-frames first, without where the device has none for this codec.
pub fn settings(rung: &RungPlan, stream: &Stream) -> Vec<VideoSettings> {
    let Some(encoder) = encoder(rung.codec) else {
        return Vec::new();
    };
    [B_FRAMES, 0]
        .into_iter()
        .map(|b_frames| VideoSettings {
            encoder: encoder.to_owned(),
            width: rung.width,
            height: rung.height,
            format: PixelFormat::NV12,
            time_base: stream.time_base,
            frame_rate: stream.frame_rate,
            colour: stream.colour,
            full_range: false,
            threads: 1,
            options: options(rung, b_frames),
        })
        .collect()
}

fn options(rung: &RungPlan, b_frames: u32) -> Vec<(String, String)> {
    let profile = if rung.codec == VideoCodec::H264 {
        "high"
    } else {
        "main"
    };
    let mut options = vec![
        pair("preset", preset(rung.preset.as_deref())),
        pair("tune", "hq"),
        pair("profile", profile),
        // Without it a forced key frame is an I-frame that later frames may refer across.
        pair("forced-idr", 1),
        pair("g", ENDLESS_GOP),
        // Acts only with lookahead, which is off; said all the same, so that turning it on cannot break the grid.
        pair("no-scenecut", 1),
        pair("rc-lookahead", 0),
        pair("bf", b_frames),
        pair("b_ref_mode", "disabled"),
        // Captions ride beside the picture on some paths and not on others; a rung must not depend on its path.
        pair("a53cc", 0),
    ];
    options.extend(rate(rung));
    options
}

/// Rate control. `cq` is NVENC's constant quality on x264's scale; the same number is not the same quality, and where it
/// lies has not been measured on a device yet.
fn rate(rung: &RungPlan) -> Vec<(String, String)> {
    let bps = rung.bitrate_bps.unwrap_or(0);
    let buffer = rung.buffer_bits.unwrap_or(0) / SESSION_BUFFER_SHARE;
    // 0 would mean "automatic".
    let quality = || vec![pair("rc", "vbr"), pair("cq", rung.crf.max(1)), pair("b", 0)];
    match rung.rate_control {
        RateControl::Crf => quality(),
        RateControl::CappedCrf => {
            let mut options = quality();
            if bps > 0 {
                options.extend([pair("maxrate", bps), pair("bufsize", buffer)]);
            }
            options
        }
        RateControl::Average => vec![pair("rc", "vbr"), pair("b", bps)],
        RateControl::Constant => vec![
            pair("rc", "cbr"),
            pair("b", bps),
            pair("maxrate", bps),
            pair("bufsize", buffer),
        ],
    }
}

/// NVENC's preset nearest in spirit to a profile's, which are libx264's names; p4 without one.
fn preset(name: Option<&str>) -> &'static str {
    match name {
        Some("ultrafast" | "superfast") => "p1",
        Some("veryfast") => "p2",
        Some("faster") => "p3",
        Some("medium") => "p5",
        Some("slow") => "p6",
        Some("slower" | "veryslow" | "placebo") => "p7",
        _ => "p4",
    }
}

fn pair(key: &str, value: impl ToString) -> (String, String) {
    (key.to_owned(), value.to_string())
}
