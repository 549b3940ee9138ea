//! The structures of libnvidia-encode, as nvEncodeAPI.h of the Video Codec SDK 11.1 lays them out, each up to the last field that is
//! used here. They are the client's: nothing here needs their size. Not their meaning.

use std::ffi::{c_char, c_void};

use super::guid::Guid;
use super::{Answer, Status};
use crate::abi::{DevicePtr, Handle};
use crate::driver::driver;
use crate::report;

/// The interface that encoding is written for, as FFmpeg 5.1's headers number it.
pub const API: u32 = 11 | 1 << 24;

/// The kinds of structures, with the revisions of SDK 11.1 and the newest known.
#[derive(Clone, Copy)]
pub enum Kind {
    FunctionList,
    OpenSession,
    Caps,
    PresetConfig,
    Config,
    Initialize,
    InputBuffer,
    BitstreamBuffer,
    LockInput,
    LockBitstream,
    Register,
    Map,
    Picture,
    Sequence,
}

impl Kind {
    /// The revisions that are known: of 11.1, and the last.
    const fn revisions(self) -> (u32, u32) {
        match self {
            Self::FunctionList => (2, 2),
            Self::OpenSession | Self::Caps | Self::BitstreamBuffer => (1, 1),
            Self::PresetConfig => (4, 5),
            Self::Config => (7, 9),
            Self::Initialize => (5, 7),
            Self::InputBuffer => (1, 2),
            Self::LockInput | Self::Sequence => (1, 1),
            Self::LockBitstream => (1, 2),
            Self::Register => (3, 5),
            Self::Map => (4, 4),
            Self::Picture => (4, 7),
        }
    }

    /// Whether a client's structure is one the driver knows.
    ///
    /// # Errors
    /// Its version is none, or of a newer interface than the driver's.
    pub fn known(self, version: u32) -> Answer {
        let (first, last) = self.revisions();
        let (major, minor) = driver().config().nvenc_api;
        let api = version & 0x0f00_00ff;
        let newer = (api & 0xff, api >> 24) > (major, minor);
        // Bits 28 to 30 are a mark, 31 says that the structure has grown.
        let marked = version >> 28 & 7 == 7;
        let revision = version >> 16 & 0xff;
        if marked && !newer && (first..=last).contains(&revision) {
            return Ok(());
        }
        report::violation(format!("a structure has the unknown version {version:#x}"));
        Err(Status::INVALID_VERSION)
    }

    /// Whether it is also laid out as it is here.
    ///
    /// # Errors
    /// As [`Self::known`], or it is another interface's, for which the stand-in does not encode.
    pub fn readable(self, version: u32) -> Answer {
        self.known(version)?;
        if version & 0x0f00_00ff == API && version >> 16 & 0xff == self.revisions().0 {
            return Ok(());
        }
        report::violation("the stand-in encodes only for the interface 11.1".to_owned());
        Err(Status::INVALID_VERSION)
    }
}

/// `NV_ENCODE_API_FUNCTION_LIST`.
#[repr(C)]
pub struct FunctionList {
    pub version: u32,
    reserved: u32,
    pub functions: [*const c_void; 41],
}

/// `NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS`.
#[repr(C)]
pub struct OpenSession {
    pub version: u32,
    pub device_type: u32,
    pub device: Handle,
    reserved: *mut c_void,
    pub api: u32,
}

/// `NV_ENC_CAPS_PARAM`.
#[repr(C)]
pub struct Caps {
    pub version: u32,
    pub which: i32,
}

/// `NV_ENC_QP`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Quantisers {
    pub p: u32,
    pub b: u32,
    pub i: u32,
}

/// `NV_ENC_RC_PARAMS`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RateControl {
    version: u32,
    pub mode: u32,
    pub constant: Quantisers,
    pub average: u32,
    pub most: u32,
    pub buffer: u32,
    initial_delay: u32,
    pub flags: u32,
    bounds: [Quantisers; 3],
    temporal_mask: u32,
    temporal: [u8; 8],
    pub quality: u8,
    pub quality_fraction: u8,
    pub lookahead: u16,
    rest: [u32; 9],
}

/// `NV_ENC_CONFIG`, with the beginning of its codec's part.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub version: u32,
    pub profile: Guid,
    pub gop: u32,
    pub interval: i32,
    monochrome: u32,
    pub fields: u32,
    motion: u32,
    pub rate: RateControl,
    /// `NV_ENC_CONFIG_H264` or `NV_ENC_CONFIG_HEVC`.
    pub codec: [u32; 48],
}

/// `NV_ENC_PRESET_CONFIG`.
#[repr(C)]
pub struct PresetConfig {
    pub version: u32,
    padding: u32,
    pub config: Config,
}

