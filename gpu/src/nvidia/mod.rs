//! NVIDIA devices: asking them, saying what is wrong with them, and scaling on them.
//!
//! Not here: decoding and encoding, which are libavcodec's, in contexts made here or borrowed.

mod caps;
mod live;
mod probe;
pub mod scale;
mod self_test;
#[allow(unsafe_code, reason = "the room of NVIDIA's libraries")]
pub mod sys;
mod why;

pub use live::{Live, Monitor};
pub use probe::probe;
pub use why::explain;
