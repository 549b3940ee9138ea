//! The only place of NVIDIA `unsafe`: one owner type per driver object. No decisions, no words for users.
//!
//! Nothing is linked: each library is opened when it is first asked for, and a function that is missing is an answer, not a
//! crash. Statuses are taken as plain numbers, since a newer driver may return one that no enumeration here knows.

mod context;
mod driver;
mod kernel;
mod memory;
mod nvdec;
mod nvenc;
mod picture;
mod stream;
mod table;

use std::fmt;

pub use context::Context;
pub use driver::{Device, Driver};
pub use kernel::{Kernel, Launch};
pub use memory::Buffer;
pub use nvdec::{DecoderCaps, Nvdec};
pub use nvenc::{EncodeSession, Nvenc};
pub use picture::{Picture, scale};
pub use stream::Stream;
pub(crate) use table::functions;

/// Why a library cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The loader does not find or open it; its words.
    Library(String),
    /// It lacks a function we need.
    Function(&'static str),
    /// It was found and refused to start.
    Refused(Failed),
}

/// A call that a driver refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The function.
    pub call: &'static str,
    /// What it returned: a `CUresult`, or an `NVENCSTATUS` where the call begins with `nvEnc`.
    pub status: u32,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed with {}", self.call, self.status)
    }
}

/// Success is 0 in every one of these interfaces.
fn check(call: &'static str, status: u32) -> Result<(), Failed> {
    match status {
        0 => Ok(()),
        status => Err(Failed { call, status }),
    }
}
