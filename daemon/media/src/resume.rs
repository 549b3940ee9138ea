//! A plan executed by a process that did not make it. Not the making of plans (`prepare`).

use std::sync::Arc;

use newsreel_model::plan::Plan;
use newsreel_model::{Cancel, Code, Error, Result};

use crate::errors;
use crate::ffi::{Params, Source};
use crate::frames::assemble;
use crate::index::Index;
use crate::prepare::{Limits, Prepared};
use crate::probe;

/// What executing a plan needs, from the index it was made from.
///
/// # Errors
/// The source can no longer be read, or is not the one the plan was made from.
pub fn resume(
    source: &Arc<dyn Source>,
    index: Index,
    plan: &Plan,
    limits: Limits,
    cancel: &Cancel,
) -> Result<Prepared> {
    let changed = || {
        Error::new(
            Code::InputChanged,
            "the input is not what the plan was made from; submit it again",
        )
    };
    let probed = probe::open(source, cancel)?;
    let stream = probed
        .streams
        .iter()
        .find(|s| s.index == plan.video.stream)
        .ok_or_else(changed)?;
    let params = Params::try_clone(&stream.params).map_err(errors::engine("planning"))?;
    let mut prepared = assemble(Arc::clone(source), Arc::new(params), index, plan, limits);
    prepared.plan.grid = prepared.slots.grid.clone();
    if prepared.slots.digest() != plan.video.timeline_digest || prepared.plan != *plan {
        return Err(changed());
    }
    Ok(prepared)
}
