//! The settings of uploads: how large, how many, how long they are kept.

use serde::{Deserialize, Serialize};

/// What clients may send piece by piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// MiB that one may have, 1–10,000,000.
    pub max_mib: u64,
    /// MiB that a tenant's uploads may have together, 1–10,000,000,000.
    pub tenant_mib: u64,
    /// Uploads that a tenant may have, 1–100,000.
    pub tenant_count: u64,
    /// Hours one is kept after its last byte, or after the last job that read it ended, 1–8,760.
    pub keep_h: u32,
    /// Jobs that may begin at a time while their upload still arrives, 0–64.
    pub early: usize,
    /// Seconds without a byte after which such a job waits again, 1–3,600.
    pub early_stall_s: u32,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            max_mib: 102_400,
            tenant_mib: 1_024_000,
            tenant_count: 1000,
            keep_h: 24,
            early: 4,
            early_stall_s: 60,
        }
    }
}
