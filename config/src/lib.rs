//! The configuration: typed TOML with defaults, validation and errors that point at the place in the file.
//!
//! Not here: command-line flags, watching the file, or what a profile means for a given source (`newsreel-media`).

mod access;
mod config;
mod daemon;
mod devices;
mod error;
mod locate;
mod validate;
mod webhooks;

pub use access::{Access, Jwt, RequireKeys};
pub use config::{Config, Cpu, Limits, MAX_FILE_BYTES, REFERENCE};
pub use daemon::{Queue, Server, Storage, Worker};
pub use devices::Devices;
pub use error::ConfigError;
pub use webhooks::{Endpoint, Network, Secret, Webhooks};
