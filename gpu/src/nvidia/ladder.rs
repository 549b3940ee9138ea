//! The lanes' scaler on NVIDIA's GPUs: our kernel, which reads a decoded picture once and makes every rung's in one launch; or
//! libavfilter's, where that is asked for or the kernel cannot do it.
//!
//! Not here: the launch (`super::scale`), or the arithmetic (`newsreel-scale`).

use std::sync::Arc;

use newsreel_media::ffi::{HwDevice, HwDeviceId, HwFrame, HwFrames, PixelFormat};
use newsreel_media::hardware::{FilterLadder, Ladder, Stage, ask};
use newsreel_model::plan::RungPlan;
use newsreel_model::{Code, Error, Result};
use newsreel_scale::{Depth, Filter, Request, RungSize, Siting};

use super::errors::explain;
use super::options;
use super::scale::Scaler;
use super::sys::{Context, Driver, Picture, Stream};

/// What scales.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// Our kernel, and libavfilter's where that cannot be.
    #[default]
    Kernel,
    /// libavfilter's `scale_cuda`, once for each rung.
    ScaleCuda,
}

/// Makes every rung's picture of one.
pub struct NvidiaLadder {
    kernel: Option<KernelLadder>,
    filters: FilterLadder,
}

impl NvidiaLadder {
    /// For these rungs. Nothing is made on the device before the first picture.
    pub fn new(device: &Arc<HwDevice>, rungs: &[&RungPlan], scaling: Scaling) -> Self {
        let filters = rungs.iter().map(|rung| options::scale(rung)).collect();
        let wanted = scaling == Scaling::Kernel;
        Self {
            kernel: wanted.then(|| KernelLadder::new(device, rungs)).flatten(),
            filters: FilterLadder::new(filters, 0, explain),
        }
    }
}

impl Ladder for NvidiaLadder {
    fn scale(&mut self, picture: &HwFrame) -> Result<Vec<HwFrame>> {
        let Some(kernel) = &mut self.kernel else {
            return self.filters.scale(picture);
        };
        match kernel.scale(picture) {
            // Nothing is wrong with the device: the kernel does not do these sizes.
            Err(error) if error.code() == Code::EngineUnavailable => {
                tracing::info!(%error, detail = error.detail(), "scaling with scale_cuda");
                self.kernel = None;
                self.filters.scale(picture)
            }
            scaled => scaled,
        }
    }
}

/// The kernel with what it needs.
struct KernelLadder {
    context: Context,
    device: Arc<HwDevice>,
    rungs: Vec<RungSize>,
    /// For pictures of one kind; another kind in mid-stream needs another.
    made: Option<Made>,
}

struct Made {
    scaler: Scaler,
    pools: Vec<HwFrames>,
}

impl KernelLadder {
    /// None where libav's context and stream are not those we can work in beside it: the device's primary one, and its default stream.
    fn new(device: &Arc<HwDevice>, rungs: &[&RungPlan]) -> Option<Self> {
        let HwDeviceId::Cuda(number) = device.id() else {
            return None;
        };
        let handles = device.cuda().filter(|cuda| cuda.stream.is_null())?;
        let devices = Driver::get().ok()?.devices().ok()?;
        let ours = devices.into_iter().nth(usize::try_from(*number).ok()?)?;
        let context = Context::primary(ours).ok()?;
        let size = |rung: &&RungPlan| RungSize {
            width: rung.width,
            height: rung.height,
            depth: Depth::Eight,
        };
        (context.raw() == handles.context).then(|| Self {
            context,
            device: Arc::clone(device),
            rungs: rungs.iter().map(size).collect(),
            made: None,
        })
    }

    fn scale(&mut self, picture: &HwFrame) -> Result<Vec<HwFrame>> {
        let request = self.request(picture);
        let made = match self.made.take() {
            Some(made) if *made.scaler.request() == request => made,
            _ => self.make(request)?,
        };
        let made = self.made.insert(made);
        let get = |pool: &HwFrames| ask(explain, Stage::Scale, || pool.get());
        let mut scaled = made.pools.iter().map(get).collect::<Result<Vec<_>>>()?;
        let place = |frame: &HwFrame| Picture::of_libav(&self.context, frame);
        let targets = scaled.iter().map(place).collect::<Option<Vec<_>>>();
        let (Some(source), Some(targets)) = (place(picture), targets) else {
            return Err(Error::bug("a picture on the device is not in its memory"));
        };
        let targets: Vec<&Picture> = targets.iter().collect();
        made.scaler.scale(Stream::DEFAULT, &source, &targets)?;
        for frame in &mut scaled {
            ask(explain, Stage::Scale, || frame.take_properties(picture))?;
        }
        Ok(scaled)
    }

    fn request(&self, picture: &HwFrame) -> Request {
        let size = (picture.width(), picture.height());
        let ten = picture.samples_format() == PixelFormat::P010;
        Request {
            depth: if ten { Depth::Ten } else { Depth::Eight },
            size,
            crop: (0, 0, size.0, size.1),
            siting: siting(picture.chroma_location()),
            filter: Filter::Bicubic,
            rungs: self.rungs.clone(),
        }
    }

    fn make(&self, request: Request) -> Result<Made> {
        let pool = |rung: &RungSize| {
            let (width, height) = (rung.width, rung.height);
            ask(explain, Stage::Scale, || {
                HwFrames::new(&self.device, width, height, PixelFormat::NV12, 0)
            })
        };
        Ok(Made {
            pools: self.rungs.iter().map(pool).collect::<Result<_>>()?,
            scaler: Scaler::new(&self.context, request)?,
        })
    }
}

/// As libav numbers it, which is ISO/IEC 23091-2 plus one; 0 where nothing is said.
fn siting(location: i32) -> Siting {
    match location {
        2 => Siting::Center,
        3 => Siting::TopLeft,
        _ => Siting::Left,
    }
}
