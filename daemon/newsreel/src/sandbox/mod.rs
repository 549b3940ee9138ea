//! What a worker gives up before it touches a job: files, network, other programs. Not what the daemon itself may do.
//!
//! Landlock closes the file system (what a worker needs of a job comes as descriptors), seccomp closes system calls that
//! no codec needs. What this kernel cannot enforce is named, not hidden.

mod calls;
pub mod check;

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

/// The newest Landlock that is made use of; an older kernel enforces what it knows.
const LANDLOCK: ABI = ABI::V6;

/// Open descriptors of a worker: its socket, and a few for each session.
const MAX_DESCRIPTORS: u64 = 1024;

/// Gives everything up that can be given up, all memory beyond `memory_mib` included. Must come before the first thread.
///
/// Returns what is not enforced here, in words.
///
/// # Errors
/// A step that this kernel supports was refused.
pub fn enter(memory_mib: u64) -> Result<Vec<String>> {
    let failed = |what: &str, e: String| Error::bug(format!("the sandbox ({what}): {e}"));
    limit(Resource::Core, 0).map_err(|e| failed("core dumps", e))?;
    limit(Resource::Nofile, MAX_DESCRIPTORS).map_err(|e| failed("descriptors", e))?;
    // Memory a process can write to; what libraries and inputs take of the address space does not count.
    limit(Resource::Data, memory_mib.saturating_mul(1 << 20)).map_err(|e| failed("memory", e))?;
    // Should memory run out, a worker goes and not the daemon. Where this is not allowed, the kernel chooses.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");

    let mut unenforced = Vec::new();
    match close_files().map_err(|e| failed("Landlock", e.to_string()))? {
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

fn close_files() -> std::result::Result<RulesetStatus, landlock::RulesetError> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(READABLE, AccessFs::from_read(LANDLOCK)))?
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
