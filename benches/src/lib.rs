//! What the measuring tools share: a command run under GNU time with a look-out for the first playable segment, a daemon to be
//! asked, and options.
//!
//! Not here: what is compared (see `src/bin`), or any assertion: machines are noisy, only ratios within one run are shown.
#![forbid(unsafe_code)]

pub mod clips;
pub mod peers;
pub mod quality;

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The number after `name` among a command's arguments.
#[must_use]
pub fn option(arguments: &[String], name: &str, default: usize) -> usize {
    let at = arguments.iter().position(|a| a == name);
    at.and_then(|i| arguments.get(i + 1)?.parse().ok())
        .unwrap_or(default)
}

/// Every text after `name` among a command's arguments.
#[must_use]
pub fn texts(arguments: &[String], name: &str) -> Vec<String> {
    let pairs = arguments.iter().zip(arguments.iter().skip(1));
    let named = pairs.filter(|(option, _)| *option == name);
    named.map(|(_, text)| text.clone()).collect()
}

/// The cores of this machine.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "there are not so many")]
pub fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64)
}

/// Seconds of the cores that fields of `/proc/PROCESS/stat` say, counted from the one after the name; Linux counts in hundredths
/// (`getconf CLK_TCK`).
fn stat_s(process: &str, fields: [usize; 2]) -> io::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name is the only field with spaces in it, and ends with the last bracket.
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let all: Vec<&str> = rest.split(' ').collect();
    let ticks = |at: usize| all.get(at).and_then(|t| t.parse::<f64>().ok());
    let sum: Option<f64> = fields.into_iter().map(ticks).sum();
    sum.map(|ticks| ticks / 100.0)
        .ok_or_else(|| io::Error::other(format!("{stat:?} is not as it should be")))
}

/// What a process has taken of the cores, its children left out.
///
/// # Errors
/// There is no such process.
pub fn cpu_s(process: u32) -> io::Result<f64> {
    stat_s(&process.to_string(), [11, 12])
}

/// What all children of this process that were waited for have taken of the cores.
///
/// # Errors
/// The system does not say.
pub fn children_cpu_s() -> io::Result<f64> {
    stat_s("self", [13, 14])
}

/// Starts a daemon over a configuration; with it the host and port it listens on.
///
/// # Errors
/// It cannot be started, or ends before it listens.
pub fn serve(newsreel: &str, config: &Path) -> io::Result<(Child, String)> {
    let mut daemon = Command::new(newsreel)
        .args(["serve", "--config"])
        .arg(config)
        .stderr(Stdio::piped())
        .spawn()?;
    let silent = || io::Error::other("the daemon does not say where it listens");
    let lines = BufReader::new(daemon.stderr.take().ok_or_else(silent)?).lines();
    let mut lines = lines.map_while(Result::ok);
    let address = lines
        .find_map(|line| Some(line.split_once("newsreel listens on http://")?.1.to_owned()))
        .ok_or_else(silent)?;
    // What it says on is read, as a service manager would.
    std::thread::spawn(move || lines.for_each(drop));
    Ok((daemon, address))
}

/// What one execution cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Seconds of processor time, user and system.
    pub cpu_s: f64,
    /// Largest resident set in MiB.
    pub peak_mib: f64,
    /// Seconds until the first playable segment could be fetched.
    pub first_playable_s: f64,
}

/// Runs `command` and measures it; `playable` are files that must all exist for the result to be playable.
///
/// # Errors
/// GNU time is missing, or the command failed.
pub fn measure(
    program: &str,
    arguments: &[String],
    playable: &[PathBuf],
    scratch: &Path,
) -> io::Result<Cost> {
    let report = scratch.join("time.txt");
    let started = Instant::now();
    let mut child = Command::new("/usr/bin/time")
        .args(["-q", "-f", "%e %U %S %M", "-o"])
        .arg(&report)
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // Standard error is short; reading it at the end cannot block the child.
    let mut first_playable_s = f64::NAN;
    let status = loop {
        if first_playable_s.is_nan() && playable.iter().all(|p| p.exists()) {
            first_playable_s = started.elapsed().as_secs_f64();
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        let mut words = String::new();
        if let Some(mut pipe) = child.stderr.take() {
            io::Read::read_to_string(&mut pipe, &mut words)?;
        }
        return Err(io::Error::other(format!(
            "{program} {arguments:?} failed: {words}"
        )));
    }
    let text = std::fs::read_to_string(&report)?;
    let figures: Vec<f64> = text
        .split_whitespace()
        .filter_map(|w| w.parse().ok())
        .collect();
    let [wall_s, user, system, kib] = figures[..] else {
        return Err(io::Error::other(format!("GNU time wrote {text:?}")));
    };
    Ok(Cost {
        wall_s,
        cpu_s: user + system,
        peak_mib: kib / 1024.0,
        first_playable_s,
    })
}

/// The middle one of several figures.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
