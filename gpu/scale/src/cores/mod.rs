//! The same scaling on the cores: one rung at a time, from and to planes of 8-bit 4:2:0, with vectors of 256 bits. To the last
//! bit what [`mod@crate::reference`] makes, so that a rung looks the same whoever scaled it.
//!
//! Not here: other layouts and depths of samples, or machines without such vectors: another scaler does those.

mod columns;
mod rows;

use pulp::x86::V3;

use self::columns::Columns;
use self::rows::Rows;
use crate::plan::{Lines, check};
use crate::{Depth, PlanError, Request};

/// Rows of a source that are filtered together: what picks and weighs their samples is fetched once for all of them.
const AT_ONCE: usize = 2;

/// A plane that is read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// From its first sample to at least its last.
    pub samples: &'a [u8],
    /// Bytes from a row to the next.
    pub pitch: usize,
}

/// A plane that is written.
#[derive(Debug)]
pub struct Target<'a> {
    /// From its first sample to at least its last.
    pub samples: &'a mut [u8],
    /// Bytes from a row to the next.
    pub pitch: usize,
}

/// Scales pictures of one size to those of one rung. It keeps no state between pictures.
pub struct Cores {
    simd: V3,
    luma: Plane,
    chroma: Plane,
}

impl Cores {
    /// For a request of 8 bits and one rung; `None` where this machine's cores lack the vectors (AVX2).
    ///
    /// # Errors
    /// [`PlanError`]: as for the kernel.
    pub fn new(request: &Request) -> Result<Option<Self>, PlanError> {
        check(request)?;
        let (Some(simd), [rung]) = (V3::try_new(), &request.rungs[..]) else {
            return Ok(None);
        };
        if request.depth != Depth::Eight || rung.depth != Depth::Eight {
            return Ok(None);
        }
        let lines = Lines::of(request);
        let axes = lines.axes(request.filter, rung)?;
        let at = |a: usize| usize::try_from(lines.regions[a].0).unwrap_or(usize::MAX);
        let plane = |columns: usize, rows: usize| {
            let wide = Rows::new(&axes[columns], lines.regions[columns].1);
            Plane {
                left: at(columns),
                top: at(rows),
                height: lines.regions[rows].1,
                columns: Columns::new(&axes[rows], wide.padded()),
                rows: wide,
            }
        };
        Ok(Some(Self {
            simd,
            luma: plane(0, 1),
            chroma: plane(2, 3),
        }))
    }

    /// Scales luma and the two planes of chroma; `None`, with targets partly written, where a plane is smaller than it should be.
    #[must_use]
    pub fn scale(&mut self, source: [Source<'_>; 3], target: [Target<'_>; 3]) -> Option<()> {
        let [y, u, v] = target;
        let [from_y, from_u, from_v] = source;
        self.luma.scale(self.simd, from_y, y)?;
        self.chroma.scale(self.simd, from_u, u)?;
        self.chroma.scale(self.simd, from_v, v)
    }
}

/// One plane of a picture.
struct Plane {
    /// The region's place in the source.
    left: usize,
    top: usize,
    /// Rows of the region.
    height: usize,
    rows: Rows,
    columns: Columns,
}

impl Plane {
    /// Each row of the source is filtered once, and kept as long as an output row needs it.
    fn scale(&mut self, simd: V3, source: Source<'_>, target: Target<'_>) -> Option<()> {
        let width = self.rows.width();
        let mut next = 0;
        for j in 0..self.columns.height() {
            while next < self.columns.needs(j) {
                let from: [usize; AT_ONCE] = std::array::from_fn(|k| {
                    // Below the last row it is filtered again, and nothing looks at what comes of it.
                    let y = self.top + (next + k).min(self.height - 1);
                    y * source.pitch + self.left
                });
                let between = self.columns.between(next);
                self.rows.filter(simd, source.samples, from, between)?;
                next += AT_ONCE;
            }
            let row = target.samples.get_mut(j * target.pitch..)?;
            self.columns.filter(simd, j, row.get_mut(..width)?);
        }
        Some(())
    }
}
