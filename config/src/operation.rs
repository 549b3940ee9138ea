//! The settings of running a daemon for years: how long ended jobs are kept, what a device's time costs, where traces go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How long ended jobs are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days a job is kept after its end, 0–36,500; 0 is for ever.
    pub days: u32,
    /// MiB that the output of ended jobs under `data_dir` may take, 0–10,000,000,000; 0 is no limit.
    pub max_mib: u64,
}

/// What a device's time costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    /// What prices are in, 1–8 letters.
    pub currency: String,
    /// The price of an hour of a whole device by the device's name, 0–1,000,000; others cost nothing.
    pub per_hour: BTreeMap<String, f64>,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            currency: "EUR".to_owned(),
            per_hour: BTreeMap::new(),
        }
    }
}

/// Where traces go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traces {
    /// Address of an OpenTelemetry collector that takes OTLP over HTTP; none traces nothing.
    pub endpoint: String,
}
