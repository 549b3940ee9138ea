//! `newsreel transcode`: one clip in this process, with progress and a clean stop on Ctrl-C.

use std::path::PathBuf;
use std::sync::Arc;

use newsreel_config::{Config, Scaler};
use newsreel_gpu::nvidia::Scaling;
use newsreel_media::text;
use newsreel_model::ports::EventSink;
use newsreel_model::spec::Fallback;
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Code, Error, Result};

use crate::job::devices::{Device, DeviceRequest};
use crate::job::programme::cores;
use crate::job::{self, Request};

use super::progress::{JsonLines, Lines};

#[derive(clap::Args)]
pub struct Arguments {
    /// The clip.
    input: PathBuf,
    /// Where the ladder goes; an interrupted job in it is resumed.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A file of subtitles that belongs to the clip (SubRip or WebVTT), with its language: `captions.srt:en`. May be given
    /// several times.
    #[arg(long, value_name = "FILE[:LANGUAGE]")]
    subtitles: Vec<String>,
    /// Which profile of the configuration to use.
    #[arg(long, default_value = "web")]
    profile: String,
    /// Print events as JSON lines instead of progress.
    #[arg(long)]
    json: bool,
    /// Throw away what an earlier job left in the directory.
    #[arg(long)]
    force: bool,
    /// Compare each rung with the source when it is made (PSNR and SSIM in report.json); takes a while longer.
    #[arg(long)]
    measure: bool,
    /// How many parts of the clip are encoded at once; overrides `cpu.runs`.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    runs: Option<u32>,
    /// Where to decode and encode: `auto` (the first NVIDIA GPU there is, else the CPU), `cpu`, `cuda:0`,
    /// `vaapi:/dev/dri/renderD128`. What a GPU does not encode is encoded on the CPU.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: Device,
    /// Where to go on when the device fails: `any` (another GPU, then the CPU), `gpu` (another GPU), `never`.
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = FallbackArgument::Any)]
    fallback: FallbackArgument,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FallbackArgument {
    Any,
    Gpu,
    Never,
}

impl From<FallbackArgument> for Fallback {
    fn from(argument: FallbackArgument) -> Self {
        match argument {
            FallbackArgument::Any => Self::Any,
            FallbackArgument::Gpu => Self::Gpu,
            FallbackArgument::Never => Self::Never,
        }
    }
}

pub fn run(arguments: &Arguments, config: &Config) -> Result<()> {
    newsreel_media::ffi::share_one_arena();
    let cancel = Cancel::default();
    let stop = cancel.clone();
    ctrlc::set_handler(move || {
        if stop.is_cancelled() {
            // Asked twice: the user does not want to wait for a clean stop.
            std::process::exit(i32::from(Code::Cancelled.exit_status()));
        }
        stop.cancel();
    })
    .map_err(|e| Error::bug(format!("cannot watch for Ctrl-C: {e}")))?;

    // A write beyond a file size limit then fails like one to a full disk, instead of killing the process.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())
        .map_err(|e| Error::bug(format!("cannot watch for SIGXFSZ: {e}")))?;

    let events: Arc<dyn EventSink> = if arguments.json {
        Arc::new(JsonLines)
    } else {
        Arc::new(Lines::new(&arguments.out))
    };
    let profile = config.profile(&arguments.profile)?;
    let request = Request {
        input: arguments.input.clone(),
        sidecars: arguments
            .subtitles
            .iter()
            .map(|named| sidecar(named))
            .collect::<Result<_>>()?,
        out: arguments.out.clone(),
        profile_name: arguments.profile.clone(),
        profile: profile.clone(),
        force: arguments.force,
        runs: arguments.runs.unwrap_or(config.cpu.runs),
        devices: DeviceRequest {
            device: arguments.device.clone(),
            fallback: arguments.fallback.into(),
            cores: cores(),
            threads_per_encoder: config.cpu.threads_per_encoder,
            scaling: match config.devices.scaler {
                Scaler::Kernel => Scaling::Kernel,
                Scaler::ScaleCuda => Scaling::ScaleCuda,
            },
        },
        limits: config.limits.clone(),
        measure: arguments.measure,
    };
    job::run(&request, &events, &cancel).map_err(|e| explain(e, arguments))
}

/// A file and the language behind its last colon, if that looks like one.
fn sidecar(named: &str) -> Result<Sidecar> {
    let is_language = |l: &str| {
        (2..=8).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let split = named.rsplit_once(':').filter(|(_, l)| is_language(l));
    let (path, language) = split.unwrap_or((named, ""));
    std::fs::File::open(path)
        .and_then(|file| text::read_sidecar(file, language))
        .map_err(|e| Error::new(Code::InputNotFound, format!("{path}: {e}")))
}

/// Adds what this command can do about an error.
fn explain(error: Error, arguments: &Arguments) -> Error {
    match error.code() {
        Code::Cancelled => Error::new(
            Code::Cancelled,
            format!(
                "stopped; finished segments are kept, run the same command again to go on ({})",
                arguments.out.display()
            ),
        ),
        _ => error,
    }
}
