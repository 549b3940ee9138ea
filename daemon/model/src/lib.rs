//! What a job is, in data: specs, profiles, plans, grids, runs, events, errors and the ports between rooms.
//!
//! Not here: any I/O, any clock, any codec. Everything in this crate can be built in a unit test.

pub mod access;
pub mod calibration;
pub mod cancel;
pub mod capacity;
pub mod captions;
pub mod conditioning;
pub mod control;
pub mod device;
pub mod envelope;
pub mod error;
pub mod event;
pub mod grid;
pub mod id;
pub mod job;
pub mod keys;
pub mod log;
pub mod output;
pub mod pictures;
pub mod plan;
pub mod ports;
pub mod profile;
pub mod rational;
pub mod report;
#[cfg(feature = "schema")]
mod schema;
pub mod search;
pub mod sound;
pub mod spec;
pub mod spoken;
pub mod steer;
pub mod store;
pub mod subtitle;
pub mod timecode;
pub mod uploads;
pub mod webhook;

pub use cancel::Cancel;
pub use error::{Class, Code, Error, Result};
pub use id::{JobId, UploadId};
pub use rational::Rational;
