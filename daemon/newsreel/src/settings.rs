//! The configuration in force, where it comes from, and how another one takes its place. Not here: when that is looked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use newsreel_config::{Config, Difference, differences};
use newsreel_model::control::ConfigView;
use newsreel_model::{Error, Result};
use parking_lot::RwLock;

/// What the command line changes of what a file says.
type Overrides = Box<dyn Fn(Config) -> Result<Config> + Send + Sync>;

/// Where a configuration comes from.
pub struct Origin {
    file: Option<PathBuf>,
    overrides: Overrides,
}

impl Origin {
    /// From a file, or from the defaults; `overrides` is done to it each time it is read.
    pub fn new(
        file: Option<&Path>,
        overrides: impl Fn(Config) -> Result<Config> + Send + Sync + 'static,
    ) -> Self {
        Self {
            file: file.map(Path::to_owned),
            overrides: Box::new(overrides),
        }
    }

    /// The file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with the file, with its place, or with what the command line says.
    pub fn read(&self) -> Result<Config> {
        let config = self.file.as_deref().map(Config::load).transpose()?;
        (self.overrides)(config.unwrap_or_default())
    }
}

/// The configuration in force, for whoever is to see it change.
pub struct Settings {
    origin: Origin,
    now: RwLock<Now>,
}

struct Now {
    config: Arc<Config>,
    since: Timestamp,
    needs_restart: Vec<String>,
    refused: Option<String>,
}

impl Settings {
    /// Reads the configuration to begin with.
    ///
    /// # Errors
    /// As [`Origin::read`].
    pub fn new(origin: Origin) -> Result<Self> {
        let now = Now {
            config: Arc::new(origin.read()?),
            since: Timestamp::now(),
            needs_restart: Vec::new(),
            refused: None,
        };
        Ok(Self {
            origin,
            now: RwLock::new(now),
        })
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What counts at this moment.
    pub fn in_force(&self) -> Arc<Config> {
        Arc::clone(&self.now.read().config)
    }

    /// Takes up what a running daemon can of `config`; says what differs, also what cannot be taken up yet.
    ///
    /// # Errors
    /// None that is expected.
    pub fn replace(&self, config: Config) -> Result<Vec<Difference>> {
        let mut now = self.now.write();
        let found = differences(&now.config, &config)?;
        let restart = found.iter().filter(|d| d.needs_restart);
        now.needs_restart = restart.map(|d| d.key.clone()).collect();
        now.refused = None;
        if found.iter().any(|d| !d.needs_restart) {
            now.config = Arc::new(config.with_started(&now.config));
            now.since = Timestamp::now();
        }
        Ok(found)
    }

    /// Remembers why the file as it is now does not count.
    pub fn refuse(&self, error: &Error) {
        self.now.write().refused = Some(error.message().to_owned());
    }

    /// How it stands, for clients.
    ///
    /// # Errors
    /// None that is expected.
    pub fn view(&self) -> Result<ConfigView> {
        let now = self.now.read();
        let shown = serde_json::to_value(now.config.as_ref());
        let in_force = match shown.map_err(|e| Error::bug(e.to_string()))? {
            serde_json::Value::Object(sections) => sections,
            _ => return Err(Error::bug("the configuration has no sections")),
        };
        Ok(ConfigView {
            file: self.origin.file().map(|file| file.display().to_string()),
            since: now.since,
            in_force,
            needs_restart: now.needs_restart.clone(),
            refused: now.refused.clone(),
        })
    }
}
