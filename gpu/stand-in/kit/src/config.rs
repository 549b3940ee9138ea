//! What a stand-in pretends to be, and what goes wrong with it. Not how it pretends.

use serde::{Deserialize, Serialize};

use crate::Device;

/// The environment variable with the path of the configuration. Without it there is one [`Device::l4`] and no fault.
pub const ENV: &str = "NEWSREEL_STAND_IN";

/// The file beside the configuration that every process appends its findings to, one JSON object a line.
pub const REPORT: &str = "report.jsonl";

/// The file beside the configuration through which the processes on one machine share what a real driver knows.
pub const STATE: &str = "state";

/// A whole machine. It is read again whenever its file changes, so that faults and capabilities can change under a running process;
/// the number of devices cannot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// As `nvidia-smi` shows it.
    pub driver_version: String,
    /// What `cuDriverGetVersion` says: 1000 × major + 10 × minor.
    pub cuda_version: i32,
    /// The newest NVENC interface it knows, major and minor.
    pub nvenc_api: (u32, u32),
    /// What `cuInit` answers; 0 is success, 100 no device, 304 no permission, 999 a broken driver.
    pub init_error: i32,
    /// What `nvmlInit` answers; 0 is success, 4 no permission, 9 no driver, 999 unknown.
    pub nvml_error: i32,
    /// In the order of their ordinals.
    pub devices: Vec<Device>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            driver_version: "550.54.14".to_owned(),
            cuda_version: 12_040,
            nvenc_api: (12, 2),
            init_error: 0,
            nvml_error: 0,
            devices: vec![Device::l4()],
            faults: Vec::new(),
        }
    }
}

impl Config {
    /// A machine with these devices, and nothing wrong with it.
    pub fn of(devices: impl IntoIterator<Item = Device>) -> Self {
        Self {
            devices: devices.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same machine with one more thing that goes wrong.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// Where in the driver something can go wrong. Each is counted on its own, per device and process, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A context is made or retained.
    Context,
    /// Device memory is asked for.
    Alloc,
    /// A decoder is made.
    Decoder,
    /// A picture is decoded.
    Decode,
    /// A decoded picture is mapped.
    Map,
    /// Memory is copied, in any direction.
    Copy,
    /// A kernel is launched.
    Kernel,
    /// A stream, an event or a context is waited for.
    Synchronise,
    /// An encode session is opened.
    Session,
    /// A picture is given to an encoder.
    Encode,
    /// An encoded picture is taken.
    Lock,
}

impl Stage {
    /// All of them, in the order of a frame's life.
    pub const ALL: [Self; 11] = [
        Self::Context,
        Self::Alloc,
        Self::Decoder,
        Self::Decode,
        Self::Map,
        Self::Copy,
        Self::Kernel,
        Self::Synchronise,
        Self::Session,
        Self::Encode,
        Self::Lock,
    ];
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// The call fails with this code of its own library (`CUresult` or `NVENCSTATUS`), and what follows works again.
    Fail(i32),
    /// The device is lost to the process: this call and all that follow fail with `code` (719 is a failed launch, 700 an illegal
    /// address), and NVML tells of `xid`.
    Lose {
        /// A `CUresult`.
        code: i32,
        /// The number in the kernel's log; 31 is a memory fault, 79 a device that fell off the bus.
        xid: u64,
    },
    /// The call does not return, until the fault is taken out of the configuration.
    Hang,
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The ordinal of the device, or any.
    #[serde(default)]
    pub device: Option<usize>,
    /// Where.
    pub stage: Stage,
    /// At which call of this stage, from 1; 0 is every one.
    #[serde(default)]
    pub at: u64,
    /// What.
    pub act: Act,
    /// Whether it happens once on the whole machine, instead of once in each process.
    #[serde(default)]
    pub once: bool,
}

impl Fault {
    /// This happens at the call `at` of `stage` (from 1; 0 is every one), on any device.
    #[must_use]
    pub fn new(stage: Stage, at: u64, act: Act) -> Self {
        Self {
            device: None,
            stage,
            at,
            act,
            once: false,
        }
    }

    /// The same on this device only.
    #[must_use]
    pub fn on(mut self, device: usize) -> Self {
        self.device = Some(device);
        self
    }

    /// The same once on the whole machine, so that the process that replaces this one finds the device well.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }
}
