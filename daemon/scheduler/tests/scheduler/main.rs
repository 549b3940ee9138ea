//! The scheduler's rules as scenarios, one file per rule, and its invariants over random histories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests, where a panic is the report"
)]

mod disk;
mod failures;
mod health;
mod order;
mod packing;
mod placement;
mod preemption;
mod properties;
mod scale;
mod sim;
mod spread;
mod suspects;
