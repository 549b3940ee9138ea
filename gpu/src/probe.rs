//! What a probing process says while it asks the drivers, word by word, so that what it had found outlives a driver that hangs.
//!
//! Not here: who listens ([`crate::inventory`]).

use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{GpuReport, Unavailable};
use serde::{Deserialize, Serialize};

/// One line of a probing process, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// What it is about to ask, in words that follow "while".
    Doing(String),
    /// A device was asked everything.
    Found(Box<GpuReport>),
    /// There is no such device, or it cannot be used.
    Missing(Unavailable),
    /// It was not stopped half-way.
    Done,
}

/// Asks everything there is to ask of one kind of GPU. It may hang or crash where a driver does: call it in a process of its own.
pub fn probe(kind: DeviceKind, tell: &mut dyn FnMut(Word)) {
    match kind {
        DeviceKind::Cpu => {}
        DeviceKind::Nvidia => crate::nvidia::probe(tell),
        DeviceKind::Vaapi => crate::vaapi::probe(tell),
    }
    tell(Word::Done);
}
