//! Where the daemon keeps jobs, finished pieces, events and calibrations: the port `newsreel_model::store::Store` over SQLite.
//!
//! Not here: any decision about a job. The store says whether a change fits the job's state, never which change to make.

#![forbid(unsafe_code)]

mod apply;
mod beside;
mod calibrations;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connect;
mod deliveries;
mod events;
mod fault;
mod files;
mod jobs;
mod keys;
mod migrate;
mod options;
mod pieces;
mod readers;
mod rows;
mod search;
mod spoken;
mod sqlite;
mod submit;
mod trim;
mod uploads;
mod writer;

pub use beside::{KeyRing, Measurements};
pub use options::StoreOptions;
pub use sqlite::SqliteStore;
