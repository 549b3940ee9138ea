//! A job's missing segments cut into runs, and the runs executed beside each other. Not the head start or the sound.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use newsreel_cpu::CpuEngine;
use newsreel_media::engine::Engine;
use newsreel_media::pipeline::RunControl;
use newsreel_media::prepare::Prepared;
use newsreel_model::Result;
use newsreel_model::grid::{Run, RungWork, SHORTEST_RUN, cut_runs};
use newsreel_model::job::layout;

use super::programme::{cores, has_segment, join, spawn};
use super::report::Milestones;
use super::sink::Sink;
use super::{Context, telling};

/// How often it is looked whether all runs have ended.
const LOOK: Duration = Duration::from_millis(10);

/// Looks between two reports of progress.
const LOOKS_PER_REPORT: u32 = 10;

/// The runs of a job in this process.
pub struct Runs<'a> {
    pub context: &'a Context<'a>,
    pub sink: &'a Sink<'a>,
    /// Paths of what an earlier execution published.
    pub finished: &'a HashSet<String>,
    /// Whether the lowest rung's first segment was made ahead of the plan.
    pub made_ahead: bool,
    pub milestones: &'a Arc<Milestones>,
}

impl Runs<'_> {
    /// Makes everything that is missing and says in how many runs.
    ///
    /// # Errors
    /// The first failure of any run.
    pub fn encode(&self, prepared: &Prepared) -> Result<usize> {
        let runs = self.cut(prepared);
        self.execute(prepared, &runs)?;
        Ok(runs.len())
    }

    /// What is missing, cut into runs.
    fn cut(&self, prepared: &Prepared) -> Vec<Run> {
        let plan = &prepared.plan;
        let lowest = plan.video.rungs.len().saturating_sub(1);
        let missing: Vec<Vec<usize>> = plan
            .video
            .rungs
            .iter()
            .enumerate()
            .map(|(i, rung)| {
                let dir = layout::video_dir(&rung.name);
                let ahead = |s: usize| i == lowest && s == 0 && self.made_ahead;
                let made = |s: usize| has_segment(self.finished, &dir, s) || ahead(s);
                (0..plan.grid.len()).filter(|&s| !made(s)).collect()
            })
            .collect();
        let splittable: Vec<bool> = plan
            .video
            .rungs
            .iter()
            .map(|r| r.rate_control.allows_independent_runs())
            .collect();
        let wished = match self.context.request.runs {
            0 => (plan.grid.len() / SHORTEST_RUN).clamp(1, cores()),
            n => usize::try_from(n).unwrap_or(1),
        };
        cut_runs(&plan.grid, &missing, &splittable, wished, 1)
    }

    /// Executes the runs, all at once, and reports progress until the last one ends.
    fn execute(&self, prepared: &Prepared, runs: &[Run]) -> Result<()> {
        let frames = |w: &RungWork| -> u64 {
            w.segments
                .iter()
                .map(|&s| u64::from(prepared.plan.grid.segments[s].frames))
                .sum()
        };
        let total: u64 = runs.iter().flat_map(|r| &r.work).map(frames).sum();
        let engine = CpuEngine::new(cores(), self.context.request.threads_per_encoder);
        std::thread::scope(|scope| {
            let mut handles = Vec::new();
            for run in runs {
                let engine = &engine;
                handles.push(spawn(scope, "run", move || {
                    let control = RunControl::new(self.context.cancel.clone());
                    let done = engine
                        .open(prepared, run)?
                        .execute(self.sink, &control)
                        .map(|_| ());
                    if done.is_err() {
                        self.context.cancel.cancel();
                    }
                    done
                })?);
            }
            let before = self.sink.frames.load(Ordering::Relaxed);
            let report = || {
                let done = self.sink.frames.load(Ordering::Relaxed) - before;
                self.milestones
                    .progress(done, total, prepared.plan.duration_s());
            };
            let mut looks = 0;
            while handles.iter().any(|h| !h.is_finished()) {
                std::thread::sleep(LOOK);
                looks += 1;
                if looks % LOOKS_PER_REPORT == 0 {
                    report();
                }
            }
            report();
            telling(handles.into_iter().filter_map(|h| join(h).err())).map_or(Ok(()), Err)
        })
    }
}
