//! Executes one run: a thread per rung, and the feed that serves them all from one decode.

use crossbeam::channel::bounded;
use newsreel_model::grid::Run;
use newsreel_model::{Code, Error, Result};

use crate::prepare::Prepared;

use super::feed::{Feed, Outlet};
use super::lane::{self, LaneContext};
use super::{RunControl, SegmentSink, Stages};

/// Decoded pictures waiting per rung: enough that no lane waits for a decode, few enough to keep memory small.
const QUEUE: usize = 4;

/// What a run did, beside the segments it handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunStats {
    /// Frames the decoder gave out, warm-up included.
    pub decoded: u64,
    /// Frames it gave out that the plan has no place for.
    pub surplus: u64,
    /// How often another entry point was needed.
    pub reentries: u32,
}

/// Executes `run` of `prepared` and returns when every segment it still allows has been handed to `sink`.
///
/// # Errors
/// The first error of any stage, or of the sink.
pub fn execute<T: Stages>(
    stages: &T,
    prepared: &Prepared,
    run: &Run,
    sink: &dyn SegmentSink,
    control: &RunControl,
) -> Result<RunStats> {
    let plan = &prepared.plan;
    let contexts: Vec<LaneContext<'_, T>> = run
        .work
        .iter()
        .map(|work| LaneContext {
            stages,
            rung: work.rung,
            plan: &plan.video.rungs[work.rung],
            grid: &plan.grid,
            timescale: plan.video.timescale,
            captions: prepared.in_rungs(),
            wanted: &work.segments,
            sink,
        })
        .collect();
    std::thread::scope(|scope| {
        let mut outlets = Vec::new();
        let mut lanes = Vec::new();
        for context in &contexts {
            let (sender, receiver) = bounded(QUEUE);
            outlets.push(Outlet {
                wanted: context.wanted,
                warmed_up: !stages.session_per_segment(context.rung),
                sender,
            });
            let name = format!("rung-{}", context.plan.name);
            let spawned = std::thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, move || lane::work(context, &receiver))
                .map_err(|e| {
                    Error::new(Code::EngineFailed, format!("cannot start a thread: {e}"))
                })?;
            lanes.push(spawned);
        }
        // A lane that failed closed its channel, which the feed noticed only as "gone": the lane knows why.
        let mut result = Feed::new(stages, prepared, run, outlets, control).and_then(Feed::run);
        for lane in lanes {
            let lane_result = lane
                .join()
                .unwrap_or_else(|_| Err(Error::bug("a rung's thread panicked")));
            if let Err(e) = lane_result {
                let told = matches!(&result, Err(first) if first.code() != Code::Internal);
                if !told {
                    result = Err(e);
                }
            }
        }
        result
    })
}
