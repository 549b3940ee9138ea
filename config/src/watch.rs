//! The settings of watched folders: which there are, and what becomes of a file in one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Folders in which each new file becomes a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Seconds for which a file must not have changed before it is taken, 1–3,600.
    pub settle_s: u32,
    /// The folders by name, 1–64 characters of a–z, 0–9, `-` and `_`.
    pub folders: BTreeMap<String, WatchedFolder>,
}

/// One folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchedFolder {
    /// Where it is: a path below an input root, or `s3://BUCKET/PREFIX` that a store of the configuration has.
    pub directory: String,
    /// The profile of its jobs.
    #[serde(default = "web")]
    pub profile: String,
    /// Their priority, 0–100.
    #[serde(default = "middling")]
    pub priority: u8,
    /// Whose they are.
    #[serde(default = "nobodys")]
    pub tenant: String,
}

fn web() -> String {
    "web".to_owned()
}
fn middling() -> u8 {
    50
}
fn nobodys() -> String {
    "default".to_owned()
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            settle_s: 10,
            folders: BTreeMap::new(),
        }
    }
}
