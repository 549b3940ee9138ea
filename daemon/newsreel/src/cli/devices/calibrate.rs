//! `newsreel devices calibrate`: measures GPUs and keeps the result for the daemon. Not the measuring (`newsreel-gpu`).

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use newsreel_gpu::calibration::{Measurement, NO_KNOWN_CAP, capacity, vram_cost};
use newsreel_gpu::trial::Effort;
use newsreel_model::calibration::{Calibration, Rate, Work};
use newsreel_model::device::{GpuReport, Inventory};
use newsreel_model::{Code, Error, Result};
use newsreel_store::Measurements;
use serde::Serialize;

use super::super::place::Place;
use crate::{inventory, printing};

#[derive(clap::Args)]
pub struct Arguments {
    /// Only this GPU, by the name that `newsreel devices` shows.
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Milliseconds for which each rate is measured each time, 10–60000.
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    time_ms: u64,
    /// How often each rate is measured, 1–20; the median counts.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    runs: u8,
    #[command(flatten)]
    place: Place,
}

/// What became of all devices, as JSON.
#[derive(Default, Serialize)]
struct Outcome {
    measured: Vec<Calibration>,
    failed: Vec<Failed>,
}

/// A device that could not be measured.
#[derive(Serialize)]
struct Failed {
    device: String,
    code: Code,
    message: String,
}

/// Measures one GPU after the other.
///
/// # Errors
/// There is no such GPU, one could not be measured (the others were), or the store cannot be written.
pub fn run(arguments: &Arguments, config: Option<&Path>) -> Result<()> {
    let inventory = inventory::take();
    let gpus = chosen(&inventory, arguments.device.as_deref())?;
    // Before the work, not after it.
    let mut store = Measurements::open(&arguments.place.made(config)?)?;
    let effort = Effort {
        time: Duration::from_millis(arguments.time_ms),
        runs: arguments.runs.into(),
    };
    let (mut outcome, mut worst) = (Outcome::default(), None);
    for gpu in gpus {
        if !arguments.json {
            printing::note(format!("measuring {} ({})", gpu.id, gpu.name));
        }
        match inventory::calibrate(gpu, effort) {
            Ok(measured) => {
                let measured = calibration(gpu, &measured);
                store.keep(&measured)?;
                if !arguments.json {
                    printing::line(described(&measured).trim_end());
                }
                outcome.measured.push(measured);
            }
            Err(error) => {
                outcome.failed.push(Failed {
                    device: gpu.id.clone(),
                    code: error.code(),
                    message: error.message().to_owned(),
                });
                let message = format!("{} was not measured: {}", gpu.id, error.message());
                worst = Some(Error::new(error.code(), message));
            }
        }
    }
    if arguments.json {
        let text = serde_json::to_string_pretty(&outcome);
        printing::line(text.map_err(|e| Error::bug(e.to_string()))?);
    } else if !outcome.measured.is_empty() {
        printing::note(
            "kept; a daemon that runs takes it up when it is told to reload, or started again",
        );
    }
    worst.map_or(Ok(()), Err)
}

/// The GPU of this name, or all.
fn chosen<'a>(inventory: &'a Inventory, name: Option<&str>) -> Result<Vec<&'a GpuReport>> {
    let all = inventory.gpus.iter();
    if inventory.gpus.is_empty() {
        let reasons = inventory.unavailable.iter().map(|u| u.reason.as_str());
        let reasons: Vec<_> = reasons.collect();
        let message = format!("there is no GPU to be measured: {}", reasons.join("; "));
        return Err(Error::new(Code::EngineUnavailable, message));
    }
    let Some(name) = name else {
        return Ok(all.collect());
    };
    let found: Vec<_> = all.filter(|gpu| gpu.id == name).collect();
    if found.is_empty() {
        let names: Vec<_> = inventory.gpus.iter().map(|gpu| gpu.id.as_str()).collect();
        let message = format!("there is no GPU `{name}`; there is {}", names.join(", "));
        return Err(Error::new(Code::Usage, message));
    }
    Ok(found)
}

fn calibration(gpu: &GpuReport, measured: &Measurement) -> Calibration {
    let now = Timestamp::now();
    Calibration {
        device: gpu.id.clone(),
        kind: gpu.kind,
        name: gpu.name.clone(),
        driver: gpu.driver.clone(),
        capacity: capacity(measured),
        rates: measured.medians(),
        vram: vram_cost(&measured.vram),
        // Nobody needs it more exactly, and it is shown and kept in the same words.
        measured_at: now.round(Unit::Second).unwrap_or(now),
    }
}

/// A measurement for people.
pub fn described(measured: &Calibration) -> String {
    let mut out = format!(
        "  capacity, measured {:.0} with this driver\n",
        measured.measured_at
    );
    // Writing to a string cannot fail.
    for rate in &measured.rates {
        let _ = writeln!(out, "    {}", row(rate));
    }
    if let Some(vram) = measured.vram {
        let _ = writeln!(
            out,
            "    memory: {} MiB for each session of 1080p, {} MiB for each worker",
            vram.session_mib, vram.context_mib
        );
    }
    if (1..NO_KNOWN_CAP).contains(&measured.capacity.encoder_sessions) {
        let cap = measured.capacity.encoder_sessions;
        let _ = writeln!(out, "    its driver opens {cap} encoder sessions");
    }
    out
}

fn row(rate: &Rate) -> String {
    let work = match rate.work {
        Work::Decode => "decode",
        Work::DecodeAndScale => "decode and scale",
        Work::Scale => "scale",
        Work::Encode => "encode",
    };
    let codec = rate.codec.map_or("", |codec| codec.name());
    format!(
        "{work} {codec:<5} {}x{}: {} frames/s, {} Mpx/s ({} at once)",
        rate.size.width,
        rate.size.height,
        rate.frames_per_s,
        rate.kpx_s / 1000,
        rate.sessions
    )
}
