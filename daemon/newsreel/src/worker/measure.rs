//! Measuring in a worker: finished pieces come as one descriptor, the source as another. Not the measuring itself.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use newsreel_media::ffi::Source;
use newsreel_media::index::Index;
use newsreel_media::measure;
use newsreel_media::pipeline::RunControl;
use newsreel_media::resume;
use newsreel_model::report::Quality;
use newsreel_model::{Error, Result};

use super::channel;
use super::protocol::ToMeasure;
use crate::job::limits;

/// The most bytes of one piece: a segment of the largest rung at 30 s is well below.
const MOST_BYTES: u64 = 1 << 30;

/// Compares what `task` names.
///
/// # Errors
/// The source or a piece cannot be read, or cancelled.
pub fn measure(
    source: &Arc<dyn Source>,
    task: &ToMeasure,
    index: Option<OwnedFd>,
    pieces: Option<OwnedFd>,
    done: &(dyn Fn() + Sync),
    control: &RunControl,
) -> Result<Vec<Quality>> {
    let (Some(index), Some(pieces)) = (index, pieces) else {
        return Err(Error::bug("nothing to measure was handed over"));
    };
    let index = Index::from_bytes(&channel::payload(index)?)?;
    let limits = limits(&task.limits);
    let prepared = resume::resume(source, index, &task.plan, limits, &control.cancel)?;
    let pieces = File::from(pieces);
    let rungs = task.plan.video.rungs.len();
    let segments = |rung: usize, segment: usize| {
        let place = task.segments.iter().position(|s| *s == segment);
        let number = place.map(|place| place * rungs + rung);
        let length = number.and_then(|number| task.lengths.get(number).copied());
        let (Some(number), Some(length)) = (number, length.filter(|l| *l <= MOST_BYTES)) else {
            return Err(Error::bug("a piece to measure was not handed over"));
        };
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        let from = task.lengths[..number].iter().sum();
        pieces
            .read_exact_at(&mut bytes, from)
            .map_err(|e| Error::bug(format!("a piece to measure cannot be read: {e}")))?;
        Ok(bytes)
    };
    let all: Vec<usize> = (0..rungs).collect();
    measure::measure(&prepared, &all, &task.segments, &segments, done, control)
}
