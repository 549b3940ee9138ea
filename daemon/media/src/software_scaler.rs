//! Scaling in host memory: by the arithmetic that GPUs use too, where both pictures are planes of 8 bits in the same colours, and by
//! libswscale otherwise.
//!
//! Not here: conversion of transfer and primaries (`condition`).

use newsreel_model::plan::{Colour, RungPlan};
use newsreel_model::{Error, Result};
use newsreel_scale::cores::{Cores, Source, Target};
use newsreel_scale::{Depth, Filter, Request, RungSize};

use crate::errors;
use crate::ffi::{Frame, FramePool, PictureFormat, PixelFormat, Scaler, Siting};
use crate::pipeline;

/// Scales to one size and format, following the source when its own changes in mid-stream.
pub struct SoftwareScaler {
    target: PictureFormat,
    pool: FramePool,
    way: Option<(PictureFormat, bool, Way)>,
}

/// How pictures of one format are scaled.
enum Way {
    Cores(Box<Cores>),
    Libswscale(Scaler),
}

impl SoftwareScaler {
    /// Scales to the rung's size in planar 4:2:0, limited range, with ten bits for HDR.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new(rung: &RungPlan, colour: Colour) -> Result<Self> {
        let format = PixelFormat::for_rungs(colour.is_hdr());
        Self::to(rung.width, rung.height, format, colour)
    }

    /// Scales to any size and format, limited range.
    ///
    /// # Errors
    /// Out of memory.
    pub fn to(width: u32, height: u32, format: PixelFormat, colour: Colour) -> Result<Self> {
        let pool = FramePool::new(width, height, format).map_err(errors::engine("scaling"))?;
        let target = PictureFormat {
            width,
            height,
            format,
            full_range: false,
            matrix: colour.matrix,
            siting: Siting::Left,
        };
        Ok(Self {
            target,
            pool,
            way: None,
        })
    }
}

impl pipeline::Scaler for SoftwareScaler {
    type In = Frame;
    type Out = Frame;

    fn scale(&mut self, picture: &Frame) -> Result<Frame> {
        let failed = errors::engine("scaling");
        let mut from = PictureFormat::of(picture);
        if !from.states_matrix() {
            // What the plan found out for pictures that do not say.
            from.matrix = self.target.matrix;
        }
        if from == self.target {
            return picture.share().map_err(&failed);
        }
        let mut target = self.pool.get().map_err(&failed)?;
        // Rows of a picture that is upside down do not follow each other.
        let in_planes = picture.planes().is_some();
        let way = match self.way.take() {
            Some((known, as_planes, way)) if (known, as_planes) == (from, in_planes) => way,
            _ => Way::new(from, self.target, in_planes)?,
        };
        let (_, _, way) = self.way.insert((from, in_planes, way));
        way.scale(picture, &mut target)?;
        Ok(target)
    }
}

impl Way {
    fn new(from: PictureFormat, to: PictureFormat, in_planes: bool) -> Result<Self> {
        let cores = in_planes.then(|| cores(from, to)).flatten();
        Ok(match cores {
            Some(cores) => Self::Cores(Box::new(cores)),
            None => Self::Libswscale(Scaler::new(from, to).map_err(errors::engine("scaling"))?),
        })
    }

    fn scale(&mut self, picture: &Frame, target: &mut Frame) -> Result<()> {
        match self {
            Self::Cores(cores) => {
                let planes = picture.planes().zip(target.planes_mut());
                let scaled = planes.and_then(|(from, to)| {
                    let from = from.map(|(samples, pitch)| Source { samples, pitch });
                    let to = to.map(|(samples, pitch)| Target { samples, pitch });
                    cores.scale(from, to)
                });
                scaled.ok_or_else(|| {
                    Error::bug("a picture's planes are not where they were said to be")
                })
            }
            Self::Libswscale(scaler) => {
                let scaled = scaler.scale(picture, target);
                scaled.map_err(errors::engine("scaling"))
            }
        }
    }
}

/// The scaler by vectors, where it can do what is asked for.
fn cores(from: PictureFormat, to: PictureFormat) -> Option<Cores> {
    let size = (from.width, from.height);
    let resized = PictureFormat {
        width: to.width,
        height: to.height,
        ..from
    };
    if resized != to || from.format != PixelFormat::YUV420P {
        return None;
    }
    let request = Request {
        depth: Depth::Eight,
        size,
        crop: (0, 0, from.width, from.height),
        siting: match from.siting {
            Siting::Left => newsreel_scale::Siting::Left,
            Siting::Center => newsreel_scale::Siting::Center,
            Siting::TopLeft => newsreel_scale::Siting::TopLeft,
        },
        filter: Filter::Bicubic,
        rungs: vec![RungSize {
            width: to.width,
            height: to.height,
            depth: Depth::Eight,
        }],
    };
    // What is beyond its integers is not beyond libswscale's.
    Cores::new(&request).ok().flatten()
}
