//! Encoder options by codec and rate control, as text. Not the running of an encoder.
//!
//! Three things every option set must keep: a forced key frame is a closed IDR, no other key frame ever comes, and the
//! parameter sets depend on the rung alone.

use newsreel_model::plan::RungPlan;
use newsreel_model::profile::{RateControl, VideoCodec};

/// libavcodec's name of the encoder for a codec.
pub fn encoder(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "libx264",
        VideoCodec::Hevc => "libx265",
        VideoCodec::Av1 => "libsvtav1",
    }
}

/// Share of the rung's rate buffer that one session may fill. A window over a joint of two sessions can hold what both
/// buffers let through, so half each keeps the whole within the rung's own.
const SESSION_BUFFER_SHARE: u64 = 2;

/// Everything but size, format and clock.
pub fn options(rung: &RungPlan, threads: u32) -> Vec<(String, String)> {
    match rung.codec {
        VideoCodec::H264 => x264(rung),
        VideoCodec::Hevc => x265(rung, threads),
        VideoCodec::Av1 => svt_av1(rung, threads),
    }
}

/// The same for an encoder that stands in for one of another maker: its parameter sets have number 1 where every encoder
/// numbers from 0. `None` where the encoder has no say in that.
pub fn stand_in(rung: &RungPlan, threads: u32) -> Option<Vec<(String, String)>> {
    if rung.codec != VideoCodec::H264 {
        return None;
    }
    let mut options = options(rung, threads);
    for (key, value) in &mut options {
        if key == "x264-params" {
            value.push_str(":sps-id=1");
        }
    }
    Some(options)
}

fn pair(key: &str, value: impl ToString) -> (String, String) {
    (key.to_owned(), value.to_string())
}

fn x264(rung: &RungPlan) -> Vec<(String, String)> {
    let mut options = vec![
        pair("preset", rung.preset.as_deref().unwrap_or("veryfast")),
        pair("forced-idr", 1),
        // With an endless GOP a scene cut becomes a plain I-frame: better pictures, and key frames on the grid alone.
        pair(
            "x264-params",
            // One picture between lookahead and encoder is enough to keep both busy; each more costs memory alone.
            "keyint=infinite:min-keyint=1073741823:open-gop=0:stitchable=1:sync-lookahead=1",
        ),
    ];
    rate(rung, &mut options);
    options
}

fn x265(rung: &RungPlan, threads: u32) -> Vec<(String, String)> {
    let mut params = vec![
        "log-level=none".to_owned(),
        "open-gop=0".to_owned(),
        "keyint=-1".to_owned(),
        "scenecut=0".to_owned(),
        "repeat-headers=0".to_owned(),
        // The options would stand in the stream's header otherwise, and differ with the number of threads.
        "info=0".to_owned(),
        format!("pools={threads}"),
    ];
    if let (Some(bps), Some(buffer)) = (rung.bitrate_bps, rung.buffer_bits)
        && rung.rate_control != RateControl::Average
    {
        params.push(format!("vbv-maxrate={}", bps / 1000));
        params.push(format!(
            "vbv-bufsize={}",
            buffer / SESSION_BUFFER_SHARE / 1000
        ));
    }
    let mut options = vec![
        pair("preset", rung.preset.as_deref().unwrap_or("veryfast")),
        pair("forced-idr", 1),
        pair("x265-params", params.join(":")),
    ];
    match rung.rate_control {
        RateControl::CappedCrf | RateControl::Crf => options.push(pair("crf", rung.crf)),
        RateControl::Average | RateControl::Constant => {
            options.push(pair("b", rung.bitrate_bps.unwrap_or(0)))
        }
    }
    options
}

fn svt_av1(rung: &RungPlan, threads: u32) -> Vec<(String, String)> {
    let mut options = vec![
        pair("preset", rung.preset.as_deref().unwrap_or("8")),
        // The lane opens one session per segment, so the only key frame is the first.
        pair("g", -1),
        pair("svtav1-params", format!("lp={threads}:scd=0")),
    ];
    match rung.rate_control {
        RateControl::CappedCrf | RateControl::Crf => {
            options.push(pair("crf", rung.crf));
            if let Some(bps) = rung.bitrate_bps {
                options.push(pair("maxrate", bps));
            }
        }
        RateControl::Average | RateControl::Constant => {
            options.push(pair("b", rung.bitrate_bps.unwrap_or(0)))
        }
    }
    options
}

/// Rate control in libavcodec's own options.
fn rate(rung: &RungPlan, options: &mut Vec<(String, String)>) {
    match rung.rate_control {
        RateControl::CappedCrf | RateControl::Crf => options.push(pair("crf", rung.crf)),
        RateControl::Average | RateControl::Constant => {
            options.push(pair("b", rung.bitrate_bps.unwrap_or(0)));
        }
    }
    let (Some(bps), Some(buffer)) = (rung.bitrate_bps, rung.buffer_bits) else {
        return;
    };
    match rung.rate_control {
        RateControl::CappedCrf | RateControl::Constant => {
            options.push(pair("maxrate", bps));
            options.push(pair("bufsize", buffer / SESSION_BUFFER_SHARE));
        }
        RateControl::Average | RateControl::Crf => {}
    }
}
