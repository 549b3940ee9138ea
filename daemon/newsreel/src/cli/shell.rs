//! What a package installs beside the binary: completions for shells, and manual pages. Made from the command line itself.

use std::path::PathBuf;

use clap::CommandFactory;
use newsreel_model::{Error, Result};

use crate::printing;

#[derive(clap::Args)]
pub struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

#[derive(clap::Args)]
pub struct Manual {
    /// Directory the pages are written to, one for each command.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Prints completions.
pub fn completions(arguments: &Completions) -> Result<()> {
    let mut text = Vec::new();
    let mut command = super::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "newsreel", &mut text);
    printing::line(String::from_utf8_lossy(&text).trim_end());
    Ok(())
}

/// Writes the manual.
///
/// # Errors
/// The directory cannot be written.
pub fn manual(arguments: &Manual) -> Result<()> {
    let shown = arguments.dir.display().to_string();
    std::fs::create_dir_all(&arguments.dir)
        .and_then(|()| clap_mangen::generate_to(super::Arguments::command(), &arguments.dir))
        .map_err(|e| Error::writing(&shown, &e))
}
