//! `newsreel devices`: what this machine can decode and encode with, for people or as JSON. No daemon is asked.

mod calibrate;

use std::fmt::Write as _;
use std::path::Path;

use newsreel_model::calibration::Calibration;
use newsreel_model::device::{
    CpuReport, Format, GpuReport, Inventory, SelfTest, Side, Unavailable,
};
use newsreel_model::{Error, Result};
use newsreel_store::Measurements;
use serde::Serialize;

use super::place::Place;
use crate::{inventory, printing};

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Measure how fast GPUs decode, scale and encode, and keep it for the daemon. Jobs beside it make both slower.
    Calibrate(calibrate::Arguments),
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    cpu: &'a CpuReport,
    gpus: &'a [GpuReport],
    unavailable: &'a [Unavailable],
    /// Of GPUs whose capacity was measured with the driver they have.
    calibrations: Vec<&'a Calibration>,
}

/// Asks every driver, in processes of their own, and prints what they said.
///
/// # Errors
/// The configuration is wrong, or those of [`calibrate::run`]. A machine without any GPU is no error.
pub fn run(arguments: &Arguments, config: Option<&Path>) -> Result<()> {
    if let Some(Command::Calibrate(arguments)) = &arguments.command {
        return calibrate::run(arguments, config);
    }
    let inventory = inventory::take();
    let measured = measured(&arguments.place.store(config)?);
    let text = if arguments.json {
        let of = |gpu| Calibration::of(&measured, gpu);
        let shown = Shown {
            cpu: &inventory.cpu,
            gpus: &inventory.gpus,
            unavailable: &inventory.unavailable,
            calibrations: inventory.gpus.iter().filter_map(of).collect(),
        };
        serde_json::to_string_pretty(&shown).map_err(|e| Error::bug(e.to_string()))?
    } else {
        described(&inventory, &measured)
    };
    printing::line(text.trim_end());
    Ok(())
}

/// What the daemon's store knows; devices are shown without it where it cannot be read.
fn measured(store: &Path) -> Vec<Calibration> {
    Measurements::read(store).unwrap_or_else(|error| {
        printing::note(format!(
            "newsreel: what was measured of GPUs is not shown: {error}"
        ));
        Vec::new()
    })
}

/// The inventory for people.
fn described(inventory: &Inventory, measured: &[Calibration]) -> String {
    let mut out = String::new();
    let cpu = &inventory.cpu;
    let codecs: Vec<_> = cpu.encode.iter().map(|codec| codec.name()).collect();
    let cores = if cpu.cores == 1 { "core" } else { "cores" };
    let model = if cpu.name.is_empty() {
        String::new()
    } else {
        format!(" ({})", cpu.name)
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "cpu: {} {cores}{model}, encodes {}",
        cpu.cores,
        codecs.join(", ")
    );
    for gpu in &inventory.gpus {
        describe(&mut out, gpu);
        match Calibration::of(measured, gpu) {
            Some(measured) => out.push_str(&calibrate::described(measured)),
            None => {
                out.push_str("  capacity assumed; `newsreel devices calibrate` measures it\n");
            }
        }
    }
    if inventory.gpus.is_empty() {
        let reasons: Vec<_> = inventory
            .unavailable
            .iter()
            .map(|u| u.reason.as_str())
            .collect();
        let _ = writeln!(out, "no GPU: {}", reasons.join("; "));
    } else {
        for missing in &inventory.unavailable {
            let _ = writeln!(out, "\nnot {}: {}", missing.what, missing.reason);
        }
    }
    out
}

fn describe(out: &mut String, gpu: &GpuReport) {
    let mut parts = vec![format!("driver {}", gpu.driver)];
    parts.extend(
        gpu.compute_capability
            .as_ref()
            .map(|c| format!("compute {c}")),
    );
    parts.extend(gpu.vram_mib.map(|mib| format!("{mib} MiB")));
    parts.extend(gpu.node.clone());
    parts.extend(gpu.pci.as_ref().map(|pci| format!("PCI {pci}")));
    let _ = writeln!(out, "\n{}: {}\n  {}", gpu.id, gpu.name, parts.join(", "));
    side(out, "decode", &gpu.decode);
    side(out, "encode", &gpu.encode);
    let _ = match &gpu.scale {
        Some(SelfTest { passed: true, .. }) => writeln!(out, "  scale, self-test passed"),
        Some(SelfTest { reason, .. }) => {
            writeln!(
                out,
                "  no scale: {}",
                reason.as_deref().unwrap_or("not said")
            )
        }
        None => Ok(()),
    };
}

