//! The plan of a source that is sound alone: the same clock, lines and renditions, no rungs. Not the sound itself (`audio`).

use std::sync::Arc;

use newsreel_model::conditioning::Conditioning;
use newsreel_model::grid::{Grid, Segment};
use newsreel_model::plan::{Colour, Matching, Plan, VideoPlan};
use newsreel_model::profile::Profile;
use newsreel_model::{Cancel, Code, Error, Rational, Result};

use crate::audio::Decoding;
use crate::ffi::Source;
use crate::slots::{Lines, SHORTEST_TAIL_S, Slots, ticks};
use crate::sources::SoundSource;

/// Ticks per second of the programme's clock: the one that every packaging knows.
const TIMESCALE: u32 = 90_000;

/// Where the first sample that decodes lies, in the stream's own time.
///
/// # Errors
/// None of the first `max_packets` packets decodes, or the source can no longer be read.
pub fn first_sample(
    source: &Arc<dyn Source>,
    sound: &SoundSource,
    max_packets: usize,
    cancel: &Cancel,
) -> Result<i64> {
    let sounds = std::slice::from_ref(sound);
    let mut decoding = Decoding::open(source, sounds, &[sound.stream], cancel)?;
    let mut first = None;
    for _ in 0..max_packets {
        let more = decoding.next(|block| {
            let frame = block.frame;
            first = first.or(Some(frame.pts().or(frame.best_effort_pts()).unwrap_or(0)));
            Ok(())
        })?;
        if let Some(first) = first {
            return Ok(first);
        }
        if !more {
            break;
        }
    }
    Err(nothing("the sound of the input does not decode"))
}

/// What is refused since there is nothing in it, in these words.
pub fn nothing(why: &str) -> Error {
    let why = format!("{why}, and it holds no moving picture; make it anew");
    Error::new(Code::InputNothingToEncode, why)
}

/// The picture's part of the plan where there is no picture: the clock that sound and subtitles go by, reading 0 at `origin` of
/// the sound.
pub fn clock(profile: &Profile, sound: &SoundSource, origin: i64) -> VideoPlan {
    VideoPlan {
        stream: sound.stream,
        source_time_base: sound.time_base,
        origin,
        timescale: TIMESCALE,
        frame_rate: None,
        frame_ticks: 1,
        frame_timing: profile.frame_timing,
        matching: Matching::ByCount,
        first_rank: 0,
        source_width: 0,
        source_height: 0,
        sample_aspect: Rational::new(1, 1),
        colour: Colour::SDR,
        conditioning: Conditioning::default(),
        rungs: Vec::new(),
        timeline_digest: String::new(),
    }
}

/// A grid without frames, until `end` in ticks: a segment at each line, but for one that would be over in a moment.
pub fn slots(plan: &Plan, lines: Lines, end: Option<i64>) -> Slots {
    let timescale = plan.video.timescale;
    let Some(end) = end.filter(|end| *end > 0) else {
        return Slots::default();
    };
    let tail = ticks(SHORTEST_TAIL_S, timescale);
    let line = |k: usize| lines.at(k, timescale);
    let count = (1..).find(|&k| line(k) > end - tail).unwrap_or(1);
    let segment = |k: usize| {
        let until = if k + 1 == count { end } else { line(k + 1) };
        Segment {
            first_frame: 0,
            frames: 0,
            start_ticks: line(k),
            duration_ticks: until - line(k),
        }
    };
    Slots {
        slots: Vec::new(),
        grid: Grid {
            segments: (0..count).map(segment).collect(),
        },
    }
}
