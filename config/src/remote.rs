//! The settings of inputs on other machines: where they may be, how large, how many at a time.

use serde::{Deserialize, Serialize};

/// Inputs that lie elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Remote {
    /// MiB that one may have, 1–10,000,000.
    pub max_mib: u64,
    /// How many are brought at a time, 1–64.
    pub at_once: usize,
    /// How often in a row nothing may come of asking for one before its job fails, 1–100.
    pub tries: u32,
    /// Networks of this site that inputs may be in, as `10.1.0.0/16`.
    pub allowed_networks: Vec<String>,
}

impl Default for Remote {
    fn default() -> Self {
        Self {
            max_mib: 102_400,
            at_once: 4,
            tries: 8,
            allowed_networks: Vec::new(),
        }
    }
}
