//! Other processes, by what the kernel says of them. Not the daemon (`daemon.rs`).

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::process::{HANG_S, run};

/// Sends a signal by its name.
#[track_caller]
pub fn signal(pid: u32, name: &str) {
    // Gone already is as good.
    run(Command::new("kill").args(["-s", name, &pid.to_string()]));
}

/// State and parent of a process, while there is one.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

/// Whether there is such a process, and it is more than an entry that nobody has asked about yet.
pub fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !"ZX".contains(state))
}

/// Whether it stands still by a signal.
#[cfg(feature = "faults")]
pub fn stands(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'T')
}

/// How far a process stands back, as `nice` counts: the 19th field of its state.
pub fn niceness(pid: u32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1;
    fields.split(' ').nth(16).unwrap().parse().unwrap()
}

/// Every child of `parent`, zombies included.
pub fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|e| e.file_name().to_str()?.parse().ok());
    let mut found: Vec<u32> = pids
        .filter(|pid| stat(*pid).is_some_and(|(_, its)| its == parent))
        .collect();
    found.sort_unstable();
    found
}

/// Whether it is `newsreel worker`.
pub fn is_worker(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line.split(|b| *b == 0).skip(1);
    words.next() == Some(b"worker") && words.next() == Some(b"--memory-mib")
}

/// Open descriptors: what each points at, in order.
pub fn descriptors(pid: u32) -> Vec<String> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .flatten();
    let targets = entries.filter_map(|e| std::fs::read_link(e.path()).ok());
    let mut found: Vec<String> = targets.map(|t: PathBuf| t.display().to_string()).collect();
    found.sort();
    found
}

/// Resident memory in KiB.
pub fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Polls until `ready`; what never gets there fails the test.
#[track_caller]
pub fn until(what: &str, mut ready: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(HANG_S);
    while !ready() {
        assert!(Instant::now() < until, "never came to this: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}
