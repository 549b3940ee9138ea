//! The calls that ask for device memory, and for host memory that is pinned. Not the memory, not the copies.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::{c_uint, c_void};

use newsreel_stand_in_kit::Stage;
use parking_lot::Mutex;

use super::context::current;
use super::export;
use crate::abi::{Answer, CuError, DevicePtr, HostPtr, Out, int, size};
use crate::{fault, memory, report};

/// Host memory given out by `cuMemHostAlloc`, by address, with its length.
static PINNED: Mutex<BTreeMap<u64, usize>> = Mutex::new(BTreeMap::new());

/// What a row of `cuMemAllocPitch` is rounded up to.
const PITCH: usize = 512;

fn allocate(bytes: usize) -> Answer<DevicePtr> {
    let (handle, context) = current()?;
    fault::reach(context.device, Stage::Alloc)?;
    Ok(memory::allocate(context.device, handle, bytes, true)?.address())
}

fn layout(bytes: usize) -> Answer<Layout> {
    Layout::from_size_align(bytes, 4096).map_err(|_| CuError::INVALID_VALUE)
}

fn pin(bytes: usize) -> Answer<*mut c_void> {
    current()?;
    if bytes == 0 {
        return Err(CuError::INVALID_VALUE);
    }
    // SAFETY: the layout is not empty.
    let pointer: *mut c_void = unsafe { alloc_zeroed(layout(bytes)?) }.cast();
    if pointer.is_null() {
        return Err(CuError::OUT_OF_MEMORY);
    }
    PINNED.lock().insert(HostPtr::of(pointer).address(), bytes);
    Ok(pointer)
}

fn free(address: DevicePtr) -> Answer {
    if address == 0 {
        return Ok(());
    }
    current()?;
    memory::free(address)
}

export! {
    fn cuMemAlloc_v2(out: Out<DevicePtr>, bytes: usize) { out.put(allocate(bytes)?) }

    fn cuMemAllocAsync(out: Out<DevicePtr>, bytes: usize, _stream: u64) { out.put(allocate(bytes)?) }

    fn cuMemAllocPitch_v2(out: Out<DevicePtr>, pitch: Out<usize>, width: usize, height: usize, _element: c_uint) {
        let row = width.next_multiple_of(PITCH);
        pitch.put(row)?;
        out.put(allocate(row.checked_mul(height).ok_or(CuError::INVALID_VALUE)?)?)
    }

    fn cuMemFree_v2(address: DevicePtr) { free(address) }

    fn cuMemFreeAsync(address: DevicePtr, _stream: u64) { free(address) }

    fn cuMemHostAlloc(out: Out<*mut c_void>, bytes: usize, _flags: c_uint) { out.put(pin(bytes)?) }

    fn cuMemAllocHost_v2(out: Out<*mut c_void>, bytes: usize) { out.put(pin(bytes)?) }

    fn cuMemFreeHost(pointer: *mut c_void) {
        let Some(bytes) = PINNED.lock().remove(&HostPtr::of(pointer).address()) else {
            report::violation("pinned memory is freed that was freed before, or never pinned".to_owned());
            return Err(CuError::INVALID_VALUE);
        };
        // SAFETY: `pin` made it with this layout, and the table knew it until now.
        unsafe { dealloc(pointer.cast(), layout(bytes)?) };
        Ok(())
    }

    fn cuMemGetAddressRange_v2(base: Out<DevicePtr>, length: Out<usize>, address: DevicePtr) {
        let (start, bytes) = memory::range(address)?;
        base.offer(start);
        length.offer(bytes);
        Ok(())
    }

    fn cuMemsetD8_v2(address: DevicePtr, value: u8, bytes: usize) {
        current()?;
        memory::change(address, bytes, |all| all.fill(value))
    }

    fn cuMemsetD8Async(address: DevicePtr, value: u8, bytes: usize, _stream: u64) {
        current()?;
        memory::change(address, bytes, |all| all.fill(value))
    }

    fn cuMemsetD32_v2(address: DevicePtr, value: c_uint, count: usize) {
        current()?;
        let bytes = size(int::<u64>(count).saturating_mul(4))?;
        memory::change(address, bytes, |all| {
            for word in all.chunks_exact_mut(4) {
                word.copy_from_slice(&value.to_ne_bytes());
            }
        })
    }
}
