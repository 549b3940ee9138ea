//! The configuration as typed values, with its defaults and the built-in profiles.
//!
//! Not here: which values make sense (see [`crate::validate`]). `newsreel.toml` beside this crate explains every key.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use newsreel_model::profile::Profile;
use newsreel_model::{Code, Error};
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::daemon::{Queue, Server, Storage, Worker};
use crate::devices::Devices;
use crate::error::{ConfigError, Finding};
use crate::notices::{Mail, Messages};
use crate::operation::{Prices, Retention, Traces};
use crate::remote::Remote;
use crate::translation::Translation;
use crate::uploads::Uploads;
use crate::watch::Watch;
use crate::webhooks::{Secret, Webhooks};
use crate::{locate, validate};

/// The largest configuration file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// The commented reference file: every key with its default, and the built-in profiles.
pub const REFERENCE: &str = include_str!("../newsreel.toml");

/// Everything in force. [`Config::default`] has the built-in profiles.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// The HTTP interface.
    pub server: Server,
    /// Who may do what.
    pub access: Access,
    /// Where things lie.
    pub storage: Storage,
    /// What clients may send piece by piece.
    pub uploads: Uploads,
    /// Inputs that lie elsewhere.
    pub remote: Remote,
    /// Folders in which each new file becomes a job.
    pub watch: Watch,
    /// Which job goes first.
    pub queue: Queue,
    /// What a worker process may take.
    pub worker: Worker,
    /// Which GPUs are used.
    pub devices: Devices,
    /// Telling receivers what happens.
    pub webhooks: Webhooks,
    /// Telling people by mail.
    pub mail: Mail,
    /// Telling people by chat services.
    pub messages: Messages,
    /// How long ended jobs are kept.
    pub retention: Retention,
    /// What a device's time costs.
    pub prices: Prices,
    /// Where traces go.
    pub traces: Traces,
    /// Subtitles in further languages.
    pub translation: Translation,
    /// Encoding on the machine's cores.
    pub cpu: Cpu,
    /// What a source may ask of us.
    pub limits: Limits,
    /// Named ways to encode: the built-in ones and those of the file, which replace them by name. At most 200.
    pub profiles: BTreeMap<String, Profile>,
}

/// Encoding on the machine's cores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cpu {
    /// How many runs of one job are encoded at once, 0–64; 0 is automatic.
    pub runs: u32,
    /// Threads of each encoder session, 0–64; 0 is automatic.
    pub threads_per_encoder: u32,
}

/// What a source may ask of us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most video frames of a source, 1–100,000,000.
    pub max_input_frames: u64,
    /// The longest source in seconds, 1–604,800.
    pub max_duration_s: f64,
    /// The longest jump in source time that is kept, in seconds, 0.1–3,600; a longer one is closed up.
    pub max_gap_s: f64,
    /// How many packets may be tried to find the first picture, 1–1,000,000.
    pub lead_in_packets: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_input_frames: 10_000_000,
            max_duration_s: 86_400.0,
            max_gap_s: 60.0,
            lead_in_packets: 1000,
        }
    }
}

/// What a file says, before the built-in profiles are added.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    server: Server,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    storage: Storage,
    #[serde(default)]
    uploads: Uploads,
    #[serde(default)]
    remote: Remote,
    #[serde(default)]
    watch: Watch,
    #[serde(default)]
    queue: Queue,
    #[serde(default)]
    worker: Worker,
    #[serde(default)]
    devices: Devices,
    #[serde(default)]
    webhooks: Webhooks,
    #[serde(default)]
    mail: Mail,
    #[serde(default)]
    messages: Messages,
    #[serde(default)]
    retention: Retention,
    #[serde(default)]
    prices: Prices,
    #[serde(default)]
    traces: Traces,
    #[serde(default)]
    translation: Translation,
    #[serde(default)]
    cpu: Cpu,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

impl Default for Config {
    /// What is in force without a file: the reference file's defaults and profiles.
    #[allow(
        clippy::expect_used,
        reason = "the text is part of the binary, and this crate's tests parse it"
    )]
    fn default() -> Self {
        Self::over(BTreeMap::new(), REFERENCE, "newsreel.toml")
            .expect("the reference file that is compiled in is valid")
    }
}

