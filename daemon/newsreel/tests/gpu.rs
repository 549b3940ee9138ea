//! The GPU lanes of `newsreel transcode`, end to end and through the gate, on the stand-in driver: nothing here says that a
//! lane works on hardware. Not here: what the driver's single functions do (`gpu/stand-in`).
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

#[path = "gpu/faults.rs"]
mod faults;
#[path = "gpu/lanes.rs"]
mod lanes;
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use newsreel_stand_in_kit::{Codec, Config, Device, StandIn};
use serde_json::Value;
use support::made::Desk;
use support::process::{self, Ended};

/// A machine with a stand-in, and a folder to work in.
struct Bench {
    desk: Desk,
    stand_in: StandIn,
}

impl Bench {
    fn new(config: &Config) -> Self {
        let desk = Desk::new();
        let stand_in = StandIn::install(&desk.path("driver"), config).unwrap();
        Self { desk, stand_in }
    }

    fn command(&self, input: &Path, out: &Path, device: &str) -> Command {
        let mut command = self.desk.transcode(input, out);
        command.args(["--device", device]);
        command.envs(self.stand_in.environment());
        command
    }

    /// A job on the first GPU, to its end.
    #[track_caller]
    fn transcode(&self, input: &Path, arguments: &[&str]) -> (Ended, PathBuf) {
        let out = self.desk.path("out");
        let mut command = self.command(input, &out, "cuda:0");
        (process::run(command.args(arguments)), out)
    }

    /// Fails if the driver was used wrongly, leaks included.
    #[track_caller]
    fn used_rightly(&self) {
        let report = self.stand_in.report().unwrap();
        assert_eq!(report.violations(), Vec::<String>::new());
    }
}

/// A GPU that encodes H.264.
fn gpu() -> Device {
    let mut device = Device::l4();
    device.encode.retain(|e| e.codec == Codec::H264);
    device
}

fn report(out: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap()
}

/// Who made how many segments, by rung.
fn makers(out: &Path) -> BTreeMap<String, BTreeMap<String, u64>> {
    let rungs = report(out)["rungs"].as_array().unwrap().clone();
    let one = |rung: Value| {
        let makers = rung["made_by"].as_object().unwrap().iter();
        let makers = makers.map(|(name, count)| (name.clone(), count.as_u64().unwrap()));
        (rung["name"].as_str().unwrap().to_owned(), makers.collect())
    };
    rungs.into_iter().map(one).collect()
}

/// Every maker of any rung.
fn all_makers(out: &Path) -> Vec<String> {
    let mut all: Vec<String> = makers(out)
        .into_values()
        .flat_map(BTreeMap::into_keys)
        .collect();
    all.sort();
    all.dedup();
    all
}

/// `from to code` of each time work left a device.
fn fallbacks(out: &Path) -> Vec<String> {
    let word = |v: &Value| v.as_str().unwrap().to_owned();
    let line = |f: &Value| {
        format!(
            "{} {} {}",
            word(&f["from"]),
            word(&f["to"]),
            word(&f["code"])
        )
    };
    let report = report(out);
    report["fallbacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect()
}
