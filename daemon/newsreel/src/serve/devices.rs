//! The devices the daemon has: found, measured or guessed, and corrected by what they refused. Not who gets them (the scheduler).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use newsreel_config::Devices as Settings;
use newsreel_gpu::calibration::{SessionCap, seed};
use newsreel_model::capacity::{DeviceKind, Resources};
use newsreel_model::device::{GpuReport, Inventory};
use newsreel_model::store::Calibration;
use newsreel_scheduler::{Device, DeviceId};

use crate::faults;

/// What all devices here have in common.
const MACHINE: &str = "here";

/// The name of the machine's cores.
pub const CPU: &str = "cpu";

/// Sessions after which a worker on a GPU is replaced: after 65,529 contexts and sessions of the driver's a process gets no more
/// (nvidia-patch issue 711), and one of ours opens up to sixteen.
const SESSIONS_OF_A_WORKER: usize = 4000;

/// How often a limit that was learned from a refusal is tried again: whoever held the rest may be gone.
const RELAX_EVERY: Duration = Duration::from_secs(600);

/// One device.
pub struct Known {
    /// Its name.
    pub id: DeviceId,
    /// Model name.
    pub name: String,
    /// What a probe found; none for the cores.
    pub report: Option<GpuReport>,
    /// Measured or guessed, settings applied.
    capacity: Resources,
    sessions_per_worker: usize,
    cap: SessionCap,
    /// Memory for sessions, in MiB, once some was refused.
    vram_mib: Option<u64>,
    relaxed: Instant,
}

impl Known {
    /// Its kind.
    pub fn kind(&self) -> DeviceKind {
        self.report.as_ref().map_or(DeviceKind::Cpu, |gpu| gpu.kind)
    }

    /// As the scheduler sees it now.
    pub fn device(&self) -> Device {
        let mut capacity = self.capacity;
        capacity.encoder_sessions = capacity.encoder_sessions.min(self.cap.sessions());
        capacity.vram_mib = self
            .vram_mib
            .map_or(capacity.vram_mib, |v| v.min(capacity.vram_mib));
        Device {
            id: self.id.clone(),
            kind: self.kind(),
            machine: MACHINE.into(),
            capacity,
            sessions_per_worker: self.sessions_per_worker,
            sessions_in_all: match self.kind() {
                DeviceKind::Cpu => usize::MAX,
                DeviceKind::Nvidia | DeviceKind::Vaapi => SESSIONS_OF_A_WORKER,
            },
        }
    }

    /// The driver opened no more encoder sessions while we had so many.
    pub fn refused_sessions(&mut self, open: u64) {
        self.cap.refused(u32::try_from(open).unwrap_or(u32::MAX));
        self.relaxed = Instant::now();
    }

    /// The device had no memory for more than sessions that are taken to use so many MiB.
    pub fn refused_memory(&mut self, used_mib: u64) {
        self.vram_mib = Some(self.vram_mib.map_or(used_mib, |v| v.min(used_mib)));
        self.relaxed = Instant::now();
    }

    /// Allows a little more than was refused, now and then; whether anything changed.
    pub fn relax(&mut self) -> bool {
        if self.relaxed.elapsed() < RELAX_EVERY {
            return false;
        }
        self.relaxed = Instant::now();
        let before = self.device();
        self.cap.relax();
        // An eighth more each time, until it is all again.
        let more = |v: u64| v.saturating_add(self.capacity.vram_mib / 8);
        self.vram_mib = self
            .vram_mib
            .map(more)
            .filter(|v| *v < self.capacity.vram_mib);
        self.device() != before
    }

    /// Tells a worker that is about to be started which device it is for.
    pub fn tell(&self, worker: &mut Command, kernel_cache: &Path) {
        let Some(report) = &self.report else {
            return;
        };
        worker.args(["--device", self.id.as_ref()]);
        match &report.node {
            Some(node) => worker.args(["--node", node]),
            // Where NVIDIA's driver keeps what it compiled of our kernel; elsewhere a worker may not write.
            None => worker
                .arg("--kernel-cache")
                .arg(kernel_cache)
                .env("CUDA_CACHE_PATH", kernel_cache),
        };
    }

