//! The devices of this machine, asked in processes of their own: this binary, re-executed. Not the asking (`newsreel-gpu`).

use std::process::Command;

use newsreel_cpu::CpuEngine;
use newsreel_gpu::inventory;
use newsreel_media::engine::Engine;
use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{Codec, CpuReport, Inventory};
use newsreel_model::profile::VideoCodec;
use newsreel_model::{Code, Error, Result};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::job::programme::cores;
use crate::printing;

/// Every device of this machine.
pub fn take() -> Inventory {
    inventory::take(cpu(), inventory::LIMIT, |kind| {
        let mut command = Command::new("/proc/self/exe");
        command.args(["probe-devices", name(kind)]);
        command
    })
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
pub fn probe(kind: &str) -> Result<()> {
    let kinds = [DeviceKind::Nvidia, DeviceKind::Vaapi];
    let kind = kinds.into_iter().find(|k| name(*k) == kind);
    let kind = kind.ok_or_else(|| Error::new(Code::Usage, "there are nvidia and vaapi"))?;
    // Whoever asked may be gone before a driver answers. Where this is refused, the time limit remains.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    newsreel_gpu::probe(kind, &mut |word| {
        if let Ok(line) = serde_json::to_string(&word) {
            printing::line(&line);
        }
    });
    Ok(())
}

fn name(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Cpu => "cpu",
        DeviceKind::Nvidia => "nvidia",
        DeviceKind::Vaapi => "vaapi",
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
