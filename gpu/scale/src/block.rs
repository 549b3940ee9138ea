//! The kernel's argument block and launch geometry: the one place where they are described. `scale.cu` mirrors it.
//!
//! The kernel takes one parameter, this block by value: [`BYTES`] bytes, little-endian, aligned to 8. A "plane" is 0 for
//! luma and 1 for chroma (U and V interleaved; a chroma sample is the pair), an "axis" 0 for columns and 1 for rows.
//!
//! | offset | type | meaning |
//! | --- | --- | --- |
//! | 0 | u64 × 2 | device addresses of the source's luma and chroma |
//! | 16 | u64 | device address of the table, aligned to 4 |
//! | 24 | u32 × 2 | bytes from one source row to the next, luma and chroma |
//! | 32 | u32 | rungs |
//! | 36 | u32 | unused, 0 |
//! | 40 | [`Region`] × 2 | 8 × u32 each, in the order of the fields: what is read of luma and of chroma |
//! | 104 | rung × 8 | 112 bytes each, zeros beyond the rungs there are |
//!
//! A rung:
//!
//! | offset | type | meaning |
//! | --- | --- | --- |
//! | 0 | u64 × 2 | device addresses of the rung's luma and chroma |
//! | 16 | u32 × 2 | bytes from one of its rows to the next, luma and chroma |
//! | 24 | u32 | bits of a sample: 8 (NV12) or 10 (P010: in the high bits of 16) |
//! | 28 | u32 | unused, 0 |
//! | 32 | [`Axis`] × 4 | 5 × u32 each, in the order of the fields: luma columns, luma rows, chroma columns, chroma rows |
//!
//! The launch: the kernel [`kernel_name`] for the source's depth, blocks of 32 × 8 threads (others work too), a grid of
//! `tiles` columns, `tiles` rows and 2 layers (the plane), and as many bytes of dynamic shared memory as the plan says.

use crate::Depth;

/// Rungs of one launch, at most.
pub const MAX_RUNGS: usize = 8;

/// Size of the block.
pub const BYTES: usize = RUNGS_AT + MAX_RUNGS * RUNG_BYTES;

/// Threads of a block along each axis.
pub const THREADS: (u32, u32) = (32, 8);

const RUNGS_AT: usize = 104;
const RUNG_BYTES: usize = 112;

/// The kernel's name in the module, by the depth of the source.
#[must_use]
pub fn kernel_name(source: Depth) -> &'static str {
    match source {
        Depth::Eight => "newsreel_scale_nv12",
        Depth::Ten => "newsreel_scale_p010",
    }
}

/// The depth of the source a kernel of this name reads; `None` where it is no kernel of ours.
#[must_use]
pub fn kernel_source(name: &str) -> Option<Depth> {
    [Depth::Eight, Depth::Ten]
        .into_iter()
        .find(|depth| kernel_name(*depth) == name)
}

/// What is read of a source plane, and how it is cut into tiles; all in samples of that plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// First column that may be read.
    pub x: u32,
    /// First row that may be read.
    pub y: u32,
    /// Columns that may be read.
    pub width: u32,
    /// Rows that may be read.
    pub height: u32,
    /// Columns of a tile, without what it shares with its neighbours.
    pub core_width: u32,
    /// Rows of a tile, likewise.
    pub core_height: u32,
    /// Columns a tile reads beyond its core on either side.
    pub halo_x: u32,
    /// Rows a tile reads beyond its core on either side.
    pub halo_y: u32,
}

/// How the samples of one axis of a rung's plane are made. Sections of the table are given by their offset in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    /// Output samples.
    pub out: u32,
    /// Weights of each.
    pub taps: u32,
    /// `out` × i32: the first source sample of each, counted from the region's first.
    pub starts: u32,
    /// `taps` × `out` × i16, all first weights before all second ones; 16384 is one.
    pub weights: u32,
    /// (tiles + 1) × i32: the first output sample each tile makes; the last entry is `out`.
    pub firsts: u32,
}

/// A surface in device memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    /// Device address of the first luma sample.
    pub luma: u64,
    /// Device address of the first chroma pair.
    pub chroma: u64,
    /// Bytes from one luma row to the next.
    pub luma_pitch: u32,
    /// Bytes from one chroma row to the next.
    pub chroma_pitch: u32,
}