    /// How many times the memory of a worker for one session its workers may take.
    pub fn sessions_per_worker(&self) -> usize {
        self.sessions_per_worker
    }
}

/// All of them, by name.
pub struct Devices {
    known: BTreeMap<DeviceId, Known>,
    /// Where drivers keep kernels that they compiled.
    pub kernel_cache: PathBuf,
}

impl Devices {
    /// None known yet; drivers may keep kernels in `kernel_cache`.
    pub fn new(kernel_cache: PathBuf) -> Self {
        Self {
            known: BTreeMap::new(),
            kernel_cache,
        }
    }

    /// Takes in what was found, and gives it for the scheduler.
    pub fn add(
        &mut self,
        inventory: Inventory,
        measured: &[Calibration],
        settings: &Settings,
        cores: usize,
    ) -> Vec<Device> {
        let common = of_the_machine(cores);
        let name = format!("{cores} cores");
        self.insert(CPU, name, None, common, faults::sessions_per_worker());
        for gpu in inventory.gpus {
            if settings.exclude.contains(&gpu.id) {
                tracing::info!(device = gpu.id, "left alone, as devices.exclude says");
                continue;
            }
            tracing::info!(
                device = gpu.id,
                name = gpu.name,
                driver = gpu.driver,
                "GPU found"
            );
            let (id, name) = (gpu.id.clone(), gpu.name.clone());
            let capacity = capacity(&gpu, measured, settings).plus(common);
            let sessions = settings.sessions_per_worker;
            self.insert(&id, name, Some(gpu), capacity, sessions);
        }
        for missing in inventory.unavailable {
            tracing::debug!(
                what = missing.what,
                "no GPU of this kind: {}",
                missing.reason
            );
        }
        self.known.values().map(Known::device).collect()
    }

    /// A device that has refused nothing yet.
    fn insert(
        &mut self,
        id: &str,
        name: String,
        report: Option<GpuReport>,
        capacity: Resources,
        sessions_per_worker: usize,
    ) {
        let known = Known {
            id: id.into(),
            name,
            report,
            capacity,
            sessions_per_worker,
            cap: SessionCap::default(),
            vram_mib: None,
            relaxed: Instant::now(),
        };
        self.known.insert(known.id.clone(), known);
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Known> {
        self.known.get(id)
    }

    /// One of them, to be corrected.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Known> {
        self.known.get_mut(id)
    }

    /// Whether there is any GPU.
    pub fn has_gpu(&self) -> bool {
        self.known.values().any(|known| known.report.is_some())
    }

    /// Those whose limits were relaxed just now.
    pub fn relax(&mut self) -> Vec<Device> {
        let relaxed = self.known.values_mut().filter_map(|known| {
            let changed = known.relax();
            changed.then(|| known.device())
        });
        relaxed.collect()
    }
}

/// Cores and main memory.
fn of_the_machine(cores: usize) -> Resources {
    let memory = rustix::system::sysinfo();
    let total = u64::from(memory.mem_unit).saturating_mul(memory.totalram);
    Resources {
        cpu_millicores: u64::try_from(cores).unwrap_or(1) * 1000,
        memory_mib: total >> 20,
        ..Resources::default()
    }
}

/// What a GPU can do by itself: as measured with this driver, else as guessed.
fn capacity(gpu: &GpuReport, measured: &[Calibration], settings: &Settings) -> Resources {
    let ours = |c: &&Calibration| c.device == gpu.id && c.driver == gpu.driver;
    let newest = measured.iter().filter(ours).max_by_key(|c| c.measured_at);
    let mut capacity = newest.map_or_else(|| seed(gpu), |c| c.capacity);
    (capacity.cpu_millicores, capacity.memory_mib) = (0, 0);
    if settings.max_encoder_sessions > 0 {
        capacity.encoder_sessions = capacity.encoder_sessions.min(settings.max_encoder_sessions);
    }
    capacity.vram_mib = capacity.vram_mib.saturating_sub(settings.vram_reserve_mib);
    capacity
}
