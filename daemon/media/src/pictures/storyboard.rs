//! All tiles of the storyboard in one picture, and the WebVTT that says where each is. Not the thumbnails.

use std::fmt::Write;

use newsreel_model::{Cancel, Result};

use crate::errors;
use crate::ffi::{FramePool, PixelFormat};
use crate::geometry;

use super::jpeg::{JpegMaker, jpeg};
use super::keyframes::KeyFrames;
use super::{PictureSource, shrink};

/// Tiles are at least this far apart; seconds.
const MIN_INTERVAL_S: f64 = 2.0;
/// Tiles in a row.
const COLUMNS: u32 = 10;
/// JPEG quality as libavcodec counts it.
const QUALITY: u32 = 6;

/// Picture and index.
pub struct Storyboard {
    /// All tiles as one JPEG file.
    pub jpeg: Vec<u8>,
    /// WebVTT with `#xywh` fragments.
    pub vtt: String,
}

/// Makes the storyboard the plan asks for; `None` if it asks for none. Places that do not decode show the tile before.
///
/// # Errors
/// Cancelled, or the JPEG encoder fails.
pub fn storyboard(
    from: &PictureSource<'_>,
    file: &str,
    cancel: &Cancel,
) -> Result<Option<Storyboard>> {
    let spec = &from.plan.thumbnails;
    if spec.storyboard_tiles == 0 || from.duration_s <= 0.0 {
        return Ok(None);
    }
    let interval = (from.duration_s / f64::from(spec.storyboard_tiles)).max(MIN_INTERVAL_S);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "limited to the number of tiles"
    )]
    let count = (from.duration_s / interval)
        .ceil()
        .clamp(1.0, f64::from(spec.storyboard_tiles)) as u32;
    let (width, height) = geometry::shown_size(&from.plan.video);
    let tile = shrink(width, height, spec.storyboard_tile_width_px);
    let columns = count.min(COLUMNS);

    let failed = errors::engine("making the storyboard");
    let board = FramePool::new(
        tile.0 * columns,
        tile.1 * count.div_ceil(columns),
        PixelFormat::YUVJ420P,
    );
    let mut board = board.and_then(|pool| pool.get()).map_err(&failed)?;
    board.fill_black();
    let mut frames = KeyFrames::open(from, cancel)?;
    let mut maker = JpegMaker::new(tile, QUALITY);
    let mut shown = None;
    let mut vtt = String::from("WEBVTT\n");
    for i in 0..count {
        let start = f64::from(i) * interval;
        if let Some(frame) = frames.at(start + interval / 2.0)? {
            shown = Some(maker.scale(&frame)?);
        }
        let (x, y) = (i % columns * tile.0, i / columns * tile.1);
        if let Some(picture) = &shown {
            board.paste(picture, x, y).map_err(&failed)?;
        }
        let end = (start + interval).min(from.duration_s);
        let (w, h) = tile;
        // Writing to a String cannot fail.
        let _ = write!(
            vtt,
            "\n{} --> {}\n{file}#xywh={x},{y},{w},{h}\n",
            timestamp(start),
            timestamp(end)
        );
    }
    Ok(Some(Storyboard {
        jpeg: jpeg(board, QUALITY)?,
        vtt,
    }))
}

/// `00:01:02.345`, as WebVTT wants it.
fn timestamp(seconds: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float to int saturates"
    )]
    let ms = (seconds.max(0.0) * 1000.0).round() as u64;
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1000 % 60,
        ms % 1000
    )
}
