//! The `newsreel` command: reads the command line, runs one command, turns its error into an exit status.
#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod access;
mod cli;
mod faults;
mod fetch;
mod inventory;
mod job;
mod outgoing;
mod printing;
mod sandbox;
mod secrets;
mod serve;
mod settings;
mod source;
mod storage;
mod telemetry;
mod threads;
mod uploads;
mod webhooks;
mod worker;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    newsreel_media::ffi::keep_memory_small();
    newsreel_media::ffi::quiet();
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(help) => {
            let usage = newsreel_model::Code::Usage.exit_status();
            let status = if help.use_stderr() { usage } else { 0 };
            // Nothing sensible is left to do when even help cannot be printed.
            let _ = help.print();
            return ExitCode::from(status);
        }
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("NEWSREEL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(arguments.log_level()));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Told of a broken standard error, it would print to it, and that panics.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match arguments.log_format {
        cli::LogFormat::Text => log.init(),
        cli::LogFormat::Json => {
            printing::notes_as_json();
            log.json().flatten_event(true).init();
        }
    }
    match cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printing::note(format!("newsreel: {error}"));
            if let Some(detail) = error.detail() {
                tracing::error!(code = error.code().name(), detail, "{}", error.message());
            }
            ExitCode::from(error.code().exit_status())
        }
    }
}
