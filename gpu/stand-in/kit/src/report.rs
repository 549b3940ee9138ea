//! What processes on a stand-in left behind, as a test reads it. Not what is right or wrong.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

/// What one process did, up to when it said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Copies from host to device memory.
    pub host_to_device: u64,
    /// Their bytes.
    pub host_to_device_bytes: u64,
    /// Copies from device to host memory.
    pub device_to_host: u64,
    /// Their bytes.
    pub device_to_host_bytes: u64,
    /// Copies within device memory.
    pub device_to_device: u64,
    /// Pictures encoded from host memory, through the encoder's own input buffers.
    pub uploads_to_encoder: u64,
    /// Pictures decoded (a pair of fields counts twice).
    pub decoded: u64,
    /// Decoded pictures mapped.
    pub mapped: u64,
    /// Pictures encoded.
    pub encoded: u64,
    /// Launches of each kernel.
    pub kernels: BTreeMap<String, u64>,
    /// Contexts made, primary ones included.
    pub contexts: u64,
    /// Decoders made.
    pub decoders: u64,
    /// Encode sessions opened.
    pub sessions: u64,
    /// Most encode sessions at once.
    pub sessions_peak: u64,
    /// Most memory in use at once, all devices together, bytes.
    pub memory_peak: u64,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// The driver was used wrongly.
    Violation {
        /// The process.
        pid: u32,
        /// The function that was called, empty at exit.
        call: String,
        /// What was wrong.
        what: String,
    },
    /// A fault that was asked for happened.
    Fault {
        /// The process.
        pid: u32,
        /// The function that was called.
        call: String,
        /// Which.
        what: String,
    },
    /// What was done so far; a later one replaces an earlier one of the same process.
    Counters {
        /// The process.
        pid: u32,
        /// All of it.
        counters: Counters,
    },
}

/// Everything that was reported.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of writing.
    pub entries: Vec<Entry>,
}

impl Report {
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let entries = text
            .lines()
            .map(|line| serde_json::from_str(line).map_err(io::Error::other))
            .collect::<io::Result<_>>()?;
        Ok(Self { entries })
    }

    /// What was used wrongly, leaks included; empty after a clean run.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let line = |entry: &Entry| match entry {
            Entry::Violation { pid, call, what } => Some(format!("{pid} {call}: {what}")),
            _ => None,
        };
        self.entries.iter().filter_map(line).collect()
    }

    /// The faults that happened.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let line = |entry: &Entry| match entry {
            Entry::Fault { pid, call, what } => Some(format!("{pid} {call}: {what}")),
            _ => None,
        };
        self.entries.iter().filter_map(line).collect()
    }

    /// The last counters of each process, by its id.
    #[must_use]
    pub fn processes(&self) -> BTreeMap<u32, Counters> {
        let pair = |entry: &Entry| match entry {
            Entry::Counters { pid, counters } => Some((*pid, counters.clone())),
            _ => None,
        };
        self.entries.iter().filter_map(pair).collect()
    }

    /// The sums over all processes; of a peak, the largest.
    #[must_use]
    pub fn total(&self) -> Counters {
        let mut total = Counters::default();
        for one in self.processes().into_values() {
            total.host_to_device += one.host_to_device;
            total.host_to_device_bytes += one.host_to_device_bytes;
            total.device_to_host += one.device_to_host;
            total.device_to_host_bytes += one.device_to_host_bytes;
            total.device_to_device += one.device_to_device;
            total.uploads_to_encoder += one.uploads_to_encoder;
            total.decoded += one.decoded;
            total.mapped += one.mapped;
            total.encoded += one.encoded;
            for (name, launches) in one.kernels {
                *total.kernels.entry(name).or_default() += launches;
            }
            total.contexts += one.contexts;
            total.decoders += one.decoders;
            total.sessions += one.sessions;
            total.sessions_peak = total.sessions_peak.max(one.sessions_peak);
            total.memory_peak = total.memory_peak.max(one.memory_peak);
        }
        total
    }
}
