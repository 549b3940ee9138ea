//! The arithmetic of scaling, for GPUs and cores alike: filters, weights, the kernel's argument block, a scalar reference of what the
//! kernel does, and [`mod@cores`], which does the same by vectors.
//!
//! Pure: no driver, no device, no I/O. What runs on a device is `gpu/src/nvidia/kernels/scale.cu`; that it does the same
//! as [`mod@reference`] to the last bit is held by `tests/scaling/kernel.rs`, which compiles it for the host.
//!
//! One launch reads a decoded 4:2:0 surface (NV12 or P010) tile by tile and writes every rung. All sums are of integers, so
//! that a device, the reference and a driver made for tests give the same bytes:
//!
//! 1. samples are whole numbers of 8 or 10 bits; weights have 14 fractional bits and add up to exactly one;
//! 2. rows are filtered first, to a scale of 14 bits whatever the source's depth, rounded half up;
//! 3. then columns, to the depth of the rung, rounded half up and clamped to its range.

#![forbid(unsafe_code)]

mod axis;
pub mod block;
pub mod cores;
mod error;
mod filter;
mod plan;
pub mod reference;
mod siting;
mod tiles;

pub use error::PlanError;
pub use filter::Filter;
pub use plan::{Depth, Plan, Request, RungSize};
pub use siting::Siting;
