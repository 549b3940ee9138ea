//! Where the daemon's store is, for commands that look into it beside the daemon. Not the looking.

use std::path::{Path, PathBuf};

use newsreel_model::{Error, Result};

use super::load;

/// Where the daemon's store is.
#[derive(clap::Args)]
pub struct Place {
    /// The daemon's directory, if not the configuration's.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Place {
    /// The store's file, which may not be there yet.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub fn store(&self, config: Option<&Path>) -> Result<PathBuf> {
        let dir = match &self.data_dir {
            Some(dir) => dir.clone(),
            None => PathBuf::from(load(config)?.storage.data_dir),
        };
        Ok(dir.join("store.db"))
    }

    /// The same, in a directory that is made where it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn made(&self, config: Option<&Path>) -> Result<PathBuf> {
        let store = self.store(config)?;
        if let Some(dir) = store.parent() {
            let failed = |e| Error::writing(&dir.display().to_string(), &e);
            std::fs::create_dir_all(dir).map_err(failed)?;
        }
        Ok(store)
    }
}
