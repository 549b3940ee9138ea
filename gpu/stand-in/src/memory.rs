//! Device memory: host memory behind addresses that no processor follows. Not the calls that ask for it.
//!
//! A device address is no address at all: on x86-64 it is not canonical, so that a client that looks into device memory from the
//! host dies as it would with a device. No address is given out twice: what was freed is never mistaken for something newer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::abi::{Answer, CuError, DevicePtr, Handle, int, size};
use crate::driver::{Taken, driver};
use crate::report;

/// Where device addresses begin.
const FIRST: DevicePtr = 0x00d0_0000_0000_0000;

/// What the driver aligns allocations to (cuMemAlloc promises 256).
const ALIGNMENT: u64 = 512;

/// What is left free between two allocations, so that running over the end of one is noticed.
const GAP: u64 = 4096;

static NEXT: AtomicU64 = AtomicU64::new(FIRST);
static BLOCKS: RwLock<BTreeMap<DevicePtr, Arc<Block>>> = RwLock::new(BTreeMap::new());

/// One allocation.
pub struct Block {
    base: DevicePtr,
    /// The device it is on.
    pub device: usize,
    /// The context it was made in.
    pub context: Handle,
    /// Whether a client made it, and so has to free it.
    pub clients: bool,
    /// Whether it may be used now; a decoder's surface only while it is mapped.
    open: AtomicBool,
    bytes: RwLock<Vec<u8>>,
    _taken: Taken,
}

impl Block {
    /// Its address.
    pub fn address(&self) -> DevicePtr {
        self.base
    }

    /// Lets clients use it, or not.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Release);
    }

    /// Fills it.
    pub fn fill(&self, write: impl FnOnce(&mut [u8])) {
        write(&mut self.bytes.write());
    }
}

/// Whether this is an address in device memory, of whatever validity.
pub fn is_device(address: DevicePtr) -> bool {
    (FIRST..NEXT.load(Ordering::Relaxed)).contains(&address)
}

/// Makes an allocation of `bytes` on a device, in a context.
///
/// # Errors
/// There is not that much left.
pub fn allocate(device: usize, context: Handle, bytes: usize, clients: bool) -> Answer<Arc<Block>> {
    if bytes == 0 {
        return Err(CuError::INVALID_VALUE);
    }
    let taken = driver().take(device, int(bytes))?;
    let stride = int::<u64>(bytes).next_multiple_of(ALIGNMENT) + GAP;
    let base = NEXT.fetch_add(stride, Ordering::Relaxed);
    let block = Arc::new(Block {
        base,
        device,
        context,
        clients,
        open: AtomicBool::new(true),
        bytes: RwLock::new(vec![0; bytes]),
        _taken: taken,
    });
    BLOCKS.write().insert(base, block.clone());
    Ok(block)
}

/// Frees one that a client made.
///
/// # Errors
/// There is none at that address: it was freed before, or never made.
pub fn free(address: DevicePtr) -> Answer {
    let mut blocks = BLOCKS.write();
    if blocks.get(&address).is_some_and(|b| b.clients) {
        blocks.remove(&address);
        return Ok(());
    }
    let before = if is_device(address) {
        "freed before, or inside an allocation"
    } else {
        "never allocated"
    };
    report::violation(format!("memory at {address:#x} is freed that was {before}"));
    Err(CuError::INVALID_VALUE)
}

/// Frees one that the driver made itself.
pub fn release(block: &Block) {
    BLOCKS.write().remove(&block.base);
}

/// Frees all of clients that `which` holds for, and returns how many there were and their bytes.
pub fn free_all(which: impl Fn(&Block) -> bool) -> (usize, u64) {
    let mut blocks = BLOCKS.write();
    let gone: Vec<_> = blocks
        .values()
        .filter(|b| b.clients && which(b))
        .map(|b| (b.base, b.bytes.read().len()))
        .collect();
    for (base, _) in &gone {
        blocks.remove(base);
    }
    let bytes = gone.iter().map(|(_, length)| int::<u64>(*length)).sum();
    (gone.len(), bytes)
}

/// Where `length` bytes lie, and how far into it.
fn find(address: DevicePtr, length: usize, how: &str) -> Answer<(Arc<Block>, usize)> {
    let wrong = |what: &str| {
        report::violation(format!(
            "{length} bytes at {address:#x} are {how} that {what}"
        ));
        CuError::ILLEGAL_ADDRESS
    };
    let found = BLOCKS
        .read()
        .range(..=address)
        .next_back()
        .map(|(_, b)| b.clone());
    let block = found.ok_or_else(|| wrong("are no device memory"))?;
    let offset = size(address - block.base)?;
    let room = block.bytes.read().len();
    if offset >= room {
        return Err(wrong("are freed, or were never allocated"));
    }
    if room - offset < length {
        return Err(wrong("run over the end of an allocation"));
    }
    if !block.open.load(Ordering::Acquire) {
        return Err(wrong("belong to a picture that is not mapped"));
    }
    driver().state(block.device)?.alive()?;
    Ok((block, offset))
}

/// Looks at memory.
///
/// # Errors
/// It is not all there, or not to be used now.
pub fn with<T>(address: DevicePtr, length: usize, look: impl FnOnce(&[u8]) -> T) -> Answer<T> {
    let (block, offset) = find(address, length, "read")?;
    let bytes = block.bytes.read();
    Ok(look(&bytes[offset..offset + length]))
}

/// Copies memory out.
///
/// # Errors
/// As [`with`].
pub fn read(address: DevicePtr, length: usize) -> Answer<Vec<u8>> {
    with(address, length, <[u8]>::to_vec)
}

/// Changes memory.
///
/// # Errors
/// As [`with`].
pub fn change<T>(
    address: DevicePtr,
    length: usize,
    change: impl FnOnce(&mut [u8]) -> T,
) -> Answer<T> {
    let (block, offset) = find(address, length, "written")?;
    let mut bytes = block.bytes.write();
    Ok(change(&mut bytes[offset..offset + length]))
}

/// The device memory lies on, and the context it was made in.
///
/// # Errors
/// As [`with`].
pub fn home(address: DevicePtr) -> Answer<(usize, Handle)> {
    find(address, 1, "used").map(|(block, _)| (block.device, block.context))
}

/// Where the allocation around an address begins, and its length.
///
/// # Errors
/// As [`with`].
pub fn range(address: DevicePtr) -> Answer<(DevicePtr, usize)> {
    find(address, 1, "used").map(|(block, _)| (block.base, block.bytes.read().len()))
}
