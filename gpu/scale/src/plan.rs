//! What one launch does, worked out once for a source and its rungs: the table, the block's constant part, the launch's size.

use crate::axis::{Axis, Line};
use crate::block::{self, Block, MAX_RUNGS, Region, Rung, Surface};
use crate::tiles::{self, Tiles};
use crate::{Filter, PlanError, Siting};

/// The largest width and height of sources and rungs, in samples.
const MAX_SIZE: u32 = 16384;

/// Bits of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// NV12: one byte per sample.
    Eight,
    /// P010: the high ten bits of two bytes, little-endian.
    Ten,
}

impl Depth {
    /// Bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Ten => 10,
        }
    }

    /// Bytes of a sample in memory.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Ten => 2,
        }
    }
}

/// A rung's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RungSize {
    /// Even, in luma samples.
    pub width: u32,
    /// Even, in luma samples.
    pub height: u32,
    /// Of its samples.
    pub depth: Depth,
}

/// What is to be scaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Of the source's samples.
    pub depth: Depth,
    /// The source's size in luma samples: nothing beyond it is read.
    pub size: (u32, u32),
    /// Left, top, width, height in luma samples: what every rung shows. Nothing beyond it is read, but for half a chroma
    /// sample where an edge is odd.
    pub crop: (u32, u32, u32, u32),
    /// Of source and rungs alike.
    pub siting: Siting,
    /// The filter.
    pub filter: Filter,
    /// One to [`MAX_RUNGS`].
    pub rungs: Vec<RungSize>,
}

/// A launch without addresses: see [`crate::block`].
#[derive(Clone, Debug)]
pub struct Plan {
    depth: Depth,
    table: Vec<u8>,
    block: Block,
    shared_bytes: u32,
}

impl Plan {
    /// Works a request out.
    ///
    /// # Errors
    /// What the kernel cannot do.
    pub fn new(request: &Request) -> Result<Self, PlanError> {
        check(request)?;
        let lines = Lines::of(request);
        let axes = request
            .rungs
            .iter()
            .map(|rung| lines.axes(request.filter, rung))
            .collect::<Result<Vec<_>, _>>()?;
        let tiles = tiles::choose(request.depth, lines.regions.map(|(_, len)| len), &axes)?;
        let small = |value: usize| u32::try_from(value).map_err(|_| PlanError::Ratio);
        let mut table = Vec::new();
        let mut rungs = Vec::new();
        for (k, (rung, axes)) in request.rungs.iter().zip(&axes).enumerate() {
            let mut entries = [block::Axis::default(); 4];
            for (a, axis) in axes.iter().enumerate() {
                entries[a] = entry(&mut table, axis, &tiles.cuts[a].firsts[k])?;
            }
            rungs.push(Rung {
                surface: Surface::default(),
                depth: rung.depth.bits(),
                axes: entries,
            });
        }
        Ok(Self {
            depth: request.depth,
            table,
            block: Block {
                regions: [lines.region(0, &tiles)?, lines.region(1, &tiles)?],
                rungs,
                ..Block::default()
            },
            shared_bytes: small(tiles.shared)?,
        })
    }

    /// What the table's device memory must hold; it does not change from frame to frame.
    #[must_use]
    pub fn table(&self) -> &[u8] {
        &self.table
    }

    /// The kernel to launch.
    #[must_use]
    pub fn kernel_name(&self) -> &'static str {
        block::kernel_name(self.depth)
    }

    /// Blocks along each axis.
    #[must_use]
    pub fn grid(&self) -> (u32, u32, u32) {
        let (columns, rows) = self.block.tiles();
        (columns, rows, 2)
    }

    /// Dynamic shared memory of a block, at most 48 KiB.
    #[must_use]
    pub fn shared_bytes(&self) -> u32 {
        self.shared_bytes
    }

    /// The argument block for one frame; `None` where there are not as many surfaces as rungs.
    #[must_use]
    pub fn block(&self, table: u64, source: Surface, rungs: &[Surface]) -> Option<Block> {
        let mut block = self.block.clone();
        block.table = table;
        block.source = source;
        for (rung, surface) in block.rungs.iter_mut().zip(rungs) {
            rung.surface = *surface;
        }
        (rungs.len() == self.block.rungs.len()).then_some(block)
    }
}

