//! Copies: between host and device memory in all directions, counted, checked on both sides. Not the memory.

use std::ffi::c_int;

use newsreel_stand_in_kit::Stage;

use super::context::current;
use super::export;
use crate::abi::{Answer, CuError, DevicePtr, HostPtr, In, int};
use crate::{fault, memory, report};

/// One end of a copy.
#[derive(Clone, Copy)]
enum End {
    Host(HostPtr),
    Device(DevicePtr),
}

/// Rows of bytes at one end.
#[derive(Clone, Copy)]
struct Rows {
    end: End,
    /// Bytes before the first.
    offset: usize,
    /// Bytes from one row to the next.
    pitch: usize,
}

impl Rows {
    fn flat(end: End) -> Self {
        Self {
            end,
            offset: 0,
            pitch: 0,
        }
    }

    fn at(&self, row: usize) -> Answer<usize> {
        let skipped = row.checked_mul(self.pitch);
        skipped
            .and_then(|bytes| bytes.checked_add(self.offset))
            .ok_or(CuError::INVALID_VALUE)
    }
}

/// Device or host, by the address, as unified addressing tells it.
fn either(address: DevicePtr) -> Answer<End> {
    if memory::is_device(address) {
        return Ok(End::Device(address));
    }
    Ok(End::Host(HostPtr::at(address)?))
}

/// Copies `height` rows of `width` bytes.
fn copy(to: Rows, from: Rows, width: usize, height: usize) -> Answer {
    let (_, context) = current()?;
    if width == 0 || height == 0 {
        return Ok(());
    }
    fault::reach(context.device, Stage::Copy)?;
    for row in 0..height {
        let (source, target) = (from.at(row)?, to.at(row)?);
        let bytes = match from.end {
            End::Host(host) => host.read(source, width)?.to_vec(),
            End::Device(address) => memory::read(address + int::<u64>(source), width)?,
        };
        match to.end {
            End::Host(host) => host.write(target, &bytes)?,
            End::Device(address) => {
                let address = address + int::<u64>(target);
                memory::change(address, width, |all| all.copy_from_slice(&bytes))?;
            }
        }
    }
    let bytes = int::<u64>(width).saturating_mul(int(height));
    report::count(|c| match (from.end, to.end) {
        (End::Host(_), End::Device(_)) => {
            c.host_to_device += 1;
            c.host_to_device_bytes += bytes;
        }
        (End::Device(_), End::Host(_)) => {
            c.device_to_host += 1;
            c.device_to_host_bytes += bytes;
        }
        (End::Device(_), End::Device(_)) => c.device_to_device += 1,
        (End::Host(_), End::Host(_)) => {}
    });
    Ok(())
}

fn flat(to: End, from: End, bytes: usize) -> Answer {
    copy(Rows::flat(to), Rows::flat(from), bytes, 1)
}

/// `CUDA_MEMCPY2D`, from cuda.h.
#[repr(C)]
pub struct Memcpy2D {
    src_x: usize,
    src_y: usize,
    src_type: c_int,
    src_host: HostPtr,
    src_device: DevicePtr,
    src_array: u64,
    src_pitch: usize,
    dst_x: usize,
    dst_y: usize,
    dst_type: c_int,
    dst_host: HostPtr,
    dst_device: DevicePtr,
    dst_array: u64,
    dst_pitch: usize,
    width: usize,
    height: usize,
}

const _: () = assert!(size_of::<Memcpy2D>() == 128);

/// One end of it: `kind` is a `CUmemorytype`.
fn rows(
    kind: c_int,
    host: HostPtr,
    device: DevicePtr,
    (x, y): (usize, usize),
    pitch: usize,
) -> Answer<Rows> {
    let end = match kind {
        1 => End::Host(host),
        2 => End::Device(device),
        4 => either(device)?,
        _ => return Err(CuError::NOT_SUPPORTED),
    };
    let offset = y.checked_mul(pitch).and_then(|bytes| bytes.checked_add(x));
    let offset = offset.ok_or(CuError::INVALID_VALUE)?;
    Ok(Rows { end, offset, pitch })
}

fn copy_2d(about: &Memcpy2D) -> Answer {
    let a = about;
    if a.width > a.src_pitch || a.width > a.dst_pitch {
        return Err(CuError::INVALID_VALUE);
    }
    let from = (a.src_x, a.src_y);
    let from = rows(a.src_type, a.src_host, a.src_device, from, a.src_pitch)?;
    let to = (a.dst_x, a.dst_y);
    let to = rows(a.dst_type, a.dst_host, a.dst_device, to, a.dst_pitch)?;
    copy(to, from, a.width, a.height)
}

export! {
    fn cuMemcpy(to: DevicePtr, from: DevicePtr, bytes: usize) { flat(either(to)?, either(from)?, bytes) }

    fn cuMemcpyAsync(to: DevicePtr, from: DevicePtr, bytes: usize, _stream: u64) {
        flat(either(to)?, either(from)?, bytes)
    }

    fn cuMemcpyHtoD_v2(to: DevicePtr, from: HostPtr, bytes: usize) {
        flat(End::Device(to), End::Host(from), bytes)
    }

    fn cuMemcpyHtoDAsync_v2(to: DevicePtr, from: HostPtr, bytes: usize, _stream: u64) {
        flat(End::Device(to), End::Host(from), bytes)
    }

    fn cuMemcpyDtoH_v2(to: HostPtr, from: DevicePtr, bytes: usize) {
        flat(End::Host(to), End::Device(from), bytes)
    }

    fn cuMemcpyDtoHAsync_v2(to: HostPtr, from: DevicePtr, bytes: usize, _stream: u64) {
        flat(End::Host(to), End::Device(from), bytes)
    }

    fn cuMemcpyDtoD_v2(to: DevicePtr, from: DevicePtr, bytes: usize) {
        flat(End::Device(to), End::Device(from), bytes)
    }

    fn cuMemcpyDtoDAsync_v2(to: DevicePtr, from: DevicePtr, bytes: usize, _stream: u64) {
        flat(End::Device(to), End::Device(from), bytes)
    }

    fn cuMemcpy2D_v2(about: In<Memcpy2D>) { copy_2d(about.get()?) }

    fn cuMemcpy2DAsync_v2(about: In<Memcpy2D>, _stream: u64) { copy_2d(about.get()?) }
}
