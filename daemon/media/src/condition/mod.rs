//! The one place where a decoded picture becomes an upright, progressive, cropped one in the colours of the plan: cropped and
//! of whole pictures once for all rungs (`Conditioner`), then in other colours where they are (`Converter`), and all of it by
//! itself for poster, thumbnails and storyboard (`still`).
//!
//! Not here: what is decided (`judge`, from what `look` saw), or any scaling where colours stay.

mod cadence;
mod convert;
mod filters;
mod judge;
mod look;

use std::collections::VecDeque;

use newsreel_model::Result;
use newsreel_model::conditioning::Turn;
use newsreel_model::plan::{Colour, VideoPlan};

use crate::errors;
use crate::ffi::{Frame, Graph, PictureFormat, Received};
use crate::pipeline::Decoded;

pub use cadence::cadence;
pub use convert::Converter;
pub use judge::{Headers, Judged, judge};
pub use look::{Look, look};

/// What a graph was made for; anything else needs another one.
type Shape = (u32, u32, crate::ffi::PixelFormat);

fn shape(picture: &Frame) -> Shape {
    let like = PictureFormat::of(picture);
    (like.width, like.height, like.format)
}

/// Its range is what a filter or the source said.
fn write_colour(picture: &mut Frame, colour: Colour) {
    let codes = (colour.primaries, colour.transfer, colour.matrix);
    let full_range = picture.is_full_range();
    picture.set_shown_as(codes, full_range);
}

/// Conditions the pictures of a run in order. What it makes of a picture depends on that one and
/// [`newsreel_model::conditioning::Conditioning::reach`] neighbours alone, so that every run makes the same.
pub struct Conditioner {
    video: VideoPlan,
    graph: Option<(Shape, Graph)>,
    /// What is known of the pictures in the graph, by their numbers from `first` on.
    inside: VecDeque<(Option<i64>, bool)>,
    first: i64,
    ready: VecDeque<Decoded<Frame>>,
    /// How many pictures of `inside`'s front came out already.
    given: u32,
}

impl Conditioner {
    /// For the pictures of this plan; `None` where there is nothing to do before colours are converted.
    #[must_use]
    pub fn of(video: &VideoPlan) -> Option<Self> {
        let how = &video.conditioning;
        let turned = how.turn != Turn::default() && how.from.is_none();
        let needed = how.deinterlace.is_some() || how.crop.is_some() || turned;
        needed.then(|| Self {
            video: video.clone(),
            graph: None,
            inside: VecDeque::new(),
            first: 0,
            ready: VecDeque::new(),
            given: 0,
        })
    }

    /// Takes the next decoded picture.
    ///
    /// # Errors
    /// Its format cannot be conditioned, or out of memory.
    pub fn send(&mut self, decoded: Decoded<Frame>) -> Result<()> {
        let failed = errors::engine("conditioning a picture");
        let mut picture = decoded.surface;
        if self
            .graph
            .as_ref()
            .is_some_and(|(s, _)| *s != shape(&picture))
        {
            // The source changed in mid-stream: what came before ends, and what comes has no neighbours before it.
            self.finish()?;
        }
        let number = self.first + i64::try_from(self.inside.len()).unwrap_or(0);
        self.inside.push_back((decoded.rank, decoded.damaged));
        picture.set_pts(number);
        let (_, graph) = match &mut self.graph {
            Some(made) => made,
            None => {
                let filters = filters::moving(&self.video, &picture);
                let graph = Graph::new(&picture, &filters, 0).map_err(&failed)?;
                self.graph.insert((shape(&picture), graph))
            }
        };
        graph.send(Some(&picture)).map_err(&failed)?;
        self.drain()
    }

    /// No more pictures come, or none like those before.
    ///
    /// # Errors
    /// Out of memory.
    pub fn finish(&mut self) -> Result<()> {
        if let Some((_, graph)) = &mut self.graph {
            let failed = errors::engine("conditioning a picture");
            graph.send(None).map_err(failed)?;
            self.drain()?;
        }
        self.graph = None;
        self.first = 0;
        self.inside.clear();
        self.given = 0;
        Ok(())
    }

    /// Whether pictures may still be inside.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.graph.is_some()
    }

    /// The next conditioned picture. Its rank counts pictures, of which a frame may have two.
    pub fn take(&mut self) -> Option<Decoded<Frame>> {
        self.ready.pop_front()
    }

    fn drain(&mut self) -> Result<()> {
        let failed = errors::engine("conditioning a picture");
        let per_frame = self.video.conditioning.pictures_per_frame();
        let colour = self.video.conditioning.from.unwrap_or(self.video.colour);
        let Some((_, graph)) = &mut self.graph else {
            return Ok(());
        };
        loop {
            let mut surface = Frame::new().map_err(&failed)?;
            if graph.receive(&mut surface).map_err(&failed)? != Received::Output {
                return Ok(());
            }
            let number = surface.pts().unwrap_or(self.first);
            while number > self.first && self.inside.len() > 1 {
                self.inside.pop_front();
                self.first += 1;
                self.given = 0;
            }
            let Some(&(rank, damaged)) = self.inside.front() else {
                return Ok(());
            };
            let rank = rank.map(|r| r * i64::from(per_frame) + i64::from(self.given));
            self.given = (self.given + 1).min(per_frame - 1);
            write_colour(&mut surface, colour);
            self.ready.push_back(Decoded {
                rank,
                damaged,
                surface,
            });
        }
    }
}

/// One picture by itself, for whoever shows single ones: upright, of one field where it has two, and SDR.
///
/// # Errors
/// Its format cannot be conditioned, or out of memory.
pub fn still(video: &VideoPlan, mut picture: Frame) -> Result<Frame> {
    let failed = errors::engine("conditioning a picture");
    let filters = filters::still(video, &picture);
    let colour = filters::still_colour(video);
    if filters.is_empty() {
        write_colour(&mut picture, colour);
        return Ok(picture);
    }
    picture.set_pts(0);
    let mut graph = Graph::new(&picture, &filters, 0).map_err(&failed)?;
    graph.send(Some(&picture)).map_err(&failed)?;
    graph.send(None).map_err(&failed)?;
    let mut out = Frame::new().map_err(&failed)?;
    match graph.receive(&mut out).map_err(&failed)? {
        Received::Output => {
            write_colour(&mut out, colour);
            Ok(out)
        }
        _ => Err(newsreel_model::Error::bug("a filter kept a picture")),
    }
}
