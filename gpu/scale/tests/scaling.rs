//! What scaling promises: exact where it can be, close to known scalers on real pictures, and the kernel's source the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests; a test may fail by them"
)]

#[path = "scaling/buffers.rs"]
mod buffers;
#[path = "scaling/cores.rs"]
mod cores;
#[path = "scaling/exact.rs"]
mod exact;
#[path = "scaling/kernel.rs"]
mod kernel;
#[path = "scaling/pictures.rs"]
mod pictures;
#[path = "scaling/ptx.rs"]
mod ptx;