fn side(out: &mut String, what: &str, side: &Side) {
    let engines = match side.engines {
        Some(1) => ", 1 engine".to_owned(),
        Some(n) => format!(", {n} engines"),
        None => String::new(),
    };
    let tested = match &side.self_test {
        Some(SelfTest { passed: true, .. }) => ", self-test passed".to_owned(),
        Some(SelfTest { reason, .. }) => {
            let reason = reason.as_deref().unwrap_or("not said");
            format!(", self-test failed: {reason}")
        }
        None => String::new(),
    };
    if !side.formats.is_empty() {
        let _ = writeln!(out, "  {what}{engines}{tested}");
    }
    for format in &side.formats {
        let _ = writeln!(out, "    {}", row(format));
    }
    for (reason, what) in by_reason(&side.unavailable) {
        let _ = writeln!(out, "  no {}: {reason}", what.join(", "));
    }
}

fn row(format: &Format) -> String {
    let mut row = format!(
        "{:<6} {:>2} bit {}  {}x{} to {}x{}",
        format.codec.name(),
        format.bit_depth,
        format.chroma.name(),
        format.min.width,
        format.min.height,
        format.max.width,
        format.max.height,
    );
    if let Some(most) = format.max_b_frames {
        let _ = write!(row, ", {most} B-frames");
    }
    if format.lookahead == Some(true) {
        row.push_str(", lookahead");
    }
    if !format.profiles.is_empty() {
        let _ = write!(row, " ({})", format.profiles.join(", "));
    }
    row
}

/// What is missing for the same reason, together, in the order of first mention.
fn by_reason(unavailable: &[Unavailable]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for missing in unavailable {
        match groups
            .iter_mut()
            .find(|(reason, _)| *reason == missing.reason)
        {
            Some((_, what)) => what.push(&missing.what),
            None => groups.push((&missing.reason, vec![&missing.what])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use newsreel_model::capacity::DeviceKind;
    use newsreel_model::device::{Chroma, Codec, Size};

    use super::*;

    fn h200() -> GpuReport {
        GpuReport {
            id: "nvidia-GPU-1".to_owned(),
            kind: DeviceKind::Nvidia,
            name: "NVIDIA H200".to_owned(),
            driver: "550.54.14 (CUDA 12.4)".to_owned(),
            pci: Some("0000:0a:00.0".to_owned()),
            compute_capability: Some("9.0".to_owned()),
            node: None,
            vram_mib: Some(143_771),
            decode: Side {
                engines: Some(7),
                formats: vec![Format {
                    codec: Codec::H264,
                    chroma: Chroma::C420,
                    bit_depth: 8,
                    profiles: Vec::new(),
                    min: Size {
                        width: 48,
                        height: 16,
                    },
                    max: Size {
                        width: 4096,
                        height: 4096,
                    },
                    max_macroblocks: None,
                    max_b_frames: None,
                    lookahead: None,
                }],
                unavailable: vec![
                    Unavailable::new("h264 10 bit 4:2:0", "not there"),
                    Unavailable::new("h264 8 bit 4:2:2", "not there"),
                ],
                self_test: Some(SelfTest {
                    passed: true,
                    reason: None,
                }),
            },
            encode: Side::missing("encode", "this GPU has no encoder"),
            scale: Some(SelfTest {
                passed: true,
                reason: None,
            }),
        }
    }

    #[test]
    fn a_gpu_without_an_encoder_is_shown_as_that() {
        let inventory = Inventory {
            gpus: vec![h200()],
            ..Inventory::default()
        };
        let text = described(&inventory, &[]);
        for wanted in [
            "nvidia-GPU-1: NVIDIA H200\n  driver 550.54.14 (CUDA 12.4), compute 9.0, 143771 MiB, PCI 0000:0a:00.0\n",
            "  decode, 7 engines, self-test passed\n    h264    8 bit 4:2:0  48x16 to 4096x4096\n",
            "  no h264 10 bit 4:2:0, h264 8 bit 4:2:2: not there\n",
            "  no encode: this GPU has no encoder\n",
            "  scale, self-test passed\n",
        ] {
            assert!(text.contains(wanted), "{wanted:?} in:\n{text}");
        }
    }

    #[test]
    fn a_machine_with_no_gpu_says_so_in_one_line() {
        let inventory = Inventory {
            unavailable: vec![
                Unavailable::new("nvidia", "there is no NVIDIA GPU in this machine"),
                Unavailable::new("vaapi", "there is no render node"),
            ],
            ..Inventory::default()
        };
        let text = described(&inventory, &[]);
        let last = text.lines().last();
        let wanted = "no GPU: there is no NVIDIA GPU in this machine; there is no render node";
        assert_eq!((text.lines().count(), last), (2, Some(wanted)));
    }
}
