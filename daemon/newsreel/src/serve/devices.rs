//! The devices the daemon has: found, measured or guessed, and corrected by what they refused. Not who gets them (the scheduler).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use newsreel_config::{Devices as Settings, Scaler};
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

/// What the settings take away of a GPU.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Limits {
    /// 0 for no limit.
    encoder_sessions: u64,
    vram_reserve_mib: u64,
}

impl Limits {
    fn of(settings: &Settings) -> Self {
        Self {
            encoder_sessions: settings.max_encoder_sessions,
            vram_reserve_mib: settings.vram_reserve_mib,
        }
    }
}

/// One device.
pub struct Known {
    /// Its name.
    pub id: DeviceId,
    /// Model name.
    pub name: String,
    /// What a probe found; none for the cores.
    pub report: Option<GpuReport>,
    /// When its capacity was measured with the driver it has; guessed without.
    pub measured_at: Option<Timestamp>,
    /// What it has by itself, measured or guessed.
    own: Resources,
    /// What it has in common with the machine's other devices.
    common: Resources,
    limits: Limits,
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

    /// What it can do as far as the settings allow.
    fn capacity(&self) -> Resources {
        let mut own = self.own;
        if self.limits.encoder_sessions > 0 {
            own.encoder_sessions = own.encoder_sessions.min(self.limits.encoder_sessions);
        }
        own.vram_mib = own.vram_mib.saturating_sub(self.limits.vram_reserve_mib);
        own.plus(self.common)
    }

    /// As the scheduler sees it now.
    pub fn device(&self) -> Device {
        let mut capacity = self.capacity();
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

    /// So many encoder sessions are open at this moment; whether that is more than was thought possible.
    pub fn held_sessions(&mut self, open: u64) -> bool {
        let before = self.cap.sessions();
        self.cap.opened(u32::try_from(open).unwrap_or(u32::MAX));
        self.cap.sessions() != before
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
        let all = self.capacity().vram_mib;
        let more = |v: u64| v.saturating_add(all / 8);
        self.vram_mib = self.vram_mib.map(more).filter(|v| *v < all);
        self.device() != before
    }

    /// Tells a worker that is about to be started which device it is for.
    pub fn tell(&self, worker: &mut Command, kernel_cache: &Path, settings: &Settings) {
        let Some(report) = &self.report else {
            return;
        };
        worker.args(["--device", self.id.as_ref()]);
        if settings.scaler == Scaler::ScaleCuda {
            worker.arg("--scale-cuda");
        }
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
            if let Some(reason) = gpu.failure() {
                tracing::warn!(device = gpu.id, "self-test failed: {reason}");
            }
            let (id, name) = (gpu.id.clone(), gpu.name.clone());
            let sessions = settings.sessions_per_worker;
            self.insert(&id, name, Some(gpu), common, sessions);
        }
        for missing in inventory.unavailable {
            tracing::debug!(
                what = missing.what,
                "no GPU of this kind: {}",
                missing.reason
            );
        }
        self.assess(measured, settings);
        self.known.values().map(Known::device).collect()
    }

    /// Takes up what was measured and what the settings allow; gives the devices of which anything changed.
    pub fn assess(&mut self, measured: &[Calibration], settings: &Settings) -> Vec<Device> {
        let gpus = self.known.values_mut().filter_map(|known| {
            let gpu = known.report.as_ref()?;
            let before = known.device();
            let measured = Calibration::of(measured, gpu);
            known.own = measured.map_or_else(|| seed(gpu), |c| c.capacity);
            known.measured_at = measured.map(|c| c.measured_at);
            known.limits = Limits::of(settings);
            let now = known.device();
            (now != before).then_some(now)
        });
        gpus.collect()
    }

    /// A device that has refused nothing yet.
    fn insert(
        &mut self,
        id: &str,
        name: String,
        report: Option<GpuReport>,
        common: Resources,
        sessions_per_worker: usize,
    ) {
        let known = Known {
            id: id.into(),
            name,
            report,
            own: Resources::default(),
            common,
            limits: Limits::default(),
            sessions_per_worker,
            cap: SessionCap::default(),
            measured_at: None,
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
