//! What a planned job still lacks, segment by segment. Pure counting; not who makes it.

use std::collections::HashSet;
use std::ops::Range;

use newsreel_model::grid::{Run, RungWork};
use newsreel_model::job::layout;
use newsreel_model::plan::Plan;
use newsreel_scheduler::SegmentWork;

fn path(rung: &str, segment: usize) -> String {
    format!("{}/{}", layout::video_dir(rung), layout::segment(segment))
}

/// The missing pieces of a job.
pub struct Lacking {
    rungs: Vec<String>,
    frames: Vec<u32>,
    /// By segment: the rungs (as indices) that lack it.
    missing: Vec<Vec<usize>>,
}

impl Lacking {
    /// What `plan` has and `finished` (paths) has not.
    pub fn new(plan: &Plan, finished: &HashSet<String>) -> Self {
        let rungs: Vec<String> = plan.video.rungs.iter().map(|r| r.name.clone()).collect();
        let lacks = |segment: usize| {
            let made = |rung: usize| finished.contains(&path(&rungs[rung], segment));
            (0..rungs.len()).filter(|r| !made(*r)).collect()
        };
        Self {
            missing: (0..plan.grid.len()).map(lacks).collect(),
            frames: plan.grid.segments.iter().map(|s| s.frames).collect(),
            rungs,
        }
    }

    /// Takes note of a finished piece; gives the segment that is complete with it.
    pub fn note(&mut self, path: &str) -> Option<usize> {
        let (rung, file) = path.strip_prefix("video/")?.split_once('/')?;
        let segment = layout::segment_index(file)?;
        let rung = self.rungs.iter().position(|r| r == rung)?;
        let missing = self.missing.get_mut(segment)?;
        let before = missing.len();
        missing.retain(|r| *r != rung);
        (before == 1 && missing.is_empty()).then_some(segment)
    }

    /// The segments that lack something, for the scheduler.
    pub fn segments(&self) -> Vec<SegmentWork> {
        let work = |(index, missing): (usize, &Vec<usize>)| SegmentWork {
            index,
            frames: u64::from(self.frames[index]) * missing.len() as u64,
        };
        let all = self.missing.iter().enumerate();
        all.filter(|(_, m)| !m.is_empty()).map(work).collect()
    }

    /// The run over a range of segments: whatever they lack and is not on its way (`underway`, paths).
    pub fn run(&self, id: u32, segments: Range<usize>, underway: &HashSet<String>) -> Run {
        let range = segments.start..segments.end.min(self.missing.len());
        let lacks = |rung: usize, segment: usize| {
            self.missing[segment].contains(&rung)
                && !underway.contains(&path(&self.rungs[rung], segment))
        };
        let lacked = |rung: usize| range.clone().filter(|s| lacks(rung, *s)).collect();
        let work = (0..self.rungs.len())
            .map(|rung| RungWork {
                rung,
                segments: lacked(rung),
            })
            .filter(|w| !w.segments.is_empty())
            .collect();
        Run {
            id,
            segments: range,
            work,
        }
    }

    /// Frames over all rungs, in all and finished.
    pub fn frames(&self) -> (u64, u64) {
        let rungs = self.rungs.len() as u64;
        let total: u64 = self.frames.iter().map(|f| u64::from(*f) * rungs).sum();
        let left: u64 = self.segments().iter().map(|s| s.frames).sum();
        (total, total - left)
    }
}
