//! What a worker gives up before it touches a job: files, network, other programs. Not what the daemon itself may do.
//!
//! Landlock closes the file system (what a worker needs of a job comes as descriptors), seccomp closes system calls that
//! no codec needs. What this kernel cannot enforce is named, not hidden.

mod calls;
pub mod check;

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use newsreel_model::{Error, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What codecs, the C library and GPU drivers may read once the worker runs.
const READABLE: [&str; 9] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/proc/self",
    "/proc/cpuinfo",
    "/sys/devices/system",
];

/// What NVIDIA's libraries read beside that, and the devices they work through.
const NVIDIA_READABLE: [&str; 4] = [
    "/proc/driver/nvidia",
    "/proc/devices",
    "/proc/modules",
    "/sys/bus/pci/devices",
];
const NVIDIA_DEVICES: [&str; 4] = [
    "/dev/nvidiactl",
    "/dev/nvidia-uvm",
    "/dev/nvidia-uvm-tools",
    "/dev/nvidia-caps",
];
/// The most NVIDIA GPUs of a machine, by the number in their node's name.
const NVIDIA_NODES: u32 = 32;
/// What VAAPI's drivers read beside that.
const VAAPI_READABLE: [&str; 5] = [
    "/sys/dev/char",
    "/sys/class/drm",
    "/sys/bus/pci/devices",
    "/usr/share/libdrm",
    "/etc/drirc",
];

/// The GPU a worker keeps its way to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Gpu {
    /// None: the worker is for the cores.
    #[default]
    None,
    /// NVIDIA's, and the folder where its driver keeps kernels that it compiled.
    Nvidia {
        /// Made and emptied by whoever likes.
        cache: Option<PathBuf>,
    },
    /// One behind VAAPI, by its render node.
    Vaapi(PathBuf),
}

/// The newest Landlock that is made use of; an older kernel enforces what it knows.
const LANDLOCK: ABI = ABI::V6;

/// Open descriptors of a worker: its socket, and a few for each session.
const MAX_DESCRIPTORS: u64 = 1024;

/// Gives everything up that can be given up but the way to `gpu`, all memory beyond `memory_mib` included. Must come before the
/// first thread.
///
/// Returns what is not enforced here, in words.
///
/// # Errors
/// A step that this kernel supports was refused.
pub fn enter(memory_mib: u64, gpu: &Gpu) -> Result<Vec<String>> {
    let failed = |what: &str, e: String| Error::bug(format!("the sandbox ({what}): {e}"));
    limit(Resource::Core, 0).map_err(|e| failed("core dumps", e))?;
    limit(Resource::Nofile, MAX_DESCRIPTORS).map_err(|e| failed("descriptors", e))?;
    // Memory a process can write to; what libraries and inputs take of the address space does not count.
    limit(Resource::Data, memory_mib.saturating_mul(1 << 20)).map_err(|e| failed("memory", e))?;
    // Should memory run out, a worker goes and not the daemon. Where this is not allowed, the kernel chooses.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");

    let mut unenforced = Vec::new();
    match close_files(gpu).map_err(|e| failed("Landlock", e.to_string()))? {
        RulesetStatus::FullyEnforced => {}
        RulesetStatus::PartiallyEnforced => {
            unenforced.push("Landlock: this kernel knows only a part of its rules".to_owned());
        }
        RulesetStatus::NotEnforced => {
            unenforced.push("Landlock: files are not closed to workers".to_owned());
        }
    }
    if let Err(e) = calls::close() {
        unenforced.push(format!(
            "seccomp: system calls are not closed to workers ({e})"
        ));
    }
    Ok(unenforced)
}

impl Gpu {
    /// What may be read, and the devices that may be worked through.
    fn paths(&self) -> (&'static [&'static str], Vec<PathBuf>) {
        match self {
            Self::None => (&[], Vec::new()),
            Self::Nvidia { .. } => {
                let nodes = (0..NVIDIA_NODES).map(|n| PathBuf::from(format!("/dev/nvidia{n}")));
                let all = nodes.chain(NVIDIA_DEVICES.map(PathBuf::from));
                (&NVIDIA_READABLE, all.collect())
            }
            Self::Vaapi(node) => (&VAAPI_READABLE, vec![node.clone()]),
        }
    }
}

fn close_files(gpu: &Gpu) -> std::result::Result<RulesetStatus, landlock::RulesetError> {
    let read = AccessFs::from_read(LANDLOCK);
    let device = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::WriteFile | AccessFs::IoctlDev;
    let (also_readable, devices) = gpu.paths();
    let cache = match gpu {
        Gpu::Nvidia { cache } => cache.as_slice(),
        Gpu::None | Gpu::Vaapi(_) => &[],
    };
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(READABLE, read))?
        // A path that is not there is no rule.
        .add_rules(path_beneath_rules(also_readable, read))?
        .add_rules(path_beneath_rules(devices, device))?
        .add_rules(path_beneath_rules(cache, AccessFs::from_all(LANDLOCK)))?
        .restrict_self()?;
    Ok(status.ruleset)
}

/// Lowers a limit, for good.
fn limit(resource: Resource, most: u64) -> std::result::Result<(), String> {
    let now = getrlimit(resource);
    let lower = |limit: Option<u64>| Some(limit.map_or(most, |l| l.min(most)));
    let limit = Rlimit {
        current: lower(now.current),
        maximum: lower(now.maximum),
    };
    setrlimit(resource, limit).map_err(|e| e.to_string())
}