pub(crate) fn check(request: &Request) -> Result<(), PlanError> {
    let count = request.rungs.len();
    if !(1..=MAX_RUNGS).contains(&count) {
        return Err(PlanError::RungCount(count));
    }
    let even = |v: u32| v.is_multiple_of(2) && (2..=MAX_SIZE).contains(&v);
    if let Some(rung) = request
        .rungs
        .iter()
        .find(|r| !even(r.width) || !even(r.height))
    {
        return Err(PlanError::RungSize(rung.width, rung.height));
    }
    let (left, top, width, height) = request.crop;
    let inside = |from: u32, len: u32, of: u32| {
        len > 0 && of <= MAX_SIZE && from.checked_add(len).is_some_and(|end| end <= of)
    };
    let sound = inside(left, width, request.size.0) && inside(top, height, request.size.1);
    if sound { Ok(()) } else { Err(PlanError::Crop) }
}

/// Puts an axis into the table.
fn entry(table: &mut Vec<u8>, axis: &Axis, firsts: &[usize]) -> Result<block::Axis, PlanError> {
    let small = |value: usize| u32::try_from(value).map_err(|_| PlanError::Ratio);
    let whole = |value: &usize| i32::try_from(*value).map_err(|_| PlanError::Ratio);
    let starts = small(table.len())?;
    for start in &axis.starts {
        table.extend(whole(start)?.to_le_bytes());
    }
    let weights = small(table.len())?;
    for tap in 0..axis.taps {
        table.extend(axis.weights.iter().flat_map(|w| w[tap].to_le_bytes()));
    }
    table.resize(table.len().next_multiple_of(4), 0);
    let begin = small(table.len())?;
    for first in firsts {
        table.extend(whole(first)?.to_le_bytes());
    }
    Ok(block::Axis {
        out: small(axis.starts.len())?,
        taps: small(axis.taps)?,
        starts,
        weights,
        firsts: begin,
    })
}

/// The four axes' places in the source, in samples of their planes: luma columns and rows, chroma columns and rows.
pub(crate) struct Lines {
    crop: (u32, u32, u32, u32),
    siting: Siting,
    /// First readable sample and number of readable samples.
    pub(crate) regions: [(u32, usize); 4],
}

impl Lines {
    pub(crate) fn of(request: &Request) -> Self {
        let (left, top, width, height) = request.crop;
        let luma = |from: u32, len: u32| (from, len);
        let chroma = |from: u32, len: u32| (from / 2, (from + len).div_ceil(2) - from / 2);
        let regions = [
            luma(left, width),
            luma(top, height),
            chroma(left, width),
            chroma(top, height),
        ];
        Self {
            crop: request.crop,
            siting: request.siting,
            regions: regions.map(|(from, len)| (from, usize::try_from(len).unwrap_or(0))),
        }
    }

    pub(crate) fn axes(&self, filter: Filter, rung: &RungSize) -> Result<[Axis; 4], PlanError> {
        let (left, top, width, height) = self.crop;
        let (across, down) = self.siting.phases();
        let line = |a: usize, from: u32, len: u32, out: u32, phase: Option<f64>| {
            let (first, region) = self.regions[a];
            let step = f64::from(len) / f64::from(out);
            // In luma samples from the surface's edge, the first output sample is at `from + phase * step`.
            let (phase, apart) = phase.map_or((0.5, 1.0), |phase| (phase, 2.0));
            let origin = (f64::from(from) + phase * step - phase) / apart - f64::from(first);
            let out = usize::try_from(out).unwrap_or(0) / if apart > 1.0 { 2 } else { 1 };
            Axis::new(
                filter,
                Line {
                    region,
                    out,
                    origin,
                    step,
                },
            )
        };
        Ok([
            line(0, left, width, rung.width, None)?,
            line(1, top, height, rung.height, None)?,
            line(2, left, width, rung.width, Some(across))?,
            line(3, top, height, rung.height, Some(down))?,
        ])
    }

    fn region(&self, plane: usize, tiles: &Tiles) -> Result<Region, PlanError> {
        let small = |value: usize| u32::try_from(value).map_err(|_| PlanError::Ratio);
        let (columns, rows) = (2 * plane, 2 * plane + 1);
        let ((x, width), (y, height)) = (self.regions[columns], self.regions[rows]);
        Ok(Region {
            x,
            y,
            width: small(width)?,
            height: small(height)?,
            core_width: small(tiles.cuts[columns].core)?,
            core_height: small(tiles.cuts[rows].core)?,
            halo_x: small(tiles.cuts[columns].halo)?,
            halo_y: small(tiles.cuts[rows].halo)?,
        })
    }
}
