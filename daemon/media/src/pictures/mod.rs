//! Poster, thumbnails and storyboard, from key frames and before anything is encoded.
//!
//! Positions are as near as the container can be moved about in: a picture a second off is as good, and one that is sharp and
//! still is better than the one at the place. Not here: where the files go.

mod choose;
mod jpeg;
mod keyframes;
mod passing;
mod rung;
mod score;
mod storyboard;

use std::sync::Arc;

use newsreel_model::plan::Plan;
use newsreel_model::{Cancel, Result};

use crate::ffi::{Frame, Params, Source};
use crate::geometry;

use jpeg::JpegMaker;
use keyframes::KeyFrames;

pub use rung::RungPictures;
pub use storyboard::{Storyboard, storyboard};

/// One picture as JPEG files: in the usual size, then in each of the plan's named sizes.
pub type Sizes = Vec<Vec<u8>>;

/// Poster and thumbnails.
pub struct Thumbnails {
    /// The best of the thumbnails; in the usual size as large as the clip.
    pub poster: Option<Sizes>,
    /// In order of time.
    pub thumbnails: Vec<Sizes>,
}

/// JPEG quality as libavcodec counts it, 1–31, lower is better.
const QUALITY: u32 = 4;
/// Where there are to be no thumbnails, the poster is chosen among so many pictures.
const POSTER_CANDIDATES: u32 = 3;

/// What pictures are taken from.
pub struct PictureSource<'a> {
    /// The input.
    pub source: &'a Arc<dyn Source>,
    /// Coding of the video stream.
    pub params: &'a Params,
    /// Stream, origin and shape.
    pub plan: &'a Plan,
    /// Length of the programme in seconds, as far as it is known.
    pub duration_s: f64,
}

/// Makes the pictures the plan asks for.
///
/// # Errors
/// Cancelled, or the JPEG encoder fails. Places that do not decode are left out.
pub fn thumbnails(from: &PictureSource<'_>, cancel: &Cancel) -> Result<Thumbnails> {
    let spec = &from.plan.thumbnails;
    let shown = geometry::shown_size(&from.plan.video);
    let makers = |usual: u32| -> Vec<JpegMaker> {
        let widths = std::iter::once(usual).chain(spec.sizes.iter().map(|s| s.width_px));
        widths
            .map(|width| JpegMaker::new(shrink(shown.0, shown.1, width), QUALITY))
            .collect()
    };
    let mut frames = KeyFrames::open(from, cancel)?;
    let mut small = makers(spec.width_px);
    let mut best = None;
    let shares = match spec.count {
        0 => POSTER_CANDIDATES,
        count => count,
    };
    let mut thumbnails = choose::choose(from, &mut frames, shares, |frame, is_best| {
        let sizes = match spec.count {
            0 => Vec::new(),
            _ => in_sizes(&mut small, &frame)?,
        };
        if is_best {
            best = Some(frame);
        }
        Ok(sizes)
    })?;
    thumbnails.retain(|sizes| !sizes.is_empty());
    let poster = best.map(|frame| in_sizes(&mut makers(shown.0), &frame));
    Ok(Thumbnails {
        poster: poster.transpose()?,
        thumbnails,
    })
}

fn in_sizes(makers: &mut [JpegMaker], frame: &Frame) -> Result<Sizes> {
    makers.iter_mut().map(|m| m.encode(frame)).collect()
}

/// Even size of the given width and the same shape; never larger than the original.
fn shrink(width: u32, height: u32, target: u32) -> (u32, u32) {
    let target = target.min(width).max(2);
    let scaled = u64::from(height) * u64::from(target) / u64::from(width.max(1));
    let height = u32::try_from(scaled).unwrap_or(u32::MAX);
    (target & !1, (height & !1).max(2))
}
