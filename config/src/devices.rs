//! Which GPUs the daemon uses, and how much of them.

use serde::{Deserialize, Serialize};

/// The GPUs. The machine's cores are always used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Devices {
    /// Whether GPUs are looked for and used.
    pub gpus: bool,
    /// GPUs that are left alone, by the names `newsreel devices` shows; at most 256.
    pub exclude: Vec<String>,
    /// MiB of each GPU's memory that are left to others, 0–1,048,576.
    pub vram_reserve_mib: u64,
    /// The most encoder sessions at once on each GPU, 0–10,000; 0 leaves it to the driver, whose refusals are learned from.
    pub max_encoder_sessions: u64,
    /// Sessions one worker process hosts on a GPU, 1–64: they share one context of the driver, and what happens to it.
    pub sessions_per_worker: usize,
    /// What scales on NVIDIA's GPUs.
    pub scaler: Scaler,
}

/// What scales on NVIDIA's GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaler {
    /// Newsreel's own, which makes all rungs of a picture at once.
    #[default]
    Kernel,
    /// FFmpeg's `scale_cuda`, rung by rung.
    ScaleCuda,
}

impl Scaler {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::ScaleCuda => "scale_cuda",
        }
    }
}

impl Default for Devices {
    fn default() -> Self {
        Self {
            gpus: true,
            exclude: Vec::new(),
            vram_reserve_mib: 512,
            max_encoder_sessions: 0,
            sessions_per_worker: 4,
            scaler: Scaler::default(),
        }
    }
}
