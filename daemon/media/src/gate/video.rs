//! The rungs: each segment has the grid's frames at the grid's times behind one key frame, and all rungs show the same
//! instants. Not here: what is inside a frame.

use newsreel_model::grid::Segment;
use newsreel_model::job::layout;
use newsreel_model::plan::{Plan, RungPlan};

use crate::boxes::FragmentInfo;

use super::files::Files;
use super::init;
use super::report::{Check, Findings};
use super::segments;
use super::track::{Span, Track};

/// All rungs of a job, checked one after the other.
pub(super) struct Ladder<'a> {
    plan: &'a Plan,
    /// Digest of each segment's presentation times, from the first rung where the segment is as planned.
    times: Vec<Option<blake3::Hash>>,
}

impl<'a> Ladder<'a> {
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            times: vec![None; plan.grid.len()],
        }
    }

    pub fn check_rung(
        &mut self,
        rung: &RungPlan,
        files: &Files<'_>,
        found: &mut Findings,
    ) -> Track {
        let dir = layout::video_dir(&rung.name);
        let info = init::check_video(
            &format!("{dir}/{}", layout::INIT),
            rung,
            self.plan,
            files,
            found,
        );
        let mut track = Track::new(dir, self.plan.video.timescale, info);
        for (index, planned) in self.plan.grid.segments.iter().enumerate() {
            let span = segments::read(&track, index, files, found).and_then(|fragment| {
                self.check_segment(&mut track, index, planned, &fragment, found)
            });
            track.push(span);
        }
        track
    }

    fn check_segment(
        &mut self,
        track: &mut Track,
        index: usize,
        planned: &Segment,
        fragment: &FragmentInfo,
        found: &mut Findings,
    ) -> Option<Span> {
        let name = track.segment(index);
        let count = fragment.samples.len();
        let complete = found.expect(
            count as u64 == u64::from(planned.frames),
            Check::FrameCount,
            &name,
            || format!("{count} frames, planned {}", planned.frames),
        );
        let shown: Vec<i64> = fragment.presentation_times(0).collect();
        let mut sorted = shown.clone();
        sorted.sort_unstable();

        let keys = fragment.samples.iter().filter(|s| s.key).count();
        let opens = fragment.samples.first().is_some_and(|s| s.key);
        let closed = shown.first() == sorted.first();
        let keyed = found.expect(
            opens && keys == 1 && closed,
            Check::KeyFrames,
            &name,
            || {
                if !opens {
                    "its first frame is no key frame".to_owned()
                } else if keys > 1 {
                    format!("{keys} key frames, expected one")
                } else {
                    "frames are shown before its key frame".to_owned()
                }
            },
        );
        // Its length is off anyway when frames are missing.
        let timed = check_times(&name, planned, fragment, &sorted, complete, found);
        if !(complete && keyed && timed) {
            return None;
        }

        let digest = digest(&sorted);
        let known = self.times.get_mut(index)?.get_or_insert(digest);
        let same = found.expect(*known == digest, Check::RungsDiffer, &name, || {
            "its frames are shown at other times than those of the rungs before".to_owned()
        });
        if let Some(samples) = track.samples.as_mut() {
            for (sample, at) in fragment.samples.iter().zip(&shown) {
                samples.add(sample, *at);
            }
        }
        same.then_some(Span {
            start: planned.start_ticks,
            duration: planned.duration_ticks,
        })
    }
}

fn check_times(
    name: &str,
    planned: &Segment,
    fragment: &FragmentInfo,
    sorted: &[i64],
    complete: bool,
    found: &mut Findings,
) -> bool {
    let (start, end) = (planned.start_ticks, planned.end_ticks());
    let decode = fragment.base_decode_time;
    let starts = i128::from(decode) == i128::from(start) && sorted.first() == Some(&start);
    let mut right = found.expect(starts, Check::SegmentTimes, name, || {
        let first = sorted.first().copied().unwrap_or(0);
        format!("decoded from {decode} and shown from {first}, planned {start} ticks")
    });
    let duration = fragment.duration();
    let fits = i128::from(duration) == i128::from(planned.duration_ticks);
    if complete {
        right &= found.expect(fits, Check::SegmentTimes, name, || {
            format!("{duration} ticks long, planned {}", planned.duration_ticks)
        });
    }
    if right && complete {
        let rising = sorted.windows(2).all(|w| w[0] < w[1]);
        right &= found.expect(rising, Check::SegmentTimes, name, || {
            "two frames are shown at one time".to_owned()
        });
        let inside = sorted.last().is_some_and(|&last| last < end);
        right &= found.expect(inside, Check::SegmentTimes, name, || {
            "a frame is shown after its end".to_owned()
        });
    }
    right
}

fn digest(times: &[i64]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for time in times {
        hasher.update(&time.to_le_bytes());
    }
    hasher.finalize()
}
