//! The rate promise of a capped rung: what a decoder's buffer would see, whoever encoded which part.

use super::ladder::Track;

/// The fullest a buffer gets into which every picture's bits fall at its decode time, and which drains at `rate_bps`.
///
/// As long as that stays within the rung's buffer, every window of the stream holds at most `rate × window + buffer`.
pub fn fullest(track: &Track, rate_bps: f64) -> f64 {
    let scale = f64::from(track.init.timescale);
    let samples = track.segments.iter().flat_map(|s| &s.samples);
    let (mut level, mut highest, mut before) = (0.0f64, 0.0f64, None);
    for sample in samples {
        let elapsed = before.map_or(0, |b| sample.dts - b) as f64 / scale;
        before = Some(sample.dts);
        level = (level - rate_bps * elapsed).max(0.0) + f64::from(sample.size) * 8.0;
        highest = highest.max(level);
    }
    highest
}

/// Average of a rung in bit/s, by its samples.
pub fn average(track: &Track) -> f64 {
    let samples = track.segments.iter().flat_map(|s| &s.samples);
    let (bytes, ticks) = samples.fold((0u64, 0u64), |(b, t), s| {
        (b + u64::from(s.size), t + u64::from(s.duration))
    });
    bytes as f64 * 8.0 * f64::from(track.init.timescale) / ticks as f64
}
