//! `newsreel config check|show|diff`. Not the configuration itself.

use crate::printing;
use std::path::{Path, PathBuf};

use newsreel_config::{Config, differences};
use newsreel_model::Result;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Say whether a file is a valid configuration, and where it is not.
    Check {
        /// The file; `--config` names it too.
        file: Option<PathBuf>,
    },
    /// Print everything in force as TOML, defaults included.
    Show,
    /// Print what would change with another file instead of the one of --config (or the defaults), and what of that a running
    /// daemon takes up only when it is started again.
    Diff {
        /// The other file.
        file: PathBuf,
    },
}

pub fn run(command: &Command, path: Option<&Path>) -> Result<()> {
    match command {
        Command::Check { file } => {
            let Some(file) = file.as_deref().or(path) else {
                printing::line("no file given: the built-in defaults are valid");
                return Ok(());
            };
            let config = Config::load(file)?;
            printing::line(format!(
                "{}: valid, {} profiles",
                file.display(),
                config.profiles.len()
            ));
            Ok(())
        }
        Command::Show => {
            printing::line(super::load(path)?.to_toml()?.trim_end());
            Ok(())
        }
        Command::Diff { file } => {
            let found = differences(&super::load(path)?, &Config::load(file)?)?;
            if found.is_empty() {
                printing::line("nothing would change");
            }
            found.iter().for_each(|d| printing::line(d.to_string()));
            Ok(())
        }
    }
}
