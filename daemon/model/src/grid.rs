//! The grid of a job: where every rung starts a new closed-GOP segment, and the runs that are cut along it.
//!
//! Not here: which frame goes where (`newsreel-media`'s timeline decides that) or who executes a run.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One segment: a contiguous range of output frames, the same for every rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Number of its first output frame.
    pub first_frame: u64,
    /// How many output frames it holds; at least 1, but 0 where there is no picture.
    pub frames: u32,
    /// Presentation time of its first frame, in ticks of the plan's timescale.
    pub start_ticks: i64,
    /// Until the next segment's first frame (or the programme's end), in ticks.
    pub duration_ticks: i64,
}

impl Segment {
    /// The output frame numbers of this segment.
    #[must_use]
    pub fn frame_range(&self) -> Range<u64> {
        self.first_frame..self.first_frame + u64::from(self.frames)
    }

    /// Where the segment ends, in ticks.
    #[must_use]
    pub fn end_ticks(&self) -> i64 {
        self.start_ticks + self.duration_ticks
    }
}

/// All segments of a job, in order, without holes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grid {
    /// The segments; index 0 is published as `seg-00001.m4s`.
    pub segments: Vec<Segment>,
}

impl Grid {
    /// How many segments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How many output frames there are in all.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.segments.last().map_or(0, |s| s.frame_range().end)
    }

    /// The programme's length in ticks.
    #[must_use]
    pub fn duration_ticks(&self) -> i64 {
        self.segments.last().map_or(0, Segment::end_ticks)
    }
}

/// What one rung still needs within a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungWork {
    /// Index into the plan's rungs.
    pub rung: usize,
    /// The segments to make, ascending; those in between that are missing here are already finished.
    pub segments: Vec<usize>,
}

/// A contiguous range of segments given to one session on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// A number unique within the job's execution.
    pub id: u32,
    /// First segment to the one past the last.
    pub segments: Range<usize>,
    /// What each rung needs of it; a rung that needs nothing is left out.
    pub work: Vec<RungWork>,
}

impl Run {
    /// The segments × rungs to make.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.work.iter().map(|w| w.segments.len()).sum()
    }
}

/// A run of fewer segments than this costs more in warm-up than it gains.
pub const SHORTEST_RUN: usize = 4;

/// Cuts what is missing into at most `runs` runs of about equal work, never through a segment.
///
/// `missing[rung]` lists the missing segments of each rung, ascending. Rungs for which `splittable[rung]` is false are
/// kept whole: their missing segments all go to the first run that needs them, since their rate is controlled over the whole rung.
#[must_use]
pub fn cut_runs(
    grid: &Grid,
    missing: &[Vec<usize>],
    splittable: &[bool],
    runs: usize,
    first_id: u32,
) -> Vec<Run> {
    let wanted = |segment: usize| missing.iter().any(|m| m.binary_search(&segment).is_ok());
    let todo: Vec<usize> = (0..grid.len()).filter(|&s| wanted(s)).collect();
    if todo.is_empty() {
        return Vec::new();
    }
    let whole = splittable
        .iter()
        .zip(missing)
        .any(|(s, m)| !s && !m.is_empty());
    let count = if whole { 1 } else { runs.clamp(1, todo.len()) };
    let frames = |s: usize| u64::from(grid.segments[s].frames);
    let total: u64 = todo.iter().map(|&s| frames(s)).sum();

    let mut cuts: Vec<Vec<usize>> = vec![Vec::new()];
    let mut spent = 0u64;
    for (position, &segment) in todo.iter().enumerate() {
        let made = cuts.len() as u64;
        let left = todo.len() - position;
        let due = spent * count as u64 >= made * total || left <= count - cuts.len();
        if due && cuts.len() < count && !cuts[cuts.len() - 1].is_empty() {
            cuts.push(Vec::new());
        }
        if let Some(last) = cuts.last_mut() {
            last.push(segment);
        }
        spent += frames(segment);
    }

    (first_id..)
        .zip(cuts)
        .map(|(id, segments)| {
            let range = segments[0]..segments[segments.len() - 1] + 1;
            let work = missing
                .iter()
                .enumerate()
                .map(|(rung, m)| RungWork {
                    rung,
                    segments: m.iter().copied().filter(|s| range.contains(s)).collect(),
                })
                .filter(|w| !w.segments.is_empty())
                .collect();
            Run {
                id,
                segments: range,
                work,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(frames: &[u32]) -> Grid {
        let mut first_frame = 0;
        let segments = frames
            .iter()
            .map(|&frames| {
                let start = i64::try_from(first_frame).unwrap();
                let s = Segment {
                    first_frame,
                    frames,
                    start_ticks: start,
                    duration_ticks: i64::from(frames),
                };
                first_frame += u64::from(frames);
                s
            })
            .collect();
        Grid { segments }
    }

    #[test]
    fn an_even_grid_is_cut_evenly() {
        let grid = grid(&[100; 8]);
        let all: Vec<usize> = (0..8).collect();
        let runs = cut_runs(&grid, &[all.clone(), all], &[true, true], 2, 1);
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0].segments, 0..4);
        assert_eq!(runs[1].segments, 4..8);
        assert_eq!(runs[1].id, 2);
    }

    #[test]
    fn a_rung_with_one_rate_for_all_keeps_the_job_in_one_run() {
        let grid = grid(&[100; 8]);
        let all: Vec<usize> = (0..8).collect();
        assert_eq!(
            cut_runs(&grid, &[all.clone(), all], &[true, false], 4, 0).len(),
            1
        );
    }

    proptest! {
        #[test]
        fn every_missing_piece_is_in_exactly_one_run(
            frames in prop::collection::vec(1u32..200, 1..40),
            holes in prop::collection::vec(prop::collection::vec(any::<bool>(), 40), 1..5),
            runs in 1usize..9,
        ) {
            let grid = grid(&frames);
            let missing: Vec<Vec<usize>> = holes
                .iter()
                .map(|h| (0..grid.len()).filter(|&s| h[s]).collect())
                .collect();
            let cut = cut_runs(&grid, &missing, &vec![true; missing.len()], runs, 0);
            prop_assert!(cut.len() <= runs);
            for (rung, wanted) in missing.iter().enumerate() {
                let mut got: Vec<usize> = cut
                    .iter()
                    .flat_map(|r| &r.work)
                    .filter(|w| w.rung == rung)
                    .flat_map(|w| w.segments.clone())
                    .collect();
                got.sort_unstable();
                prop_assert_eq!(&got, wanted);
            }
            for pair in cut.windows(2) {
                prop_assert!(pair[0].segments.end <= pair[1].segments.start);
            }
        }
    }
}
