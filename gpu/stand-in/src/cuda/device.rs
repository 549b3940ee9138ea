//! What a device says of itself. Not what it does.

use std::ffi::{c_char, c_int};

use super::context::{current, ready};
use super::export;
use crate::abi::{Answer, CuError, Out, int, size};
use crate::driver::driver;

/// The 16 bytes of a device's identity.
type Uuid = [u8; 16];

/// Device attributes that a client may base decisions on, from cuda.h; others are 0.
mod attribute {
    pub const MAX_THREADS_PER_BLOCK: i32 = 1;
    pub const MAX_BLOCK_DIM_X: i32 = 2;
    pub const MAX_BLOCK_DIM_Z: i32 = 4;
    pub const MAX_GRID_DIM_X: i32 = 5;
    pub const MAX_GRID_DIM_Z: i32 = 7;
    pub const WARP_SIZE: i32 = 10;
    pub const TEXTURE_ALIGNMENT: i32 = 14;
    pub const MULTIPROCESSOR_COUNT: i32 = 16;
    pub const PCI_BUS_ID: i32 = 33;
    pub const UNIFIED_ADDRESSING: i32 = 41;
    pub const COMPUTE_CAPABILITY_MAJOR: i32 = 75;
    pub const COMPUTE_CAPABILITY_MINOR: i32 = 76;
}

/// The identity of a device as bytes.
///
/// # Errors
/// The configuration does not give 32 hexadecimal digits.
pub fn uuid(text: &str) -> Answer<Uuid> {
    let digits: Vec<u8> = text
        .trim_start_matches("GPU-")
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(int)
        .collect();
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    bytes.try_into().map_err(|_| CuError::INVALID_VALUE)
}

export! {
    fn cuDriverGetVersion(version: Out<c_int>) { version.put(driver().config().cuda_version) }

    fn cuDeviceGetCount(count: Out<c_int>) {
        ready()?;
        count.put(int(driver().count()))
    }

    fn cuDeviceGet(device: Out<c_int>, ordinal: c_int) {
        ready()?;
        driver().ordinal(ordinal)?;
        device.put(ordinal)
    }

    fn cuDeviceGetName(name: Out<c_char>, length: c_int, device: c_int) {
        let device = driver().device(driver().ordinal(device)?)?;
        name.put_text(&device.name, size(length)?)
    }

    fn cuDeviceGetUuid(out: Out<Uuid>, device: c_int) {
        out.put(uuid(&driver().device(driver().ordinal(device)?)?.uuid)?)
    }

    fn cuDeviceGetUuid_v2(out: Out<Uuid>, device: c_int) {
        out.put(uuid(&driver().device(driver().ordinal(device)?)?.uuid)?)
    }

    fn cuDeviceComputeCapability(major: Out<c_int>, minor: Out<c_int>, device: c_int) {
        let device = driver().device(driver().ordinal(device)?)?;
        major.put(device.compute_capability.0)?;
        minor.put(device.compute_capability.1)
    }

    fn cuDeviceTotalMem_v2(bytes: Out<usize>, device: c_int) {
        bytes.put(size(driver().memory(driver().ordinal(device)?)?.1)?)
    }

    fn cuDeviceGetPCIBusId(out: Out<c_char>, length: c_int, device: c_int) {
        let bus = driver().device(driver().ordinal(device)?)?.pci_bus;
        out.put_text(&format!("0000:{bus:02X}:00.0"), size(length)?)
    }

    fn cuDeviceGetAttribute(value: Out<c_int>, which: c_int, device: c_int) {
        use attribute::*;
        let device = driver().device(driver().ordinal(device)?)?;
        value.put(match which {
            MAX_THREADS_PER_BLOCK => 1024,
            MAX_BLOCK_DIM_X..MAX_BLOCK_DIM_Z => 1024,
            MAX_BLOCK_DIM_Z => 64,
            MAX_GRID_DIM_X => c_int::MAX,
            6..=MAX_GRID_DIM_Z => 65_535,
            WARP_SIZE => 32,
            TEXTURE_ALIGNMENT => 512,
            MULTIPROCESSOR_COUNT => 58,
            PCI_BUS_ID => device.pci_bus.into(),
            UNIFIED_ADDRESSING => 1,
            COMPUTE_CAPABILITY_MAJOR => device.compute_capability.0,
            COMPUTE_CAPABILITY_MINOR => device.compute_capability.1,
            _ => 0,
        })
    }

    fn cuMemGetInfo_v2(free: Out<usize>, total: Out<usize>) {
        let (_, context) = current()?;
        let (left, all) = driver().memory(context.device)?;
        free.put(size(left)?)?;
        total.put(size(all)?)
    }
}
