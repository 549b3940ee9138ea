//! GPUs behind the `Engine` seam: which stage of a run works where, and with which options.
//!
//! Not here: any libav type beyond `newsreel-media`'s safe stages, any scheduling.

mod engine;
mod lane;
pub mod nvidia;
pub mod vaapi;

pub use engine::{Decode, GpuEngine, Refuge, Stream, Vendor};
