//! What makes sense for a profile.

use std::collections::BTreeSet;

use newsreel_model::profile::{HdrUse, Profile, QualityChoice, RateControl, VideoCodec};

use super::{Check, Step};

/// The most rungs of a ladder.
const MAX_RUNGS: usize = 12;
/// Names that libx264 and libx265 share.
const X26X_PRESETS: [&str; 10] = [
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
];
/// SVT-AV1's presets are numbers from 0 to this one.
const AV1_FASTEST_PRESET: u32 = 13;

pub(super) fn profile(check: &mut Check, profile: &Profile) {
    let codec = codec_name(profile.codec);
    if let Some(preset) = &profile.preset
        && !is_preset(profile.codec, preset)
    {
        let expected = match profile.codec {
            VideoCodec::H264 | VideoCodec::Hevc => format!("one of {}", X26X_PRESETS.join(", ")),
            VideoCodec::Av1 => format!("\"0\" to \"{AV1_FASTEST_PRESET}\""),
        };
        check.report(
            "preset",
            format!("`{preset}` is no preset of {codec}, expected {expected}"),
        );
    }
    check.range(
        "crf",
        profile.crf,
        0..=max_crf(profile.codec),
        &format!(" for {codec}"),
    );
    check.range("segment_s", profile.segment_s, 1.0..=30.0, " seconds");
    let first = profile.first_segment_s;
    if check.range("first_segment_s", first, 1.0..=30.0, " seconds") && first > profile.segment_s {
        let message = format!(
            "`first_segment_s` is {first}, expected at most `segment_s`, which is {}",
            profile.segment_s
        );
        // With the default length of the first segment, the other key is the one in the file.
        check.report("first_segment_s", message).stand_in = Some("segment_s");
    }
    if profile.hdr == HdrUse::Keep && profile.codec != VideoCodec::Hevc {
        let message =
            format!("\"keep\" needs ten bits, which here only hevc has, and `codec` is {codec}");
        check.report("hdr", message);
    }
    if profile.quality == QualityChoice::Auto && !profile.rate_control.allows_independent_runs() {
        let message = "\"auto\" chooses a constant quality, and `rate_control` asks for a bitrate; take \"capped_crf\" or \"crf\"";
        check.report("quality", message.to_owned());
    }
    ladder(check, profile);
    let audio = &profile.audio;
    check.within("audio", |check| {
        check.range("bitrate_kbps", audio.bitrate_kbps, 16..=512, " kbit/s");
        check.range("max_channels", audio.max_channels, 1..=2, "");
    });
    let thumbnails = &profile.thumbnails;
    check.within("thumbnails", |check| {
        check.range("count", thumbnails.count, 0..=100, "");
        check.range("width_px", thumbnails.width_px, 16..=4096, " pixels");
        let tile_width_px = thumbnails.storyboard_tile_width_px;
        check.range("storyboard_tiles", thumbnails.storyboard_tiles, 0..=400, "");
        check.range(
            "storyboard_tile_width_px",
            tile_width_px,
            16..=640,
            " pixels",
        );
        if let Some((_, message)) = newsreel_model::pictures::fault(thumbnails) {
            check.report("sizes", message);
        }
    });
}

fn ladder(check: &mut Check, profile: &Profile) {
    let count = profile.rungs.len();
    if count == 0 || count > MAX_RUNGS {
        let message = format!("`rungs` has {count} rungs, expected 1–{MAX_RUNGS}");
        check.report("rungs", message);
    }
    let mut sizes = BTreeSet::new();
    for (index, rung) in profile.rungs.iter().enumerate().take(MAX_RUNGS) {
        check.at(
            [Step::Key("rungs".to_owned()), Step::Index(index)],
            |check| {
                if let Some(short_side_px) = rung.short_side_px {
                    check.range("short_side_px", short_side_px, 16..=8192, " pixels");
                }
                if !sizes.insert(rung.short_side_px) {
                    let message = match rung.short_side_px {
                        Some(px) => {
                            format!("a rung of {px} pixels is there already, expected another size")
                        }
                        None => "a rung of the source's size is there already, expected a `short_side_px`".to_owned(),
                    };
                    check.report("short_side_px", message);
                }
                match rung.bitrate_kbps {
                    Some(kbps) => {
                        check.range("bitrate_kbps", kbps, 16..=400_000, " kbit/s");
                    }
                    None if profile.rate_control == RateControl::Crf => {}
                    None => {
                        let message = "missing `bitrate_kbps`, expected 16–400000 kbit/s; only `rate_control = \"crf\"` goes without";
                        check.report("bitrate_kbps", message.to_owned());
                    }
                }
            },
        );
    }
}

fn is_preset(codec: VideoCodec, preset: &str) -> bool {
    match codec {
        VideoCodec::H264 | VideoCodec::Hevc => X26X_PRESETS.contains(&preset),
        VideoCodec::Av1 => (0..=AV1_FASTEST_PRESET).any(|number| number.to_string() == preset),
    }
}

fn max_crf(codec: VideoCodec) -> u32 {
    match codec {
        VideoCodec::H264 | VideoCodec::Hevc => 51,
        VideoCodec::Av1 => 63,
    }
}

fn codec_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "h264",
        VideoCodec::Hevc => "hevc",
        VideoCodec::Av1 => "av1",
    }
}
