//! The device a worker is for: the cores, or one GPU that is opened with the first session and shared by all of them.
//!
//! Not here: which device that is (the daemon), or what its lanes are made of (the engines).

use std::path::PathBuf;
use std::sync::Arc;

use newsreel_cpu::CpuEngine;
use newsreel_gpu::nvidia::{self, Nvidia, Scaling};
use newsreel_gpu::vaapi::Vaapi;
use newsreel_gpu::{GpuEngine, Refuge, Vendor};
use newsreel_media::engine::Engine;
use newsreel_media::ffi::HwDeviceId;
use newsreel_model::Result;
use parking_lot::Mutex;

use crate::job::devices::Devices;
use crate::sandbox;

/// What the command line says of it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// The device's name; the cores without it.
    #[arg(long)]
    device: Option<String>,
    /// Its render node, where it has one.
    #[arg(long)]
    node: Option<PathBuf>,
    /// Let FFmpeg's filter scale on an NVIDIA GPU.
    #[arg(long)]
    scale_cuda: bool,
    /// Where its driver keeps kernels that it compiled.
    #[arg(long)]
    kernel_cache: Option<PathBuf>,
}

impl Arguments {
    /// The way to the GPU that the sandbox leaves open.
    pub fn gpu(&self) -> sandbox::Gpu {
        match (&self.device, &self.node) {
            (None, _) => sandbox::Gpu::None,
            (Some(_), Some(node)) => sandbox::Gpu::Vaapi(node.clone()),
            (Some(_), None) => sandbox::Gpu::Nvidia {
                cache: self.kernel_cache.clone(),
            },
        }
    }
}

/// The worker's device.
pub struct WorkerDevice {
    arguments: Arguments,
    gpu: Mutex<Option<Result<Arc<Gpu>>>>,
}

enum Gpu {
    Nvidia(GpuEngine<Nvidia>),
    Vaapi(GpuEngine<Vaapi>),
}

impl WorkerDevice {
    /// As the command line says; not opened yet.
    pub fn new(arguments: Arguments) -> Self {
        Self {
            arguments,
            gpu: Mutex::default(),
        }
    }

    /// The device for one session, that may use so many cores. With `spill`, a rung for which the GPU has no encoder session
    /// goes to the cores.
    ///
    /// # Errors
    /// The GPU cannot be used.
    pub fn devices(&self, cores: usize, threads_per_encoder: u32, spill: bool) -> Result<Devices> {
        let cpu = Arc::new(CpuEngine::new(cores, threads_per_encoder));
        let Some(name) = &self.arguments.device else {
            return Ok(Devices::assigned("cpu", vec![Box::new(cpu)]));
        };
        let refuge = if spill { Refuge::Host } else { Refuge::None };
        // A GPU that could not be opened is not tried again in this process.
        let opened = {
            let mut gpu = self.gpu.lock();
            let open = || self.open(name, &cpu).map(Arc::new);
            gpu.get_or_insert_with(open).clone()?
        };
        let lanes = match opened.as_ref() {
            Gpu::Nvidia(engine) => lanes(engine, &cpu, refuge),
            Gpu::Vaapi(engine) => lanes(engine, &cpu, refuge),
        };
        Ok(Devices::assigned(name, lanes))
    }

    /// Gives the GPU back to its driver, unless sessions still use it.
    pub fn close(&self) {
        self.gpu.lock().take();
    }

    fn open(&self, name: &str, cpu: &Arc<CpuEngine>) -> Result<Gpu> {
        let host = cpu.clone();
        if let Some(node) = &self.arguments.node {
            let id = HwDeviceId::Vaapi(node.display().to_string());
            let engine = GpuEngine::open(&id, Vaapi, host, Refuge::None)?;
            return Ok(Gpu::Vaapi(engine.named(name)));
        }
        let id = HwDeviceId::Cuda(nvidia::ordinal(nvidia::uuid(name)?)?);
        let scaling = match self.arguments.scale_cuda {
            true => Scaling::ScaleCuda,
            false => Scaling::Kernel,
        };
        let engine = GpuEngine::open(&id, Nvidia { scaling }, host, Refuge::None)?;
        Ok(Gpu::Nvidia(engine.named(name)))
    }
}

/// The lanes over an opened GPU, the best first.
fn lanes<V: Vendor>(
    engine: &GpuEngine<V>,
    cpu: &Arc<CpuEngine>,
    refuge: Refuge,
) -> Vec<Box<dyn Engine>> {
    let engine = engine.beside(cpu.clone(), refuge);
    let mut lanes: Vec<Box<dyn Engine>> = Vec::new();
    if engine.has_encoder() {
        lanes.push(Box::new(engine.decoding_on_host()));
    }
    lanes.insert(0, Box::new(engine));
    lanes
}
