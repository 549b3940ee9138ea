//! NVIDIA devices: asking them, saying what is wrong with them, scaling on them, and the engine over NVDEC, CUDA and NVENC.
//!
//! Not here: decoding and encoding as such, which are libavcodec's, in contexts made here or borrowed.

mod caps;
mod engine;
mod errors;
mod find;
mod ladder;
mod live;
mod options;
mod probe;
pub mod scale;
mod self_test;
#[allow(unsafe_code, reason = "the room of NVIDIA's libraries")]
pub mod sys;
mod why;

pub use engine::Nvidia;
pub use find::{ordinal, uuid};
pub use ladder::{NvidiaLadder, Scaling};
pub use live::{Live, Monitor};
pub use probe::probe;
pub use why::explain;