/// `NV_ENC_INITIALIZE_PARAMS`.
#[repr(C)]
pub struct Initialize {
    pub version: u32,
    pub codec: Guid,
    pub preset: Guid,
    pub width: u32,
    pub height: u32,
    pub display_width: u32,
    pub display_height: u32,
    pub rate_num: u32,
    pub rate_den: u32,
    pub asynchronous: u32,
    pub decides_types: u32,
    flags: u32,
    private_size: u32,
    private: *mut c_void,
    pub config: *const Config,
}

/// `NV_ENC_CREATE_INPUT_BUFFER`.
#[repr(C)]
pub struct InputBuffer {
    pub version: u32,
    pub width: u32,
    pub height: u32,
    heap: u32,
    pub format: u32,
    reserved: u32,
    pub buffer: Handle,
}

/// `NV_ENC_CREATE_BITSTREAM_BUFFER`.
#[repr(C)]
pub struct BitstreamBuffer {
    pub version: u32,
    size: u32,
    heap: u32,
    reserved: u32,
    pub buffer: Handle,
}

/// `NV_ENC_LOCK_INPUT_BUFFER`.
#[repr(C)]
pub struct LockInput {
    pub version: u32,
    flags: u32,
    pub buffer: Handle,
    pub data: *mut c_void,
    pub pitch: u32,
}

/// `NV_ENC_LOCK_BITSTREAM`.
#[repr(C)]
pub struct LockBitstream {
    pub version: u32,
    /// The lowest bit asks not to wait.
    pub flags: u32,
    pub buffer: Handle,
    slices: *mut u32,
    pub frame: u32,
    hardware_status: u32,
    slice_count: u32,
    pub length: u32,
    pub time: u64,
    pub duration: u64,
    pub data: *const c_void,
    pub kind: u32,
    pub structure: u32,
    pub quantiser: u32,
}

/// `NV_ENC_REGISTER_RESOURCE`.
#[repr(C)]
pub struct Register {
    pub version: u32,
    pub kind: u32,
    pub width: u32,
    pub height: u32,
    pub pitch: u32,
    index: u32,
    pub address: DevicePtr,
    pub resource: Handle,
    pub format: u32,
}

/// `NV_ENC_MAP_INPUT_RESOURCE`.
#[repr(C)]
pub struct Map {
    pub version: u32,
    index: u32,
    input: *mut c_void,
    pub resource: Handle,
    pub mapped: Handle,
    pub format: u32,
}

/// `NV_ENC_PIC_PARAMS`.
#[repr(C)]
pub struct Picture {
    pub version: u32,
    pub width: u32,
    pub height: u32,
    pub pitch: u32,
    pub flags: u32,
    pub index: u32,
    pub time: u64,
    pub duration: u64,
    pub input: Handle,
    pub output: Handle,
    event: *mut c_void,
    pub format: u32,
    pub structure: u32,
    pub kind: u32,
}

/// `NV_ENC_SEQUENCE_PARAM_PAYLOAD`.
#[repr(C)]
pub struct Sequence {
    pub version: u32,
    pub room: u32,
    sps_id: u32,
    pps_id: u32,
    pub data: *mut c_char,
    pub length: *mut u32,
}

// As the C compiler lays them out on a 64-bit Linux.
const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(OpenSession, api) == 24);
    assert!(size_of::<RateControl>() == 128);
    assert!(offset_of!(RateControl, average) == 20);
    assert!(offset_of!(RateControl, quality) == 88);
    assert!(offset_of!(Config, gop) == 20);
    assert!(offset_of!(Config, rate) == 40);
    assert!(offset_of!(Config, codec) == 168);
    assert!(offset_of!(PresetConfig, config) == 8);
    assert!(offset_of!(Initialize, width) == 36);
    assert!(offset_of!(Initialize, decides_types) == 64);
    assert!(offset_of!(Initialize, config) == 88);
    assert!(offset_of!(InputBuffer, buffer) == 24);
    assert!(offset_of!(BitstreamBuffer, buffer) == 16);
    assert!(offset_of!(LockInput, pitch) == 24);
    assert!(offset_of!(LockBitstream, frame) == 24);
    assert!(offset_of!(LockBitstream, length) == 36);
    assert!(offset_of!(LockBitstream, time) == 40);
    assert!(offset_of!(LockBitstream, data) == 56);
    assert!(offset_of!(LockBitstream, quantiser) == 72);
    assert!(offset_of!(Register, resource) == 32);
    assert!(offset_of!(Register, format) == 40);
    assert!(offset_of!(Map, mapped) == 24);
    assert!(offset_of!(Map, format) == 32);
    assert!(offset_of!(Picture, flags) == 16);
    assert!(offset_of!(Picture, time) == 24);
    assert!(offset_of!(Picture, input) == 40);
    assert!(offset_of!(Picture, format) == 64);
    assert!(offset_of!(Picture, kind) == 72);
    assert!(offset_of!(Sequence, data) == 16);
    assert!(offset_of!(Sequence, length) == 24);
};
