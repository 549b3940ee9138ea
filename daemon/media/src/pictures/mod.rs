//! Poster, thumbnails and storyboard, from key frames alone and before anything is encoded.
//!
//! Positions are as near as the container can be moved about in: a picture a second off is as good. Not here: where the
//! files go.

mod jpeg;
mod keyframes;
mod rung;
mod storyboard;

use std::collections::VecDeque;
use std::sync::Arc;

use newsreel_model::plan::Plan;
use newsreel_model::{Cancel, Result};

use crate::ffi::{Frame, Params, Source};
use crate::geometry;

use jpeg::JpegMaker;
use keyframes::KeyFrames;

pub use rung::RungPictures;
pub use storyboard::{Storyboard, storyboard};

/// Poster and thumbnails as JPEG files.
pub struct Thumbnails {
    /// The most telling of the first few.
    pub poster: Option<Vec<u8>>,
    /// In order of time.
    pub thumbnails: Vec<Vec<u8>>,
}

/// JPEG quality as libavcodec counts it, 1–31, lower is better.
const QUALITY: u32 = 4;
/// The poster is chosen among this many thumbnails from the start.
const POSTER_CANDIDATES: usize = 3;

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

/// Makes the thumbnails the plan asks for; `each` is called with every one as soon as it is there.
///
/// # Errors
/// Cancelled, or the JPEG encoder fails. Places that do not decode are left out.
pub fn thumbnails(
    from: &PictureSource<'_>,
    cancel: &Cancel,
    mut each: impl FnMut(usize, &[u8]) -> Result<()>,
) -> Result<Thumbnails> {
    let spec = &from.plan.thumbnails;
    let (width, height) = geometry::shown_size(&from.plan.video);
    let small = shrink(width, height, spec.width_px);
    let mut frames = KeyFrames::open(from, cancel)?;
    let mut thumbnail_maker = JpegMaker::new(small, QUALITY);
    let mut out = Thumbnails {
        poster: None,
        thumbnails: Vec::new(),
    };
    let mut best: Option<(f64, Frame)> = None;
    let mut places: VecDeque<f64> = places(from.duration_s, spec.count.max(1)).collect();
    let mut tried_first = false;
    loop {
        let frame = match places.pop_front() {
            Some(time) => frames.at(time)?,
            None if best.is_none() && !tried_first => {
                tried_first = true;
                frames.first()?
            }
            None => break,
        };
        let Some(frame) = frame else { continue };
        if out.thumbnails.len() < POSTER_CANDIDATES {
            let score = thumbnail_maker.contrast(&frame)?;
            if best.as_ref().is_none_or(|(s, _)| score > *s) {
                best = Some((
                    score,
                    frame
                        .share()
                        .map_err(crate::errors::engine("keeping a picture"))?,
                ));
            }
        }
        if spec.count > 0 {
            let jpeg = thumbnail_maker.encode(&frame)?;
            each(out.thumbnails.len(), &jpeg)?;
            out.thumbnails.push(jpeg);
        }
    }
    if let Some((_, frame)) = best {
        out.poster = Some(JpegMaker::new(shrink(width, height, width), QUALITY).encode(&frame)?);
    }
    Ok(out)
}

/// `count` times spread evenly: each in the middle of its share, so that fades at both ends are missed.
fn places(duration_s: f64, count: u32) -> impl Iterator<Item = f64> {
    let share = duration_s.max(0.0) / f64::from(count);
    (0..count).map(move |i| share * (f64::from(i) + 0.5))
}

/// Even size of the given width and the same shape; never larger than the original.
fn shrink(width: u32, height: u32, target: u32) -> (u32, u32) {
    let target = target.min(width).max(2);
    let scaled = u64::from(height) * u64::from(target) / u64::from(width.max(1));
    let height = u32::try_from(scaled).unwrap_or(u32::MAX);
    (target & !1, (height & !1).max(2))
}
