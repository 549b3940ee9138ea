//! The sound: one unbroken stream of access units from the programme's first instant to its last, cut along the grid's
//! nominal lines. Not here: what it sounds like.

use newsreel_model::Rational;
use newsreel_model::job::layout;
use newsreel_model::plan::{AudioPlan, Plan};
use newsreel_model::rational::rescale;

use crate::boxes::FragmentInfo;
use crate::slots::Lines;

use super::files::Files;
use super::init;
use super::report::{Check, Findings};
use super::segments;
use super::track::{Span, Track};

/// Samples in an access unit of AAC-LC.
pub(super) const UNIT: i64 = 1024;

pub(super) fn check(
    plan: &Plan,
    audio: &AudioPlan,
    files: &Files<'_>,
    found: &mut Findings,
) -> Track {
    let dir = layout::audio_dir(&audio.name);
    let info = init::check_sound(&format!("{dir}/{}", layout::INIT), audio, files, found);
    // Without a sound edit list nothing can be placed; what is wrong with it has been said.
    let priming = info.as_ref().map(|i| i.media_time);
    let lines = Lines {
        first_s: plan.first_segment_s,
        every_s: plan.segment_s,
    };
    let mut track = Track::new(dir, audio.sample_rate, info);
    // Where the next segment must go on; unknown behind one that cannot be read.
    let mut next = Some(0u64);
    for index in 0..plan.grid.len() {
        let fragment = segments::read(&track, index, files, found);
        let span = fragment.as_ref().and_then(|f| {
            let name = track.segment(index);
            let line = lines.at(index, audio.sample_rate);
            let line = (index > 0).then_some(line);
            check_segment(&name, f, next, priming, line, found)
        });
        next = fragment
            .as_ref()
            .map(|f| f.base_decode_time.saturating_add(f.duration()));
        if let (Some(f), Some(_), Some(priming), Some(samples)) =
            (&fragment, span, priming, track.samples.as_mut())
        {
            for (sample, at) in f.samples.iter().zip(f.presentation_times(priming)) {
                samples.add(sample, at);
            }
        }
        track.push(span);
    }
    // Where one part is not where it should be, the edit list may be what is wrong, and with it every other part.
    if track.segments.contains(&None) || !ends_with_programme(plan, &track, found) {
        track.distrust();
    }
    track
}

fn check_segment(
    name: &str,
    fragment: &FragmentInfo,
    next: Option<u64>,
    priming: Option<i64>,
    line: Option<i64>,
    found: &mut Findings,
) -> Option<Span> {
    let mut right = found.expect(
        !fragment.samples.is_empty(),
        Check::FrameCount,
        name,
        || "it holds no sound".to_owned(),
    );
    let keys = fragment.samples.iter().all(|s| s.key);
    right &= found.expect(keys, Check::KeyFrames, name, || {
        "an access unit is marked as no entry point".to_owned()
    });
    let steady = fragment
        .samples
        .iter()
        .all(|s| i64::from(s.duration) == UNIT && s.composition_offset == 0);
    right &= found.expect(steady, Check::AvOffset, name, || {
        format!("an access unit does not last {UNIT} samples, or is moved")
    });
    let start = fragment.base_decode_time;
    let joins = next.is_none_or(|n| n == start);
    right &= found.expect(joins, Check::AvOffset, name, || {
        let from = next.unwrap_or(0);
        format!("it starts at sample {start}, the sound before it ends at {from}")
    });
    let start = i64::try_from(start)
        .unwrap_or(i64::MAX)
        .saturating_sub(priming?);
    // A segment behind a shifted one is shifted with it: that has been said.
    if let Some(line) = line.filter(|_| joins) {
        let near = (line..line.saturating_add(UNIT)).contains(&start);
        right &= found.expect(near, Check::AvOffset, name, || {
            format!("it starts at sample {start}, not within {UNIT} after its line at {line}")
        });
    }
    right.then(|| Span {
        start,
        duration: i64::try_from(fragment.duration()).unwrap_or(i64::MAX),
    })
}

/// The sound may end up to a unit before the picture, and up to two after it (the encoder fills its last unit).
fn ends_with_programme(plan: &Plan, track: &Track, found: &mut Findings) -> bool {
    let Some(Some(last)) = track.segments.last() else {
        return false;
    };
    let one = |per_s: u32| Rational::new(1, i32::try_from(per_s).unwrap_or(i32::MAX));
    let end = rescale(
        plan.grid.duration_ticks(),
        one(plan.video.timescale),
        one(track.timescale),
    );
    let after = last.end().saturating_sub(end);
    let name = track.segment(track.segments.len().saturating_sub(1));
    found.expect(
        (-UNIT..=2 * UNIT).contains(&after),
        Check::AvOffset,
        &name,
        || {
            format!(
                "the sound ends {:+.3} s from the programme's end",
                track.seconds(after)
            )
        },
    )
}
