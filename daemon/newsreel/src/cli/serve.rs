//! `newsreel serve`: the configuration with what the command line changes of it.

use crate::printing;
use crate::settings::Origin;
use std::path::{Path, PathBuf};

use newsreel_config::Config;
use newsreel_model::{Code, Error, Result};

#[derive(Clone, clap::Args)]
pub struct Arguments {
    /// Address and port to listen on; overrides `server.listen`.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<std::net::SocketAddr>,
    /// The daemon's own directory; overrides `storage.data_dir`.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A directory inputs may be read from, beside `storage.input_roots`; may be given several times.
    #[arg(long, value_name = "DIR")]
    input_root: Vec<PathBuf>,
}

pub fn run(arguments: Arguments, file: Option<&Path>) -> Result<()> {
    let origin = Origin::new(file, move |config| arguments.over(config));
    crate::serve::run(origin)
}

impl Arguments {
    /// What the file says, as the command line would have it.
    fn over(&self, mut config: Config) -> Result<Config> {
        if let Some(listen) = self.listen {
            config.server.listen = listen.to_string();
        }
        if let Some(dir) = &self.data_dir {
            config.storage.data_dir = dir.display().to_string();
        }
        for root in &self.input_root {
            config.storage.input_roots.push(absolute(root)?);
        }
        if config.storage.input_roots.is_empty() {
            printing::note(
                "newsreel: no input may be read yet: name directories with --input-root or in storage.input_roots",
            );
        }
        Ok(config)
    }
}

fn absolute(root: &Path) -> Result<String> {
    let path = std::fs::canonicalize(root)
        .map_err(|e| Error::new(Code::Usage, format!("--input-root {}: {e}", root.display())))?;
    Ok(path.display().to_string())
}
