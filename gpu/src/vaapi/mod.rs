//! VAAPI devices: asking them, and saying what is wrong with them.
//!
//! Not here: decoding, scaling and encoding, which are libavcodec's and libavfilter's.

mod caps;
mod probe;
#[allow(unsafe_code, reason = "the room of VAAPI's libraries")]
pub mod sys;

pub use probe::probe;
