//! The machine that is pretended: its configuration, read again when it changes, and the state of each device. Not the calls.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use newsreel_stand_in_kit::{Config, Device, ENV, Stage};
use parking_lot::Mutex;

use crate::abi::{Answer, CuError, size};
use crate::report;
use crate::shared::{What, shared};

const MIB: u64 = 1 << 20;

/// The machine.
pub struct Driver {
    /// Where its configuration comes from; none is the default machine.
    file: Option<File>,
    /// What was last read, and the change it was read at.
    config: Mutex<(Option<Change>, Arc<Config>)>,
    devices: Vec<State>,
}

/// What tells one state of a file from another: seconds, nanoseconds, length.
type Change = (i64, i64, u64);

/// What changes about a device.
#[derive(Default)]
pub struct State {
    /// The sticky error, once there is one.
    lost: AtomicI32,
    /// Calls of each stage so far.
    calls: [AtomicU64; Stage::ALL.len()],
}

/// The one machine.
pub fn driver() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(Driver::open)
}

impl Driver {
    fn open() -> Self {
        let file = std::env::var_os(ENV).and_then(|path| {
            File::open(&path)
                .inspect_err(|e| eprintln!("stand-in: {}: {e}", path.display()))
                .ok()
        });
        let config = Mutex::new((None, Arc::new(Config::default())));
        let mut driver = Self {
            file,
            config,
            devices: Vec::new(),
        };
        let devices = driver.config().devices.len();
        driver.devices.resize_with(devices, State::default);
        driver
    }

    /// The configuration as it is now. One that cannot be read leaves the last in force.
    pub fn config(&self) -> Arc<Config> {
        let mut kept = self.config.lock();
        let Some(file) = &self.file else {
            return kept.1.clone();
        };
        let Ok(about) = file.metadata() else {
            return kept.1.clone();
        };
        let change = (about.mtime(), about.mtime_nsec(), about.len());
        if kept.0 != Some(change) {
            let mut text = vec![0; usize::try_from(about.len()).unwrap_or(0)];
            // A file that is just being written is incomplete; the next call reads it again.
            match file.read_exact_at(&mut text, 0).map_err(|e| e.to_string()) {
                Ok(()) => match serde_json::from_slice(&text) {
                    Ok(config) => *kept = (Some(change), Arc::new(config)),
                    Err(e) if kept.0.is_none() => eprintln!("stand-in: the configuration: {e}"),
                    Err(_) => {}
                },
                Err(e) => eprintln!("stand-in: the configuration: {e}"),
            }
        }
        kept.1.clone()
    }

    /// How many devices there are.
    pub fn count(&self) -> usize {
        self.devices.len()
    }

    /// What device `ordinal` is now.
    pub fn device(&self, ordinal: usize) -> Answer<Device> {
        let found = self.config().devices.get(ordinal).cloned();
        found.ok_or(CuError::INVALID_DEVICE)
    }

    /// What changes about it.
    pub fn state(&self, ordinal: usize) -> Answer<&State> {
        self.devices.get(ordinal).ok_or(CuError::INVALID_DEVICE)
    }

    /// The ordinal a client means.
    pub fn ordinal(&self, device: i32) -> Answer<usize> {
        let ordinal = size(device).map_err(|_| CuError::INVALID_DEVICE)?;
        self.state(ordinal).map(|_| ordinal)
    }

    /// Free and total memory of a device, bytes.
    pub fn memory(&self, ordinal: usize) -> Answer<(u64, u64)> {
        let total = self.device(ordinal)?.memory_mib * MIB;
        let used = shared().all(ordinal, What::Bytes);
        Ok((total.saturating_sub(used), total))
    }

    /// Takes memory of a device until the return is dropped.
    pub fn take(&self, ordinal: usize, bytes: u64) -> Answer<Taken> {
        let total = self.device(ordinal)?.memory_mib * MIB;
        self.state(ordinal)?;
        let taken = Taken::of(ordinal, What::Bytes, bytes, total);
        let here = shared().here(What::Bytes);
        report::count(|c| c.memory_peak = c.memory_peak.max(here));
        taken.ok_or(CuError::OUT_OF_MEMORY)
    }

    /// The same in MiB.
    pub fn take_mib(&self, ordinal: usize, mib: u64) -> Answer<Taken> {
        self.take(ordinal, mib.saturating_mul(MIB))
    }
}

impl State {
    /// Whether the device is still there.
    pub fn alive(&self) -> Answer {
        match self.lost.load(Ordering::Relaxed) {
            0 => Ok(()),
            code => Err(CuError(code)),
        }
    }

    /// Whether it is gone.
    pub fn is_lost(&self) -> bool {
        self.alive().is_err()
    }

    /// It is gone, with this error from now on.
    pub fn lose(&self, code: i32) {
        self.lost.store(code, Ordering::Relaxed);
    }

    /// Counts a call, and returns which it is, from 1.
    pub fn call(&self, stage: Stage) -> u64 {
        let counter = Stage::ALL
            .iter()
            .zip(&self.calls)
            .find(|(s, _)| **s == stage);
        counter.map_or(0, |(_, calls)| calls.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Memory or sessions that are in use.
pub struct Taken {
    ordinal: usize,
    what: What,
    count: u64,
}

impl Taken {
    /// Takes some of what all processes share, until it is dropped; none if that is more than `most`.
    pub fn of(ordinal: usize, what: What, count: u64, most: u64) -> Option<Self> {
        let took = shared().take(ordinal, what, count, most);
        // Made only when it was taken: its end gives it back.
        took.then(|| Self {
            ordinal,
            what,
            count,
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        shared().give(self.ordinal, self.what, self.count);
    }
}
