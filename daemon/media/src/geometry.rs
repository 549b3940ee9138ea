//! Sizes of the rungs a source gets: square pixels, even, never larger than the source. Not a scaler.

use newsreel_model::Rational;
use newsreel_model::plan::{RungPlan, VideoPlan};
use newsreel_model::profile::{Profile, RateControl, RungSpec};

/// Rate buffers hold this many seconds at the cap, as adaptive players expect.
const BUFFER_S: u64 = 2;

/// The picture's size when its pixels are made square: width stretched or shrunk, lines kept.
#[must_use]
pub fn display_size(width: u32, height: u32, aspect: Rational) -> (u32, u32) {
    let stretched = f64::from(width)
        * if aspect.is_positive() {
            aspect.to_f64()
        } else {
            1.0
        };
    // An absurd aspect in a damaged header must not make an absurd picture.
    let limit = f64::from(height.max(1)) * 16.0;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a small positive range"
    )]
    let wide = stretched
        .round()
        .clamp(f64::from(height.max(1)) / 16.0, limit) as u32;
    (wide.max(2), height.max(2))
}

/// The conditioned picture's size with square pixels: cropped, and turned.
#[must_use]
pub fn shown_size(video: &VideoPlan) -> (u32, u32) {
    let how = &video.conditioning;
    let stored = how
        .crop
        .map_or((video.source_width, video.source_height), |c| {
            (c.width, c.height)
        });
    let (width, height) = display_size(stored.0, stored.1, video.sample_aspect);
    if how.turn.transposed {
        (height, width)
    } else {
        (width, height)
    }
}

/// A pixel's shape when the picture's shape was meant for `kept` lines but was said of `all`.
#[must_use]
pub fn narrowed(aspect: Rational, kept: u32, all: u32) -> Rational {
    let times = |v: i32, lines: u32| i64::from(v) * i64::from(lines);
    let (mut num, mut den) = (times(aspect.num, kept), times(aspect.den, all));
    let (mut a, mut b) = (num.unsigned_abs(), den.unsigned_abs());
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let divisor = i64::try_from(a.max(1)).unwrap_or(1);
    (num, den) = (num / divisor, den / divisor);
    match (i32::try_from(num), i32::try_from(den)) {
        (Ok(num), Ok(den)) => Rational::new(num, den),
        _ => aspect,
    }
}

/// The ladder for a source whose square-pixel size is `width` × `height`, largest rung first.
///
/// Rungs above the source are dropped; if none is left, one is made at the source's own size.
#[must_use]
pub fn ladder(profile: &Profile, width: u32, height: u32) -> Vec<RungPlan> {
    let short = width.min(height);
    let mut specs: Vec<&RungSpec> = profile
        .rungs
        .iter()
        .filter(|r| r.short_side_px.is_none_or(|px| px <= short))
        .collect();
    let smallest = profile
        .rungs
        .iter()
        .min_by_key(|r| r.short_side_px.unwrap_or(u32::MAX));
    let own_size = RungSpec {
        short_side_px: None,
        bitrate_kbps: smallest.and_then(|r| r.bitrate_kbps),
    };
    if specs.is_empty() {
        specs.push(&own_size);
    }
    let mut rungs: Vec<RungPlan> = specs
        .iter()
        .map(|spec| rung(profile, spec, width, height))
        .collect();
    rungs.sort_by_key(|r| std::cmp::Reverse((r.width.min(r.height), r.bitrate_bps)));
    // A rung of the source's own size may coincide with a named one.
    rungs.dedup_by(|a, b| a.name == b.name);
    rungs
}

fn rung(profile: &Profile, spec: &RungSpec, width: u32, height: u32) -> RungPlan {
    let short = width.min(height);
    let target = spec.short_side_px.unwrap_or(short);
    let scaled = |side: u32| {
        even(u64::from(side) * u64::from(target), u64::from(short)).min((side & !1).max(2))
    };
    let bitrate_bps = spec
        .bitrate_kbps
        .filter(|_| profile.rate_control != RateControl::Crf)
        .map(|k| u64::from(k) * 1000);
    RungPlan {
        name: format!("{target}p"),
        width: scaled(width),
        height: scaled(height),
        codec: profile.codec,
        rate_control: profile.rate_control,
        bitrate_bps,
        buffer_bits: bitrate_bps.map(|b| b * BUFFER_S),
        crf: profile.crf,
        preset: profile.preset.clone(),
    }
}

/// `num / den` to the nearest even number, at least 2: 4:2:0 needs whole chroma samples.
fn even(num: u64, den: u64) -> u32 {
    let halves = (num + den) / (2 * den.max(1));
    u32::try_from(halves * 2).unwrap_or(u32::MAX - 1).max(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use newsreel_model::profile::{AudioSpec, FrameTiming, ThumbnailSpec, VideoCodec};

    fn profile(sizes: &[u32]) -> Profile {
        Profile {
            codec: VideoCodec::H264,
            preset: None,
            rate_control: RateControl::CappedCrf,
            crf: 23,
            segment_s: 4.0,
            first_segment_s: 2.0,
            frame_timing: FrameTiming::Source,
            deinterlace: Default::default(),
            hdr: Default::default(),
            quality: Default::default(),
            rungs: sizes
                .iter()
                .map(|&px| RungSpec {
                    short_side_px: Some(px),
                    bitrate_kbps: Some(px),
                })
                .collect(),
            audio: AudioSpec::default(),
            thumbnails: ThumbnailSpec::default(),
        }
    }

    fn sizes(rungs: &[RungPlan]) -> Vec<(u32, u32)> {
        rungs.iter().map(|r| (r.width, r.height)).collect()
    }

    #[test]
    fn rungs_above_the_source_are_dropped() {
        let rungs = ladder(&profile(&[1080, 720, 480, 240]), 1280, 720);
        assert_eq!(sizes(&rungs), [(1280, 720), (854, 480), (426, 240)]);
    }

    #[test]
    fn a_tiny_source_gets_one_rung_of_its_own_size() {
        let rungs = ladder(&profile(&[1080, 240]), 161, 121);
        assert_eq!(sizes(&rungs), [(160, 120)]);
        assert_eq!(rungs[0].name, "121p");
        assert_eq!(rungs[0].bitrate_bps, Some(240_000));
    }

    #[test]
    fn an_upright_picture_is_measured_by_its_width() {
        assert_eq!(
            sizes(&ladder(&profile(&[720, 360]), 720, 1280)),
            [(720, 1280), (360, 640)]
        );
    }

    #[test]
    fn a_shape_that_was_said_of_more_lines_is_narrower() {
        let said = Rational::new(152, 135);
        assert_eq!(narrowed(said, 576, 608), Rational::new(16, 15));
    }

    #[test]
    fn pixels_become_square() {
        assert_eq!(display_size(1280, 720, Rational::new(3, 4)), (960, 720));
        assert_eq!(display_size(720, 576, Rational::new(64, 45)), (1024, 576));
        assert_eq!(display_size(720, 576, Rational::new(0, 1)), (720, 576));
        assert_eq!(
            display_size(720, 576, Rational::new(i32::MAX, 1)),
            (9216, 576)
        );
    }
}
