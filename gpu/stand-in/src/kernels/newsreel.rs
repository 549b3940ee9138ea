//! Our own scaling kernel: `newsreel-scale`'s scalar reference over device memory, every access of which is checked.
//!
//! It takes one argument, the block of `gpu/scale/src/block.rs`, as the PTX does.

use newsreel_scale::Depth;
use newsreel_scale::block::{BYTES, Block};
use newsreel_scale::reference::{self, Fault, Memory};

use super::{Arguments, Grid};
use crate::abi::{Answer, CuError};
use crate::{memory, report};

/// All rungs of one picture of 8 bits.
pub fn nv12(grid: &Grid, arguments: &Arguments) -> Answer {
    scale(grid, arguments, Depth::Eight)
}

/// All rungs of one picture of 10 bits.
pub fn p010(grid: &Grid, arguments: &Arguments) -> Answer {
    scale(grid, arguments, Depth::Ten)
}

fn scale(grid: &Grid, arguments: &Arguments, source: Depth) -> Answer {
    let words: [u32; BYTES / 4] = arguments.get(0)?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let Some(block) = Block::from_bytes(&bytes) else {
        report::violation("the scaling kernel was launched with no argument block".to_owned());
        return Err(CuError::INVALID_VALUE);
    };
    let (columns, rows) = block.tiles();
    if grid.blocks != [columns, rows, 2] {
        // With fewer, a part of the picture is left out; with more, threads read beyond the table.
        report::violation(format!(
            "the scaling kernel was launched with {:?} blocks for {columns}x{rows} tiles",
            grid.blocks
        ));
        return Err(CuError::INVALID_VALUE);
    }
    reference::execute(source, &block, &mut DeviceMemory).map_err(|_| CuError::ILLEGAL_ADDRESS)
}

struct DeviceMemory;

impl Memory for DeviceMemory {
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        let fault = fault(address, bytes.len());
        memory::with(address, bytes.len(), |held| bytes.copy_from_slice(held)).map_err(|_| fault)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let fault = fault(address, bytes.len());
        memory::change(address, bytes.len(), |held| held.copy_from_slice(bytes)).map_err(|_| fault)
    }
}

fn fault(address: u64, bytes: usize) -> Fault {
    Fault { address, bytes }
}