impl Config {
    /// Reads `text`; `file_name` is only for the error.
    ///
    /// # Errors
    /// Every wrong value, or the first thing that is no TOML or has a wrong key or type, with its place.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, ConfigError> {
        Self::over(Self::default().profiles, text, file_name)
    }

    /// Reads a file of at most [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    /// As [`Config::parse`], and when the file cannot be read or is not UTF-8.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
        std::fs::File::open(path)
            .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
            .map_err(|err| ConfigError::whole_file(&name, format!("cannot be read: {err}")))?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(too_large(&name));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text, &name),
            Err(err) => {
                let at = err.valid_up_to();
                let message = format!("byte 0x{:02x} is not UTF-8", bytes[at]);
                let text = String::from_utf8_lossy(&bytes);
                let finding = Finding::new(at..at + 1, message);
                Err(ConfigError::at(&name, &text, vec![finding]))
            }
        }
    }

    /// Everything in force, as TOML that reads back as the same value.
    ///
    /// # Errors
    /// [`Code::Internal`] for a number TOML cannot express, which no valid configuration has.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self)
            .map_err(|err| Error::bug("the configuration is no TOML").with_detail(err.to_string()))
    }

    /// The profile called `name`.
    ///
    /// # Errors
    /// [`Code::ProfileUnknown`], naming the profiles there are.
    pub fn profile(&self, name: &str) -> Result<&Profile, Error> {
        self.profiles.get(name).ok_or_else(|| {
            let known: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let message = format!(
                "there is no profile `{name}`; there is {}",
                known.join(", ")
            );
            Error::new(Code::ProfileUnknown, message)
        })
    }

    /// Every secret with its whole name, for whoever compares them: they are never written out.
    pub(crate) fn secrets(&self) -> BTreeMap<String, &Secret> {
        let mut all = BTreeMap::new();
        for (name, receiver) in &self.webhooks.endpoints {
            let key = format!("webhooks.endpoints.{name}.secret");
            all.insert(key, &receiver.secret);
        }
        for (name, store) in &self.storage.s3 {
            all.insert(format!("storage.s3.{name}.secret"), &store.secret);
        }
        all.insert("mail.password".to_owned(), &self.mail.password);
        all.insert("translation.secret".to_owned(), &self.translation.secret);
        for (name, receiver) in &self.messages.to {
            all.insert(format!("messages.to.{name}.url"), &receiver.url);
            for (header, value) in &receiver.headers {
                all.insert(format!("messages.to.{name}.headers.{header}"), value);
            }
        }
        all
    }

    fn over(
        mut profiles: BTreeMap<String, Profile>,
        text: &str,
        file_name: &str,
    ) -> Result<Self, ConfigError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(too_large(file_name));
        }
        // Some editors write a byte-order mark; it is no column of the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: File = toml::from_str(text).map_err(|err| {
            let span = err.span().unwrap_or(0..0);
            ConfigError::at(
                file_name,
                text,
                vec![Finding::new(span, err.message().to_owned())],
            )
        })?;
        profiles.extend(file.profiles);
        let config = Self {
            server: file.server,
            access: file.access,
            storage: file.storage,
            uploads: file.uploads,
            remote: file.remote,
            watch: file.watch,
            queue: file.queue,
            worker: file.worker,
            devices: file.devices,
            webhooks: file.webhooks,
            mail: file.mail,
            messages: file.messages,
            retention: file.retention,
            prices: file.prices,
            traces: file.traces,
            translation: file.translation,
            cpu: file.cpu,
            limits: file.limits,
            profiles,
        };
        let problems = validate::problems(&config);
        if problems.is_empty() {
            return Ok(config);
        }
        let findings = locate::findings(text, problems);
        Err(ConfigError::at(file_name, text, findings))
    }
}

fn too_large(file_name: &str) -> ConfigError {
    let message = format!("is larger than {MAX_FILE_BYTES} bytes, the most that is read");
    ConfigError::whole_file(file_name, message)
}