/// One rung of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rung {
    /// Where it is written.
    pub surface: Surface,
    /// Bits of a sample, 8 or 10.
    pub depth: u32,
    /// Luma columns, luma rows, chroma columns, chroma rows.
    pub axes: [Axis; 4],
}

/// The argument block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// What is read.
    pub source: Surface,
    /// Device address of the table.
    pub table: u64,
    /// What may be read of luma and of chroma.
    pub regions: [Region; 2],
    /// What is written: at most [`MAX_RUNGS`].
    pub rungs: Vec<Rung>,
}

impl Block {
    /// The bytes the kernel takes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut writer = Writer([0; BYTES], 0);
        writer.u64s(&[self.source.luma, self.source.chroma, self.table]);
        writer.u32s(&[self.source.luma_pitch, self.source.chroma_pitch]);
        let rungs = &self.rungs[..self.rungs.len().min(MAX_RUNGS)];
        writer.u32s(&[u32::try_from(rungs.len()).unwrap_or(0), 0]);
        for r in &self.regions {
            writer.u32s(&[r.x, r.y, r.width, r.height]);
            writer.u32s(&[r.core_width, r.core_height, r.halo_x, r.halo_y]);
        }
        for rung in rungs {
            let to = &rung.surface;
            writer.u64s(&[to.luma, to.chroma]);
            writer.u32s(&[to.luma_pitch, to.chroma_pitch, rung.depth, 0]);
            for a in &rung.axes {
                writer.u32s(&[a.out, a.taps, a.starts, a.weights, a.firsts]);
            }
        }
        writer.0
    }

    /// Tiles along each axis: the columns and rows of the grid.
    #[must_use]
    pub fn tiles(&self) -> (u32, u32) {
        let most = |count: fn(&Region) -> u32| self.regions.iter().map(count).max().unwrap_or(0);
        (
            most(|r| r.width.div_ceil(r.core_width.max(1))),
            most(|r| r.height.div_ceil(r.core_height.max(1))),
        )
    }

    /// Reads a block; `None` where it is none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != BYTES {
            return None;
        }
        let mut reader = Reader(bytes);
        let (luma, chroma, table) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let source = reader.surface(luma, chroma)?;
        let count = usize::try_from(reader.u32()?).ok()?;
        let unused = reader.u32()?;
        let regions = [reader.region()?, reader.region()?];
        let mut rungs = Vec::new();
        for _ in 0..count {
            rungs.push(reader.rung()?);
        }
        let rest = reader.0.iter().all(|byte| *byte == 0);
        let sound = (1..=MAX_RUNGS).contains(&count) && unused == 0 && rest;
        sound.then_some(Self {
            source,
            table,
            regions,
            rungs,
        })
    }
}

struct Writer([u8; BYTES], usize);

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        self.0[self.1..self.1 + bytes.len()].copy_from_slice(bytes);
        self.1 += bytes.len();
    }

    fn u64s(&mut self, values: &[u64]) {
        values.iter().for_each(|v| self.put(&v.to_le_bytes()));
    }

    fn u32s(&mut self, values: &[u32]) {
        values.iter().for_each(|v| self.put(&v.to_le_bytes()));
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn surface(&mut self, luma: u64, chroma: u64) -> Option<Surface> {
        Some(Surface {
            luma,
            chroma,
            luma_pitch: self.u32()?,
            chroma_pitch: self.u32()?,
        })
    }

    fn region(&mut self) -> Option<Region> {
        Some(Region {
            x: self.u32()?,
            y: self.u32()?,
            width: self.u32()?,
            height: self.u32()?,
            core_width: self.u32()?,
            core_height: self.u32()?,
            halo_x: self.u32()?,
            halo_y: self.u32()?,
        })
    }

    fn rung(&mut self) -> Option<Rung> {
        let (luma, chroma) = (self.u64()?, self.u64()?);
        let surface = self.surface(luma, chroma)?;
        let (depth, unused) = (self.u32()?, self.u32()?);
        let mut axes = [Axis::default(); 4];
        for axis in &mut axes {
            *axis = Axis {
                out: self.u32()?,
                taps: self.u32()?,
                starts: self.u32()?,
                weights: self.u32()?,
                firsts: self.u32()?,
            };
        }
        (unused == 0 && (depth == 8 || depth == 10)).then_some(Rung {
            surface,
            depth,
            axes,
        })
    }
}
