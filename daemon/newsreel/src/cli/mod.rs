//! The command line: what can be asked, and which file answers it.

mod client;
mod config;
pub mod devices;
mod key;
mod place;
mod probe;
mod progress;
mod serve;
mod shell;
mod transcode;
mod verify;
mod worker;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use newsreel_config::Config;
use newsreel_model::Result;

/// A newsroom's transcoder: one clip in, a playable ladder out.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Arguments {
    /// Configuration file; without it the built-in defaults are in force.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How the log is written to standard error; `NEWSREEL_LOG` says how much of it.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        env = LOG_FORMAT,
        default_value = "text"
    )]
    pub log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

/// The environment variable that says how the log is written, also to workers.
pub const LOG_FORMAT: &str = "NEWSREEL_LOG_FORMAT";

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Make a whole adaptive ladder from one clip, in this process.
    Transcode(transcode::Arguments),
    /// Show what an input holds and what would be encoded.
    Probe(probe::Arguments),
    /// Check a finished output directory against what its job promised.
    Verify(verify::Arguments),
    /// Show what this machine can decode and encode with, and why not with the rest.
    Devices(devices::Arguments),
    /// Check a configuration file, show everything that is in force, or what another file would change.
    #[command(subcommand)]
    Config(config::Command),
    /// Keys that clients show to the daemon. Runs where the daemon runs, whether it does or not.
    #[command(subcommand)]
    Key(key::Command),
    /// Run the daemon: many jobs, for days, steered over HTTP.
    Serve(serve::Arguments),
    /// Hand a clip to a running daemon.
    Submit(client::submit::Arguments),
    /// List the jobs of a running daemon.
    Jobs(client::jobs::Arguments),
    /// Show one job.
    Job(client::job::Arguments),
    /// Print what happens, as it happens.
    Events(client::events::Arguments),
    /// Receivers of webhooks: how it stands with them, and what their deliveries are signed with.
    #[command(subcommand)]
    Webhooks(client::webhooks::Command),
    /// Stop a job; what it published stays.
    Cancel(client::job::Arguments),
    /// Print completions for a shell.
    Completions(shell::Completions),
    /// Write the manual pages of all commands.
    #[command(hide = true)]
    Manual(shell::Manual),
    /// What is started to ask drivers, which may hang or crash.
    #[command(hide = true)]
    ProbeDevices {
        /// nvidia or vaapi
        kind: String,
        /// Only the GPU of this name.
        #[arg(long)]
        only: Option<String>,
    },
    /// What is started to measure a device, which may hang or crash.
    #[command(hide = true)]
    CalibrateDevice {
        /// What was found of the device, as JSON.
        report: String,
        /// Milliseconds for each rate, each time.
        time_ms: u64,
        /// How often.
        runs: usize,
    },
    /// What the daemon starts for itself to decode and encode in.
    #[command(hide = true)]
    Worker {
        /// Memory it may take.
        #[arg(long, default_value_t = 4096)]
        memory_mib: u64,
        /// How far it stands back when the cores are busy, as `nice` counts.
        #[arg(long, default_value_t = 0)]
        nice: u8,
        #[command(flatten)]
        device: crate::worker::device::Arguments,
        /// Try what a worker must not be able to do, and print how it went.
        #[arg(long)]
        check: bool,
    },
}

impl Arguments {
    /// What is logged when `NEWSREEL_LOG` says nothing: a daemon is read by its log, a command by its messages.
    pub fn log_level(&self) -> &'static str {
        match self.command {
            Command::Serve(_) => "warn,newsreel=info",
            _ => "off",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Whatever went wrong; its code decides the exit status.
pub fn run(arguments: Arguments) -> Result<()> {
    let path = arguments.config.as_deref();
    match arguments.command {
        Command::Transcode(a) => transcode::run(&a, &load(path)?),
        Command::Probe(a) => probe::run(&a),
        Command::Verify(a) => verify::run(&a),
        Command::Config(c) => config::run(&c, path),
        Command::Devices(a) => devices::run(&a, path),
        Command::ProbeDevices { kind, only } => crate::inventory::probe(&kind, only.as_deref()),
        Command::CalibrateDevice {
            report,
            time_ms,
            runs,
        } => crate::inventory::calibrated(&report, time_ms, runs),
        Command::Key(c) => key::run(&c, path),
        Command::Serve(a) => serve::run(a, path),
        Command::Completions(a) => shell::completions(&a),
        Command::Manual(a) => shell::manual(&a),
        Command::Submit(a) => client::submit::run(&a),
        Command::Jobs(a) => client::jobs::run(&a),
        Command::Job(a) => client::job::show(&a),
        Command::Events(a) => client::events::run(&a),
        Command::Webhooks(c) => client::webhooks::run(&c, path),
        Command::Cancel(a) => client::job::cancel(&a),
        Command::Worker {
            memory_mib,
            check: true,
            ..
        } => worker::check(memory_mib),
        Command::Worker {
            memory_mib,
            nice,
            device,
            ..
        } => crate::worker::run(memory_mib, nice, device),
    }
}

fn load(path: Option<&Path>) -> Result<Config> {
    Ok(path.map(Config::load).transpose()?.unwrap_or_default())
}
