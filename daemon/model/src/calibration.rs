//! What was measured of a device. Not here: measuring, or what is made of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capacity::{DeviceKind, Resources};
use crate::device::{Codec, GpuReport, Size};

/// What was measured of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// Stable name.
    pub device: String,
    /// Its kind.
    pub kind: DeviceKind,
    /// Model name.
    pub name: String,
    /// Driver or library version the figures hold for.
    pub driver: String,
    /// What it can do, as the figures below say.
    pub capacity: Resources,
    /// How fast each kind of work is by itself.
    pub rates: Vec<Rate>,
    /// What sessions take of its memory; absent where that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vram: Option<VramCost>,
    /// When it was measured.
    pub measured_at: Timestamp,
}

impl Calibration {
    /// Of all measurements the one that holds for a device with the driver it has: the newest.
    #[must_use]
    pub fn of<'a>(measured: &'a [Self], gpu: &GpuReport) -> Option<&'a Self> {
        let ours = |c: &&Self| c.device == gpu.id && c.driver == gpu.driver;
        measured.iter().filter(ours).max_by_key(|c| c.measured_at)
    }
}

/// How fast a device does one kind of work with nothing beside it: the median of several measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Which.
    pub work: Work,
    /// Of which codec; absent where none has a part in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// The pictures that went in.
    pub size: Size,
    /// Sessions beside each other.
    pub sessions: u32,
    /// Pictures of that size per second, all sessions together.
    pub frames_per_s: u64,
    /// Thousands of luma pixels per second: those that went in, and for scaling those that came out.
    pub kpx_s: u64,
}

/// What a device does with pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Packets into pictures.
    Decode,
    /// Packets into pictures, and each of those into those of a ladder.
    DecodeAndScale,
    /// One picture into those of a ladder.
    Scale,
    /// Pictures into packets.
    Encode,
}

/// What sessions take of device memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VramCost {
    /// Of the first session's context, once for each worker process, in MiB.
    pub context_mib: u64,
    /// Of each session that decodes, scales and encodes 1080p, in MiB.
    pub session_mib: u64,
}

impl VramCost {
    /// What so many sessions in one worker take, in MiB.
    #[must_use]
    pub fn of(&self, sessions: u64) -> u64 {
        let each = self.session_mib.saturating_mul(sessions);
        if sessions == 0 {
            0
        } else {
            self.context_mib.saturating_add(each)
        }
    }
}
