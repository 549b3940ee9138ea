//! The settings of `newsreel serve`: where it listens, where things lie, how it queues, what workers may take.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::s3::S3Store;

/// The HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port.
    pub listen: String,
    /// Further values of the `Host` header that are answered, beside the address listened on and `localhost`.
    pub allowed_hosts: Vec<String>,
    /// The largest request body in bytes, 1,024–67,108,864.
    pub max_body_bytes: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8470".to_owned(),
            allowed_hosts: Vec::new(),
            max_body_bytes: 1_048_576,
        }
    }
}

/// Where things lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// The daemon's own directory: the store, and the output of jobs without a destination.
    pub data_dir: String,
    /// Directories from which inputs may be read.
    pub input_roots: Vec<String>,
    /// Directories into which a job's `destination` may point.
    pub output_roots: Vec<String>,
    /// MiB that are kept free on the disk, 0–10,000,000.
    pub disk_reserve_mib: u64,
    /// Days an event is kept in the log, 1–3,650.
    pub event_days: u32,
    /// Object stores by name, 1–64 characters of a–z, 0–9, `-` and `_`.
    pub s3: BTreeMap<String, S3Store>,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            data_dir: "newsreel-data".to_owned(),
            input_roots: Vec::new(),
            output_roots: Vec::new(),
            disk_reserve_mib: 1024,
            event_days: 30,
            s3: BTreeMap::new(),
        }
    }
}

/// Which job goes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Queue {
    /// The most jobs that may wait, 1–1,000,000.
    pub max_queued: u64,
    /// From this priority on a job takes the place of running ones, 1–100.
    pub breaking_priority: u8,
    /// Seconds after which a job that got nothing comes first once, 1–86,400.
    pub starvation_s: u32,
    /// Seconds a run is left alone before it may be preempted, 0–3,600.
    pub min_run_s: u32,
    /// Seconds between two preemptions of one job, 0–3,600.
    pub preempt_gap_s: u32,
    /// Failures of a job that are tried again, 1–100.
    pub max_failures: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            max_queued: 10_000,
            breaking_priority: 90,
            starvation_s: 600,
            min_run_s: 10,
            preempt_gap_s: 60,
            max_failures: 5,
        }
    }
}

/// What a worker process may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Worker {
    /// Memory of one worker in MiB, 256–1,048,576.
    pub memory_mib: u64,
    /// Seconds without a frame made or a byte read after which a worker is ended, 1–3,600.
    pub stall_s: u32,
    /// Seconds without a sign of life after which a worker's work is given away, 1–600.
    pub lease_s: u32,
    /// The longest session in seconds, 10–604,800.
    pub max_session_s: u32,
    /// How far workers stand back for the daemon and others when the cores are busy (`nice`), 0–19.
    pub nice: u8,
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            memory_mib: 4096,
            stall_s: 60,
            lease_s: 10,
            max_session_s: 86_400,
            nice: 5,
        }
    }
}
