//! How the source is cut into tiles, and which output samples each tile makes. Not the weights.

use crate::axis::Axis;
use crate::{Depth, PlanError};

/// Sizes of a tile's core in luma samples, best first: wide ones keep warps full, all are even so that chroma is cut alike.
const CORES: [(usize, usize); 7] = [
    (128, 64),
    (64, 64),
    (64, 32),
    (32, 32),
    (32, 16),
    (16, 16),
    (8, 8),
];

/// Dynamic shared memory every device since sm_50 gives a block without being asked for more, in bytes.
pub const SHARED_MOST: usize = 48 * 1024;

/// What two blocks of a multiprocessor with 64 KiB (Turing) may take each: with more, nothing hides the waiting.
const SHARED_GOOD: usize = 30 * 1024;

/// The cut of one plane along one axis.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Source samples of a tile.
    pub core: usize,
    /// Source samples it reads beyond, on either side.
    pub halo: usize,
    /// For each rung: the first output sample of each tile, and at last the number of output samples.
    pub firsts: Vec<Vec<usize>>,
}

/// Both planes' cuts, columns before rows.
#[derive(Clone, Debug)]
pub struct Tiles {
    /// Luma columns, luma rows, chroma columns, chroma rows.
    pub cuts: [Cut; 4],
    /// Bytes of shared memory a block needs.
    pub shared: usize,
}

/// Cuts the source for these rungs; `regions` and the axes are in the order of [`Tiles::cuts`].
///
/// # Errors
/// [`PlanError::Ratio`] where not even the smallest tile fits.
pub fn choose(source: Depth, regions: [usize; 4], rungs: &[[Axis; 4]]) -> Result<Tiles, PlanError> {
    let cuts = CORES.map(|core| cut(source, core, regions, rungs));
    let good = cuts.iter().find(|tiles| tiles.shared <= SHARED_GOOD);
    let chosen = good.or_else(|| cuts.iter().find(|tiles| tiles.shared <= SHARED_MOST));
    chosen.cloned().ok_or(PlanError::Ratio)
}

fn cut(source: Depth, core: (usize, usize), regions: [usize; 4], rungs: &[[Axis; 4]]) -> Tiles {
    let cores = [core.0, core.1, core.0 / 2, core.1 / 2];
    let tiles = |a: usize| regions[a].div_ceil(cores[a]);
    let count = (tiles(0).max(tiles(2)), tiles(1).max(tiles(3)));
    let cuts = [0, 1, 2, 3].map(|a| {
        let count = if a % 2 == 0 { count.0 } else { count.1 };
        let axes = rungs.iter().map(|rung| &rung[a]);
        Cut {
            core: cores[a],
            halo: axes.clone().map(|axis| axis.taps / 2).max().unwrap_or(0),
            firsts: axes.map(|axis| firsts(axis, cores[a], count)).collect(),
        }
    });
    let shared =
        [(0, 1), (2, 2)].map(|(a, channels)| shared(source, channels, &cuts[a], &cuts[a + 1]));
    Tiles {
        cuts,
        shared: shared[0].max(shared[1]),
    }
}

/// An output sample belongs to the tile its middle source sample lies in: then half the taps on either side are enough.
fn firsts(axis: &Axis, core: usize, count: usize) -> Vec<usize> {
    let before = |end: usize| axis.starts.partition_point(|s| s + axis.taps / 2 < end);
    let mut firsts: Vec<usize> = (0..count).map(|tile| before(tile * core)).collect();
    firsts.push(axis.starts.len());
    firsts
}

/// The tile's samples, then rows of 16-bit values of the rung that makes the most of them.
fn shared(source: Depth, channels: usize, columns: &Cut, rows: &Cut) -> usize {
    let width = (columns.core + 2 * columns.halo) * channels;
    let height = rows.core + 2 * rows.halo;
    let made = columns.firsts.iter().flat_map(|f| f.windows(2));
    let most = made.map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    let tile = width * height * source.bytes();
    tile.next_multiple_of(4) + most * channels * height * 2
}
