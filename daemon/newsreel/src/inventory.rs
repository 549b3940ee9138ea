//! The devices of this machine, asked in processes of their own: this binary, re-executed. Not the asking (`newsreel-gpu`).

use std::process::Command;
use std::time::Duration;

use newsreel_cpu::CpuEngine;
use newsreel_gpu::calibration::Measurement;
use newsreel_gpu::trial::{self, Effort};
use newsreel_gpu::{Word, inventory};
use newsreel_media::engine::Engine;
use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{Codec, CpuReport, GpuReport, Inventory};
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Result};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::job::programme::cores;
use crate::printing;

/// Every device of this machine.
pub fn take() -> Inventory {
    inventory::take(cpu(), inventory::LIMIT, |kind| {
        let mut command = Command::new("/proc/self/exe");
        command.args(["probe-devices", kind.name()]);
        command
    })
}

/// Asks again about one GPU, and tries it; no other is asked.
///
/// # Errors
/// Why it cannot be used, in one sentence.
pub fn take_one(gpu: &GpuReport) -> Result<GpuReport, String> {
    let mut command = Command::new("/proc/self/exe");
    command.args(["probe-devices", gpu.kind.name(), "--only", &gpu.id]);
    inventory::take_one(gpu, inventory::LIMIT, command)
}

/// The cores alone, without asking any driver.
pub fn without_gpus() -> Inventory {
    Inventory {
        cpu: cpu(),
        ..Inventory::default()
    }
}

/// What the process that [`take`] starts does: asks one kind of driver and prints each word.
///
/// # Errors
/// There is no such kind.
pub fn probe(kind: &str, only: Option<&str>) -> Result<()> {
    let kinds = [DeviceKind::Nvidia, DeviceKind::Vaapi];
    let kind = kinds.into_iter().find(|k| k.name() == kind);
    let kind = kind.ok_or_else(|| Error::new(Code::Usage, "there are nvidia and vaapi"))?;
    end_with_parent();
    newsreel_gpu::probe(kind, only, &mut say);
    Ok(())
}

/// Measures a device in a process of its own.
///
/// # Errors
/// The device's own, or the process hung or crashed.
pub fn calibrate(gpu: &GpuReport, effort: Effort) -> Result<Measurement> {
    let report = serde_json::to_string(gpu).map_err(|e| Error::bug(e.to_string()))?;
    let mut command = Command::new("/proc/self/exe");
    command.args(["calibrate-device", &report]);
    command.args([effort.time.as_millis().to_string(), effort.runs.to_string()]);
    trial::listen(command, effort.limit())
}

/// What the process that [`calibrate`] starts does.
///
/// # Errors
/// The report is none.
pub fn calibrated(report: &str, time_ms: u64, runs: usize) -> Result<()> {
    let gpu: GpuReport = serde_json::from_str(report)
        .map_err(|e| Error::new(Code::Usage, format!("what was found of a device: {e}")))?;
    end_with_parent();
    let time = Duration::from_millis(time_ms);
    trial::calibrate(&gpu, Effort { time, runs }, &mut say);
    Ok(())
}

/// Whoever asked may be gone before a driver answers. Where this is refused, the time limit remains.
fn end_with_parent() {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

fn say(word: Word) {
    if let Ok(line) = serde_json::to_string(&word) {
        printing::line(&line);
    }
}

fn cpu() -> CpuReport {
    let cores = cores();
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let engine = CpuEngine::new(cores, 0);
    let codec = |codec| match codec {
        VideoCodec::H264 => Codec::H264,
        VideoCodec::Hevc => Codec::Hevc,
        VideoCodec::Av1 => Codec::Av1,
    };
    CpuReport {
        name: model.map_or_else(String::new, |m| {
            m.trim_start_matches([' ', '\t', ':']).to_owned()
        }),
        cores: u32::try_from(cores).unwrap_or(u32::MAX),
        encode: engine
            .capabilities()
            .encode
            .into_iter()
            .map(codec)
            .collect(),
    }
}
