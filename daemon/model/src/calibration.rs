//! What was measured of a device. Not here: measuring, or what is made of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capacity::{DeviceKind, Resources};

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
    /// What it can do.
    pub capacity: Resources,
    /// When it was measured.
    pub measured_at: Timestamp,
}
