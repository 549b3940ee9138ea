//! libnvidia-encode: the encode engines, by the interface of the Video Codec SDK 11.1 that FFmpeg 5.1 is built with; what a capability
//! probe asks works for newer ones too. Not the encoding, which is [`crate::av`]'s.

mod abi;
mod calls;
mod caps;
mod encode;
mod guid;
mod queries;
mod session;
mod table;

pub use session::{end_of, leaks};

use crate::abi::CuError;
use crate::report;

/// An `NVENCSTATUS` that is not success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub i32);

/// What an NVENC function answers.
pub type Answer<T = ()> = Result<T, Status>;

/// `NVENCSTATUS` codes, from nvEncodeAPI.h.
impl Status {
    pub const UNSUPPORTED_DEVICE: Self = Self(2);
    pub const INVALID_DEVICE: Self = Self(4);
    pub const INVALID_PTR: Self = Self(6);
    pub const INVALID_PARAM: Self = Self(8);
    pub const OUT_OF_MEMORY: Self = Self(10);
    pub const NOT_INITIALIZED: Self = Self(11);
    pub const UNSUPPORTED_PARAM: Self = Self(12);
    pub const LOCK_BUSY: Self = Self(13);
    pub const NOT_ENOUGH_BUFFER: Self = Self(14);
    pub const INVALID_VERSION: Self = Self(15);
    pub const MAP_FAILED: Self = Self(16);
    pub const NEED_MORE_INPUT: Self = Self(17);
    pub const GENERIC: Self = Self(20);
    pub const UNIMPLEMENTED: Self = Self(22);
    pub const NOT_REGISTERED: Self = Self(24);
    pub const NOT_MAPPED: Self = Self(25);
}

impl From<CuError> for Status {
    fn from(error: CuError) -> Self {
        match error {
            CuError::OUT_OF_MEMORY => Self::OUT_OF_MEMORY,
            CuError::INVALID_VALUE => Self::INVALID_PTR,
            CuError::INVALID_HANDLE => Self::INVALID_PARAM,
            _ => Self::GENERIC,
        }
    }
}

/// Runs the body of a function of the table.
fn answer(call: &'static str, body: impl FnOnce() -> Answer) -> i32 {
    report::during(call, || match body() {
        Ok(()) => 0,
        Err(status) => status.0,
    })
}

/// Defines functions of the table.
macro_rules! functions {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => { $(
        pub extern "C" fn $name($($arg: $type),*) -> i32 {
            $crate::nvenc::answer(stringify!($name), || $body)
        }
    )* };
}
use functions;
