//! How fast a device makes a ladder's pictures of one. Not whether they are right.

use std::time::Instant;

use newsreel_media::ffi::{FramePool, HwFrame, HwFrames, PixelFormat};
use newsreel_media::hardware::{Ladder, Stage, ask};
use newsreel_model::calibration::Work;
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Error, Result};

use super::pattern::Pattern;
use super::together::together;
use super::{Effort, Trial};
use crate::calibration::Measured;
use crate::engine::{Vendor, pattern};

/// A usual ladder under 1080p.
const RUNGS: [(u32, u32); 4] = [(1280, 720), (854, 480), (640, 360), (426, 240)];

/// Pictures after which the host waits for the device, as encoders make it do.
pub(super) const QUEUED: u64 = 16;

impl<V: Vendor> Trial<'_, V> {
    pub(super) fn scale_rate(
        &self,
        pattern: &Pattern,
        effort: Effort,
        doing: &mut dyn FnMut(String),
    ) -> Result<Measured> {
        doing("scaling".to_owned());
        let mut runs = Vec::new();
        for _ in 0..effort.runs {
            // All work is on one stream of the driver: more sessions would only wait for each other.
            let session = (self.ladder()?, self.uploaded(pattern, 1)?);
            let work = |(ladder, pictures): (V::Ladder, Vec<HwFrame>), until| {
                let frames = run::<V>(ladder, &pictures[0], until)?;
                Ok((frames, frames * made_of_one()))
            };
            runs.push(together(vec![session], effort.time, work)?);
        }
        Ok(Measured {
            work: Work::Scale,
            codec: None,
            size: pattern.size(),
            sessions: 1,
            runs,
        })
    }

    pub(super) fn ladder(&self) -> Result<V::Ladder> {
        let rungs = RUNGS.map(|size| pattern(VideoCodec::H264, size));
        let rungs: Vec<&RungPlan> = rungs.iter().collect();
        self.vendor.ladder(&self.device, &rungs)
    }

    /// The first pictures of the pattern in the device's memory, at least `count`.
    pub(super) fn uploaded(&self, pattern: &Pattern, count: usize) -> Result<Vec<HwFrame>> {
        let size = pattern.size();
        let spare = if V::POOL == 0 { 0 } else { V::POOL + 8 };
        let frames = ask(V::EXPLAIN, Stage::Transfer, || {
            HwFrames::new(
                &self.device,
                size.width,
                size.height,
                PixelFormat::NV12,
                spare,
            )
        })?;
        let pictures = pattern.for_devices()?;
        let up = |picture| ask(V::EXPLAIN, Stage::Transfer, || frames.upload(picture));
        pictures.iter().take(count).map(up).collect()
    }
}

/// Luma pixels of all rungs.
fn made_of_one() -> u64 {
    let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
    RUNGS.into_iter().map(pixels).sum()
}

/// Scales the picture again and again, and waits for the last; how often.
fn run<V: Vendor>(mut ladder: V::Ladder, picture: &HwFrame, until: Instant) -> Result<u64> {
    let mut frames = 0;
    loop {
        let made = ladder.scale(picture)?;
        frames += 1;
        let done = Instant::now() >= until;
        if done || frames % QUEUED == 0 {
            wait::<V>(made.last())?;
        }
        if done {
            return Ok(frames);
        }
    }
}

/// Waits for a picture by bringing it back.
pub(super) fn wait<V: Vendor>(picture: Option<&HwFrame>) -> Result<()> {
    let picture = picture.ok_or_else(|| Error::bug("a ladder without rungs"))?;
    ask(V::EXPLAIN, Stage::Transfer, || {
        let pool = FramePool::new(picture.width(), picture.height(), picture.samples_format())?;
        picture.download(&mut pool.get()?)
    })
}
