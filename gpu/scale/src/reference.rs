//! What the kernel does, in plain Rust: from the argument block and device memory alone, plane by plane instead of tile by tile.
//!
//! Tests compare the kernel with it, and a driver made for tests runs it in the kernel's place. Not fast.

use std::fmt;

use crate::Depth;
use crate::block::{Axis, Block, Region, Rung};

/// Device memory, by address.
pub trait Memory {
    /// Fills `bytes` from `address` on.
    ///
    /// # Errors
    /// A part of it is not device memory.
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault>;

    /// Writes `bytes` from `address` on.
    ///
    /// # Errors
    /// A part of it is not device memory.
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault>;
}

/// An access beyond device memory, or a block that makes no sense: on a device, an illegal address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first byte that could not be reached; 0 where the block itself is at fault.
    pub address: u64,
    /// How many were asked for.
    pub bytes: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes at {:#x} cannot be reached",
            self.bytes, self.address
        )
    }
}

impl std::error::Error for Fault {}

const BAD_BLOCK: Fault = Fault {
    address: 0,
    bytes: 0,
};

/// Writes every rung of a launch.
///
/// # Errors
/// The first access that is not device memory.
pub fn execute(source: Depth, block: &Block, memory: &mut dyn Memory) -> Result<(), Fault> {
    let addresses = [block.source.luma, block.source.chroma];
    let pitches = [block.source.luma_pitch, block.source.chroma_pitch];
    for plane in 0..2 {
        let region = block.regions[plane];
        let channels = plane + 1;
        let source_plane = Plane {
            depth: source,
            address: addresses[plane],
            pitch: pitches[plane],
            region,
            channels,
        };
        let samples = source_plane.read(memory)?;
        for rung in &block.rungs {
            let columns = Weights::read(memory, block.table, &rung.axes[2 * plane])?;
            let rows = Weights::read(memory, block.table, &rung.axes[2 * plane + 1])?;
            columns.check(region.width)?;
            rows.check(region.height)?;
            let between = filter_rows(
                &samples,
                size(region.width)?,
                channels,
                &columns,
                source.bits(),
            );
            write_columns(
                memory,
                rung,
                plane,
                columns.starts.len() * channels,
                &between,
                &rows,
            )?;
        }
    }
    Ok(())
}

struct Plane {
    depth: Depth,
    address: u64,
    pitch: u32,
    region: Region,
    channels: usize,
}

impl Plane {
    /// The region's samples, row after row.
    fn read(&self, memory: &dyn Memory) -> Result<Vec<i32>, Fault> {
        let wide = self.depth.bytes() * self.channels;
        let mut row = vec![0; size(self.region.width)? * wide];
        let left = u64::from(self.region.x) * size64(wide);
        let mut samples = Vec::new();
        for y in 0..self.region.height {
            let y = u64::from(self.region.y) + u64::from(y);
            memory.read(self.address + y * u64::from(self.pitch) + left, &mut row)?;
            match self.depth {
                Depth::Eight => samples.extend(row.iter().map(|v| i32::from(*v))),
                Depth::Ten => samples.extend(
                    row.as_chunks()
                        .0
                        .iter()
                        .map(|v| i32::from(u16::from_le_bytes(*v) >> 6)),
                ),
            }
        }
        Ok(samples)
    }
}

/// An axis's part of the table: weights by output sample.
struct Weights {
    starts: Vec<usize>,
    taps: usize,
    weights: Vec<i32>,
}

impl Weights {
    fn read(memory: &dyn Memory, table: u64, axis: &Axis) -> Result<Self, Fault> {
        let (out, taps) = (size(axis.out)?, size(axis.taps)?);
        let mut starts = vec![0; out * 4];
        memory.read(table + u64::from(axis.starts), &mut starts)?;
        let mut weights = vec![0; out * taps * 2];
        memory.read(table + u64::from(axis.weights), &mut weights)?;
        let starts = starts.as_chunks().0.iter().map(|s| u32::from_le_bytes(*s));
        let by_tap: Vec<i32> = weights
            .as_chunks()
            .0
            .iter()
            .map(|w| i32::from(i16::from_le_bytes(*w)))
            .collect();
        let order = (0..out).flat_map(|j| (0..taps).map(move |t| t * out + j));
        Ok(Self {
            starts: starts.map(size).collect::<Result<_, _>>()?,
            taps,
            weights: order.map(|at| by_tap[at]).collect(),
        })
    }

    /// Whether every output sample is made from samples of the region.
    fn check(&self, region: u32) -> Result<(), Fault> {
        let region = size(region)?;
        let inside = self.starts.iter().all(|s| s + self.taps <= region);
        if inside && self.taps > 0 {
            Ok(())
        } else {
            Err(BAD_BLOCK)
        }
    }

    fn of(&self, j: usize) -> &[i32] {
        &self.weights[j * self.taps..(j + 1) * self.taps]
    }
}

/// Rows filtered to 14 bits: weights have 14 fractional bits, so what is shifted away is the depth.
fn filter_rows(
    samples: &[i32],
    width: usize,
    channels: usize,
    columns: &Weights,
    bits: u32,
) -> Vec<i32> {
    let half = 1 << (bits - 1);
    let mut between = Vec::new();
    for row in samples.chunks_exact(width * channels) {
        for (j, start) in columns.starts.iter().enumerate() {
            for channel in 0..channels {
                let taken = row[start * channels + channel..].iter().step_by(channels);
                let sum: i32 = taken.zip(columns.of(j)).map(|(v, w)| v * w).sum();
                between.push((sum + half) >> bits);
            }
        }
    }
    between
}

/// Columns filtered from 14 bits to the rung's depth, and written.
fn write_columns(
    memory: &mut dyn Memory,
    rung: &Rung,
    plane: usize,
    width: usize,
    between: &[i32],
    rows: &Weights,
) -> Result<(), Fault> {
    let surface = &rung.surface;
    let (address, pitch) = [
        (surface.luma, surface.luma_pitch),
        (surface.chroma, surface.chroma_pitch),
    ][plane];
    let most = (1 << rung.depth) - 1;
    let shift = 28 - rung.depth;
    let mut sums = vec![0; width];
    for (j, start) in rows.starts.iter().enumerate() {
        sums.fill(1 << (shift - 1));
        let taken = between[start * width..].chunks_exact(width);
        for (row, weight) in taken.zip(rows.of(j)) {
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, v)| *sum += v * weight);
        }
        let values = sums
            .iter()
            .map(|sum| u16::try_from((sum >> shift).clamp(0, most)).unwrap_or(0));
        let line: Vec<u8> = match rung.depth {
            8 => values.map(|v| u8::try_from(v).unwrap_or(u8::MAX)).collect(),
            _ => values.flat_map(|v| (v << 6).to_le_bytes()).collect(),
        };
        memory.write(address + size64(j) * u64::from(pitch), &line)?;
    }
    Ok(())
}

fn size(value: u32) -> Result<usize, Fault> {
    usize::try_from(value).map_err(|_| BAD_BLOCK)
}

fn size64(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
