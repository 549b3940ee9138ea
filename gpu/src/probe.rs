//! What a probing process says while it asks the drivers, word by word, so that what it had found outlives a driver that hangs.
//!
//! Not here: who listens ([`crate::inventory`]).

use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{GpuReport, Unavailable};
use newsreel_model::{Code, Error};
use serde::{Deserialize, Serialize};

use crate::calibration::Measurement;

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
    /// A device was measured.
    Measured(Box<Measurement>),
    /// It could not be measured.
    Failed {
        /// What went wrong.
        code: Code,
        /// In words.
        message: String,
        /// For the log.
        detail: Option<String>,
    },
    /// It was not stopped half-way.
    Done,
}

impl From<&Error> for Word {
    fn from(error: &Error) -> Self {
        Self::Failed {
            code: error.code(),
            message: error.message().to_owned(),
            detail: error.detail().map(str::to_owned),
        }
    }
}

/// Asks everything there is to ask of one kind of GPU, or `only` of the one of that name. It may hang or crash where a driver
/// does: call it in a process of its own.
pub fn probe(kind: DeviceKind, only: Option<&str>, tell: &mut dyn FnMut(Word)) {
    match kind {
        DeviceKind::Cpu => {}
        DeviceKind::Nvidia => crate::nvidia::probe(only, tell),
        DeviceKind::Vaapi => crate::vaapi::probe(only, tell),
    }
    tell(Word::Done);
}
