//! Cues as WebVTT: a file for each segment of the grid, and one with all of them. Not their playlist.

use std::fmt::Write;

use newsreel_model::plan::Plan;

use super::Cue;

/// The WebVTT file of segment `index`: every cue that is seen in it, with its whole time, as HLS has it (RFC 8216, 3.5).
#[must_use]
pub fn segment(cues: &[Cue], plan: &Plan, index: usize) -> String {
    let segment = plan.grid.segments.get(index);
    #[allow(clippy::cast_possible_truncation, reason = "float to int saturates")]
    let ms = |ticks: i64| (plan.seconds(ticks) * 1000.0).round() as i64;
    let span = segment.map_or(0..0, |s| ms(s.start_ticks)..ms(s.end_ticks()));
    // The programme's clock and that of the media segments are one.
    let head = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n";
    let seen = cues
        .iter()
        .filter(|c| c.from_ms < span.end && c.until_ms > span.start);
    file(head, seen)
}

/// All cues as one WebVTT file.
#[must_use]
pub fn whole(cues: &[Cue]) -> String {
    file("WEBVTT\n", cues.iter())
}

fn file<'a>(head: &str, cues: impl Iterator<Item = &'a Cue>) -> String {
    let mut out = head.to_owned();
    for cue in cues {
        let (from, until) = (time(cue.from_ms), time(cue.until_ms));
        // Writing to a String cannot fail.
        let _ = write!(out, "\n{from} --> {until}\n{}\n", cue.text);
    }
    out
}

fn time(ms: i64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}
