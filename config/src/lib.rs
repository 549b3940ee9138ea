//! The configuration: typed TOML with defaults, validation and errors that point at the place in the file.
//!
//! Not here: command-line flags, watching the file, taking a change up, or what a profile means for a given source (`newsreel-media`).

mod access;
mod change;
mod config;
mod daemon;
mod devices;
mod error;
mod locate;
mod notices;
mod operation;
mod remote;
mod s3;
mod template;
mod translation;
mod uploads;
mod validate;
mod watch;
mod webhooks;

pub use access::{Access, Jwt, RequireKeys};
pub use change::{Difference, differences};
pub use config::{Config, Cpu, Limits, MAX_FILE_BYTES, REFERENCE};
pub use daemon::{Queue, Server, Storage, Worker};
pub use devices::{Devices, Scaler};
pub use error::ConfigError;
pub use notices::{Chat, Mail, Mailbox, Messages, Security};
pub use operation::{Prices, Retention, Traces};
pub use remote::Remote;
pub use s3::S3Store;
pub use template::fill_in;
pub use translation::Translation;
pub use uploads::Uploads;
pub use watch::{Watch, WatchedFolder};
pub use webhooks::{Endpoint, Network, Secret, Webhooks};
