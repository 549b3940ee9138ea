//! NVIDIA: NVDEC, CUDA and NVENC.

mod engine;
mod errors;
mod options;

pub use engine::Nvidia;
