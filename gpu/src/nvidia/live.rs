//! Live figures of NVIDIA devices from NVML: what corrects a calibration. Not the corrections.

use nvml_wrapper::Nvml;

/// NVML, loaded when it is first wanted.
pub struct Monitor(Nvml);

/// What a device does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Share of time the decoder worked, in percent.
    pub decoder_percent: u32,
    /// Share of time the encoder worked, in percent.
    pub encoder_percent: u32,
    /// Share of time a kernel ran, in percent.
    pub kernels_percent: u32,
    /// Device memory in use by everyone, in MiB.
    pub vram_used_mib: u64,
    /// Encoder sessions open in all processes.
    pub encoder_sessions: u32,
}

impl Monitor {
    /// Loads and starts the library.
    ///
    /// # Errors
    /// Its words: it is missing, or its version is not the kernel driver's.
    pub fn open() -> Result<Self, String> {
        Nvml::init().map(Self).map_err(|e| e.to_string())
    }

    /// The driver's version.
    #[must_use]
    pub fn driver_version(&self) -> Option<String> {
        self.0.sys_driver_version().ok()
    }

    /// What the device of this UUID does now; a figure it does not have is 0, `None` where the device is gone.
    #[must_use]
    pub fn live(&self, uuid: &str) -> Option<Live> {
        let device = self.0.device_by_uuid(uuid).ok()?;
        let percent = |of: Option<u32>| of.unwrap_or(0);
        Some(Live {
            decoder_percent: percent(device.decoder_utilization().ok().map(|u| u.utilization)),
            encoder_percent: percent(device.encoder_utilization().ok().map(|u| u.utilization)),
            kernels_percent: percent(device.utilization_rates().ok().map(|u| u.gpu)),
            vram_used_mib: device.memory_info().ok()?.used >> 20,
            encoder_sessions: device
                .encoder_stats()
                .map_or(0, |stats| stats.session_count),
        })
    }
}
