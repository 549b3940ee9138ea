//! A stand-in for the daemon and a client for the router over it. Not here: tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "helpers of tests, where a panic is the report; no test file needs all of them"
)]

mod client;
mod door;
mod log;
mod shelf;
mod standin;

pub use client::{Answer, Client};
pub use door::{Door, EVERYTHING};
pub use log::Log;
pub use shelf::Shelf;
pub use standin::{Standin, Trouble};
