//! What a device can do and what work needs of it, in the same units, so that one can be subtracted from the other.
//!
//! Not here: how a device is measured, or who gets it (`newsreel-scheduler`).

use serde::{Deserialize, Serialize};

/// A vector of resources. Every quantity is a whole number, so that adding and taking away never drifts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Resources {
    /// Thousandths of a CPU core.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub cpu_millicores: u64,
    /// Main memory in MiB.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub memory_mib: u64,
    /// Decoding in kilopixels per second.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub decode_kpx_s: u64,
    /// Scaling in kilopixels per second.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub scale_kpx_s: u64,
    /// Encoding in kilopixels per second.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub encode_kpx_s: u64,
    /// Device memory in MiB.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub vram_mib: u64,
    /// Encoder sessions.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub encoder_sessions: u64,
}

impl Resources {
    /// The names of [`Resources::quantities`], in their order.
    pub const NAMES: [&str; 7] = [
        "cpu_millicores",
        "memory_mib",
        "decode_kpx_s",
        "scale_kpx_s",
        "encode_kpx_s",
        "vram_mib",
        "encoder_sessions",
    ];

    /// The quantities in a fixed order, for whoever treats them alike.
    #[must_use]
    pub fn quantities(&self) -> [u64; 7] {
        [
            self.cpu_millicores,
            self.memory_mib,
            self.decode_kpx_s,
            self.scale_kpx_s,
            self.encode_kpx_s,
            self.vram_mib,
            self.encoder_sessions,
        ]
    }

    fn zip(self, other: Self, each: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            cpu_millicores: each(self.cpu_millicores, other.cpu_millicores),
            memory_mib: each(self.memory_mib, other.memory_mib),
            decode_kpx_s: each(self.decode_kpx_s, other.decode_kpx_s),
            scale_kpx_s: each(self.scale_kpx_s, other.scale_kpx_s),
            encode_kpx_s: each(self.encode_kpx_s, other.encode_kpx_s),
            vram_mib: each(self.vram_mib, other.vram_mib),
            encoder_sessions: each(self.encoder_sessions, other.encoder_sessions),
        }
    }

    /// The part that all devices of a machine have in common: cores and main memory.
    #[must_use]
    pub fn of_the_machine(self) -> Self {
        Self {
            cpu_millicores: self.cpu_millicores,
            memory_mib: self.memory_mib,
            ..Self::default()
        }
    }

    /// Whether `need` is there in every quantity.
    #[must_use]
    pub fn covers(&self, need: &Self) -> bool {
        let pairs = self.quantities().into_iter().zip(need.quantities());
        pairs.into_iter().all(|(have, need)| need <= have)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// What is left without `other`; nothing goes below zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }
}

/// What kind of engine a device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum DeviceKind {
    /// The machine's cores.
    Cpu,
    /// A GPU behind NVDEC and NVENC.
    Nvidia,
    /// A GPU behind VAAPI.
    Vaapi,
}

impl DeviceKind {
    /// Its name in every output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Nvidia => "nvidia",
            Self::Vaapi => "vaapi",
        }
    }
}
