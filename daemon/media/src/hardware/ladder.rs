//! All rungs' pictures from one on the device: the seam to whatever scales there, and libavfilter's scalers behind it.

use newsreel_model::{Error, Result};

use crate::ffi::{HwFilter, HwFrame};

use super::{Explain, Stage, ask};

/// Makes every rung's picture of one; keeps no state between pictures.
pub trait Ladder: Send {
    /// The rungs' pictures, in the order the ladder was made with.
    ///
    /// # Errors
    /// The device failed.
    fn scale(&mut self, picture: &HwFrame) -> Result<Vec<HwFrame>>;
}

/// One of libavfilter's filters per rung, each reading the picture for itself.
pub struct FilterLadder {
    steps: Vec<Step>,
    extra: u32,
    explain: Explain,
}

struct Step {
    /// In libavfilter's notation.
    filter: String,
    graph: Option<HwFilter>,
}

impl FilterLadder {
    /// A ladder of these filters. `extra` is how many pictures of a rung are in use at once.
    #[must_use]
    pub fn new(filters: Vec<String>, extra: u32, explain: Explain) -> Self {
        let steps = filters
            .into_iter()
            .map(|filter| Step {
                filter,
                graph: None,
            })
            .collect();
        Self {
            steps,
            extra,
            explain,
        }
    }
}

impl Ladder for FilterLadder {
    fn scale(&mut self, picture: &HwFrame) -> Result<Vec<HwFrame>> {
        let (extra, explain) = (self.extra, self.explain);
        let scale = |step: &mut Step| {
            // The source's size or the decoder's pool changed in mid-stream.
            let fits = step.graph.as_ref().is_some_and(|g| g.takes(picture));
            if !fits {
                let graph = || HwFilter::new(picture, &step.filter, extra);
                step.graph = Some(ask(explain, Stage::Scale, graph)?);
            }
            let graph = step
                .graph
                .as_mut()
                .ok_or_else(|| Error::bug("a filter that was just made is gone"))?;
            ask(explain, Stage::Scale, || graph.run(picture))
        };
        self.steps.iter_mut().map(scale).collect()
    }
}
