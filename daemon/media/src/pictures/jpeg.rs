//! A decoded picture made small and turned into a JPEG file, or into a tile. Not a chooser of pictures.

use newsreel_model::{Error, Rational, Result};

use crate::errors;
use crate::ffi::{
    Encoder, Frame, FramePool, Packet, PictureFormat, PixelFormat, Received, Scaler, Siting,
    VideoSettings,
};

/// Pictures of one size.
pub struct JpegMaker {
    size: (u32, u32),
    quality: u32,
    scaler: Option<Scaler>,
    pool: Option<FramePool>,
}

impl JpegMaker {
    /// `size` in even pixels.
    pub fn new(size: (u32, u32), quality: u32) -> Self {
        Self {
            size,
            quality,
            scaler: None,
            pool: None,
        }
    }

    /// The picture at this size, planar 4:2:0 with full range.
    pub fn scale(&mut self, picture: &Frame) -> Result<Frame> {
        let failed = errors::engine("scaling a picture");
        let from = PictureFormat::of(picture);
        let to = PictureFormat {
            width: self.size.0,
            height: self.size.1,
            format: PixelFormat::YUVJ420P,
            full_range: true,
            // JPEG means BT.601.
            matrix: 5,
            siting: Siting::Center,
        };
        if self.scaler.as_ref().is_none_or(|s| s.from() != from) {
            self.scaler = Some(Scaler::new(from, to).map_err(&failed)?);
        }
        if self.pool.is_none() {
            self.pool = Some(FramePool::new(to.width, to.height, to.format).map_err(&failed)?);
        }
        let (Some(scaler), Some(pool)) = (&mut self.scaler, &self.pool) else {
            return Err(Error::bug("scaler and pool were just made"));
        };
        let mut target = pool.get().map_err(&failed)?;
        scaler.scale(picture, &mut target).map_err(&failed)?;
        Ok(target)
    }

    /// The picture as a JPEG file.
    pub fn encode(&mut self, picture: &Frame) -> Result<Vec<u8>> {
        let scaled = self.scale(picture)?;
        jpeg(scaled, self.quality)
    }
}

/// One JPEG file of a planar 4:2:0 picture with full range.
pub fn jpeg(mut picture: Frame, quality: u32) -> Result<Vec<u8>> {
    let failed = errors::engine("writing a picture");
    // FF_QP2LAMBDA in libavutil: quality levels are given in 1/118.
    let lambda = quality * 118;
    let mut encoder = Encoder::video(&VideoSettings {
        encoder: "mjpeg".to_owned(),
        width: picture.width(),
        height: picture.height(),
        format: PixelFormat::YUVJ420P,
        time_base: Rational::new(1, 25),
        frame_rate: None,
        colour: (2, 2, 5),
        full_range: true,
        threads: 1,
        options: vec![
            ("flags".to_owned(), "+qscale".to_owned()),
            ("global_quality".to_owned(), lambda.to_string()),
        ],
    })
    .map_err(&failed)?;
    picture.set_pts(0);
    encoder.send(Some(&picture)).map_err(&failed)?;
    encoder.send(None).map_err(&failed)?;
    let mut packet = Packet::new().map_err(&failed)?;
    match encoder.receive(&mut packet).map_err(&failed)? {
        Received::Output => Ok(packet.data().to_vec()),
        _ => Err(Error::bug("the JPEG encoder gave out nothing")),
    }
}
