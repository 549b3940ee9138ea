//! From libav's numbers to errors with a class and words for the user. Not a catalogue: only where the words differ.

use newsreel_model::{Code, Error};

use crate::ffi::AvError;

/// The error for an input that libavformat would not open.
#[must_use]
pub fn opening(e: AvError, nested: bool) -> Error {
    if e == AvError::EXIT {
        return Error::new(Code::Cancelled, "stopped on request");
    }
    if nested {
        return nested_reference();
    }
    Error::new(
        Code::InputUnreadable,
        format!(
            "the input is no media file that can be read ({e}); if it is an upload or a download, check that it is complete"
        ),
    )
}

/// The error for an input that only points at other inputs.
#[must_use]
pub fn nested_reference() -> Error {
    Error::new(
        Code::InputNestedReference,
        "the input refers to another file or address, which is never opened; give the media file itself",
    )
}

/// The error for a decoder or encoder that failed.
pub fn engine(what: &str) -> impl Fn(AvError) -> Error + '_ {
    move |e| {
        if e == AvError::EXIT {
            return Error::new(Code::Cancelled, "stopped on request");
        }
        Error::new(Code::EngineFailed, format!("{what} failed: {e}"))
    }
}
