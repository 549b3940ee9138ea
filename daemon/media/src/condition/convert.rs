//! Pictures into the plan's colours and upright, scaled to a rung's size on the way: tone mapping works in floating point,
//! so it is done on as few samples as will be shown. Not the decision of what is converted (`judge`).

use newsreel_model::plan::{RungPlan, VideoPlan};
use newsreel_model::{Error, Result};

use crate::errors;
use crate::ffi::{Frame, Graph, Received};

use super::{Shape, filters, shape, write_colour};

/// Converts pictures one by one; what it makes of a picture depends on that one alone.
pub struct Converter {
    video: VideoPlan,
    /// Columns and lines of what comes out.
    size: (u32, u32),
    graph: Option<(Shape, Graph)>,
}

impl Converter {
    /// For pictures of this plan at this rung's size; `None` where colours stay what they are.
    #[must_use]
    pub fn of(video: &VideoPlan, rung: &RungPlan) -> Option<Self> {
        video.conditioning.from.is_some().then(|| Self {
            video: video.clone(),
            size: (rung.width, rung.height),
            graph: None,
        })
    }

    /// For what several rungs are scaled from: at the size of the plan's largest, whichever of them a run makes, so that
    /// every run makes the same.
    #[must_use]
    pub fn for_many(video: &VideoPlan) -> Option<Self> {
        Self::of(video, video.rungs.first()?)
    }

    /// Converts one picture.
    ///
    /// # Errors
    /// Its format cannot be converted, or out of memory.
    pub fn convert(&mut self, picture: &Frame) -> Result<Frame> {
        let failed = errors::engine("converting colours");
        // Another size in mid-stream needs another graph.
        let shape = shape(picture);
        let graph = match &mut self.graph {
            Some((made_for, graph)) if *made_for == shape => graph,
            _ => {
                let filters = filters::converted(&self.video, self.size);
                let graph = Graph::new(picture, &filters, 0).map_err(&failed)?;
                &mut self.graph.insert((shape, graph)).1
            }
        };
        graph.send(Some(picture)).map_err(&failed)?;
        let mut out = Frame::new().map_err(&failed)?;
        match graph.receive(&mut out).map_err(&failed)? {
            Received::Output => {
                write_colour(&mut out, self.video.colour);
                Ok(out)
            }
            _ => Err(Error::bug("a filter kept a picture")),
        }
    }
}
