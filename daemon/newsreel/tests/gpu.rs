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

use std::path::{Path, PathBuf};
use std::process::Command;

use newsreel_stand_in_kit::{Codec, Config, Device, StandIn};
use support::made::Desk;
use support::process::{self, Ended};
use support::report::{all_makers, fallbacks, makers};

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
