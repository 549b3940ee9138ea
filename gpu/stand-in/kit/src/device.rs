//! What one pretended device is and can do. Not its faults.

use serde::{Deserialize, Serialize};

/// The codecs the stand-in can work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// AVC.
    H264,
    /// H.265.
    Hevc,
}

/// What a device decodes: one codec at one bit depth, 4:2:0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decode {
    /// Which codec.
    pub codec: Codec,
    /// Bits per sample, 8 or 10.
    pub bits: u32,
    /// Smallest coded width and height in pixels.
    pub min: (u32, u32),
    /// Largest coded width and height in pixels.
    pub max: (u32, u32),
}

/// What a device encodes: one codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encode {
    /// Which codec.
    pub codec: Codec,
    /// Whether pictures of 10 bits are taken.
    pub ten_bit: bool,
    /// The most B-frames in a row.
    pub b_frames: u32,
    /// Whether it can look ahead.
    pub lookahead: bool,
    /// Smallest width and height in pixels.
    pub min: (u32, u32),
    /// Largest width and height in pixels.
    pub max: (u32, u32),
}

/// One device. [`Device::default`] is [`Device::l4`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// As the driver says it.
    pub name: String,
    /// 32 hexadecimal digits, dashes allowed.
    pub uuid: String,
    /// The bus of its PCI address.
    pub pci_bus: u8,
    /// Compute capability, major and minor.
    pub compute_capability: (i32, i32),
    /// All its memory, MiB.
    pub memory_mib: u64,
    /// What a context takes of it, MiB.
    pub context_mib: u64,
    /// What an encode session takes of it besides its frames, MiB.
    pub session_mib: u64,
    /// Decode engines.
    pub nvdec: u8,
    /// Encode engines; without one there is no encoder, whatever `encode` says.
    pub nvenc: u8,
    /// Most encode sessions at once, in all processes together; one more is refused with error 10.
    pub sessions_max: u32,
    /// What it decodes.
    pub decode: Vec<Decode>,
    /// What it encodes.
    pub encode: Vec<Encode>,
    /// Which parameter sets its encoders write: devices that differ here differ in the bytes of SPS and PPS.
    pub parameter_sets: u32,
    /// What NVML says is in use, in percent: graphics, memory, decoder, encoder.
    pub utilisation: (u32, u32, u32, u32),
}

impl Default for Device {
    fn default() -> Self {
        Self::l4()
    }
}

const fn decode(codec: Codec, bits: u32, min: (u32, u32), max: u32) -> Decode {
    Decode {
        codec,
        bits,
        min,
        max: (max, max),
    }
}

impl Device {
    /// An L4: two encode engines, four decode engines, 24 GB.
    ///
    /// Decode sizes and depths are NVIDIA's support matrix for Ada, encode minima its encoder's documented ones.
    #[must_use]
    pub fn l4() -> Self {
        Self {
            name: "NVIDIA L4".to_owned(),
            uuid: "6e657773-7265-656c-0000-000000000001".to_owned(),
            pci_bus: 1,
            compute_capability: (8, 9),
            memory_mib: 23_034,
            context_mib: 300,
            session_mib: 60,
            nvdec: 4,
            nvenc: 2,
            sessions_max: 1000,
            decode: vec![
                decode(Codec::H264, 8, (48, 16), 4096),
                decode(Codec::Hevc, 8, (144, 144), 8192),
                decode(Codec::Hevc, 10, (144, 144), 8192),
            ],
            encode: vec![
                Encode {
                    codec: Codec::H264,
                    ten_bit: false,
                    b_frames: 4,
                    lookahead: true,
                    min: (145, 49),
                    max: (4096, 4096),
                },
                Encode {
                    codec: Codec::Hevc,
                    ten_bit: true,
                    b_frames: 5,
                    lookahead: true,
                    min: (129, 33),
                    max: (8192, 8192),
                },
            ],
            parameter_sets: 0,
            utilisation: (0, 0, 0, 0),
        }
    }

    /// An H200: seven decode engines, much memory, no encoder.
    #[must_use]
    pub fn h200() -> Self {
        Self {
            name: "NVIDIA H200".to_owned(),
            uuid: "6e657773-7265-656c-0000-000000000200".to_owned(),
            compute_capability: (9, 0),
            memory_mib: 143_771,
            nvdec: 7,
            nvenc: 0,
            encode: Vec::new(),
            ..Self::l4()
        }
    }

    /// A GeForce: one encode and one decode engine, 8 GB, and a cap on sessions.
    #[must_use]
    pub fn geforce(sessions_max: u32) -> Self {
        Self {
            name: "NVIDIA GeForce RTX 3060 Ti".to_owned(),
            uuid: "6e657773-7265-656c-0000-000000003060".to_owned(),
            compute_capability: (8, 6),
            memory_mib: 8192,
            nvdec: 1,
            nvenc: 1,
            sessions_max,
            ..Self::l4()
        }
    }

    /// The same device as another one in the machine: the `n`th, from 0.
    #[must_use]
    pub fn nth(mut self, n: u8) -> Self {
        let length = self.uuid.len().saturating_sub(2);
        self.uuid.truncate(length);
        self.uuid.push_str(&format!("{n:02x}"));
        self.pci_bus = n.saturating_add(1);
        self
    }
}
