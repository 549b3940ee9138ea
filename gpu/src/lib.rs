//! GPUs: which there are, what each can do and why not, and the engines behind `Engine`.
//!
//! Not here: which job runs where, or how media is read and packaged. No CUDA or VAAPI type leaves this crate.
//!
//! No library of a GPU is linked: the same binary starts with no driver, a broken one, or one it may not use.

pub mod calibration;
mod child;
mod engine;
pub mod inventory;
mod lane;
pub mod nvidia;
mod probe;
pub mod trial;
pub mod vaapi;

pub use engine::{Decode, GpuEngine, Refuge, Stream, Vendor};
pub use probe::{Word, probe};
