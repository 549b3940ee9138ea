//! Rows of 14 bits put together to one of 8, sixteen samples at a time. Not how they were filtered (`rows`).

use pulp::x86::V3;
use pulp::{NullaryFnOnce, cast, i16x16, i32x8, u8x16};

use super::AT_ONCE;
use crate::axis::Axis;

/// Samples made at a time.
const GROUP: usize = 16;
/// From the 14 bits of a sample and the 14 of a weight to the 8 of an output sample.
const SHIFT: i32 = 20;

/// A filter along columns, and the filtered rows it needs at a time.
pub struct Columns {
    starts: Vec<usize>,
    taps: usize,
    /// By output row and pair of taps: two weights, as the instruction that multiplies pairs takes them.
    weights: Vec<i32>,
    /// Row `y` of the source is at `y % kept`.
    ring: Vec<[i16; GROUP]>,
    /// Rows that are kept: a whole number of those that are filtered together.
    kept: usize,
    /// Groups of a row.
    groups: usize,
    /// Where in the ring the rows of each pair of taps are, for the output row that is made.
    pairs: Vec<[usize; 2]>,
}

impl Columns {
    /// For rows of so many samples.
    pub fn new(axis: &Axis, width: usize) -> Self {
        let groups = width.div_ceil(GROUP);
        // The rows in use may begin and end within a block.
        let kept = (axis.taps + AT_ONCE - 1).next_multiple_of(AT_ONCE);
        let pair = |pair: &[i16]| {
            let high = pair.get(1).copied().unwrap_or(0);
            i32::from(high) << 16 | i32::from(pair[0]) & 0xffff
        };
        Self {
            starts: axis.starts.clone(),
            taps: axis.taps,
            weights: axis
                .weights
                .iter()
                .flat_map(|w| w.chunks(2).map(pair))
                .collect(),
            ring: vec![[0; GROUP]; groups * kept],
            kept,
            groups,
            pairs: vec![[0; 2]; axis.taps.div_ceil(2)],
        }
    }

    /// Output rows.
    pub fn height(&self) -> usize {
        self.starts.len()
    }

    /// How many rows of the source, from its first, an output row needs.
    pub fn needs(&self, j: usize) -> usize {
        self.starts[j] + self.taps
    }

    /// Where a block of rows, from row `y` of the source, has to be written, in place of rows that are not needed any more.
    pub fn between(&mut self, y: usize) -> &mut [i16] {
        let at = y % self.kept * self.groups;
        self.ring[at..at + AT_ONCE * self.groups].as_flattened_mut()
    }

    /// Makes an output row.
    pub fn filter(&mut self, simd: V3, j: usize, target: &mut [u8]) {
        let (start, taps, kept, groups) = (self.starts[j], self.taps, self.kept, self.groups);
        // Where taps are odd, the last pair's second weight is zero.
        let row = |tap: usize| (start + tap.min(taps - 1)) % kept * groups;
        for (p, pair) in self.pairs.iter_mut().enumerate() {
            *pair = [row(2 * p), row(2 * p + 1)];
        }
        let count = self.pairs.len();
        simd.vectorize(Filter {
            simd,
            ring: &self.ring,
            pairs: &self.pairs,
            weights: &self.weights[j * count..(j + 1) * count],
            target,
        });
    }
}

struct Filter<'a> {
    simd: V3,
    ring: &'a [[i16; GROUP]],
    pairs: &'a [[usize; 2]],
    weights: &'a [i32],
    target: &'a mut [u8],
}

impl Filter<'_> {
    /// Makes a group's samples.
    #[inline(always)]
    fn group(&self, k: usize) -> [u8; GROUP] {
        let (simd, ring) = (self.simd, self.ring);
        let half: i32x8 = simd.splat_i32x8(1 << (SHIFT - 1));
        let (mut low, mut high) = (half, half);
        for ([a, b], weights) in self.pairs.iter().zip(self.weights) {
            let a: i16x16 = cast(ring[a + k]);
            let b: i16x16 = cast(ring[b + k]);
            let weights = simd.avx._mm256_set1_epi32(*weights);
            let pairs = simd.avx2._mm256_unpacklo_epi16(cast(a), cast(b));
            let products = simd.avx2._mm256_madd_epi16(pairs, weights);
            low = simd.wrapping_add_i32x8(low, cast(products));
            let pairs = simd.avx2._mm256_unpackhi_epi16(cast(a), cast(b));
            let products = simd.avx2._mm256_madd_epi16(pairs, weights);
            high = simd.wrapping_add_i32x8(high, cast(products));
        }
        let low = simd.avx2._mm256_srai_epi32::<SHIFT>(cast(low));
        let high = simd.avx2._mm256_srai_epi32::<SHIFT>(cast(high));
        let words = simd.avx2._mm256_packs_epi32(low, high);
        let bytes = simd.avx2._mm256_packus_epi16(words, words);
        let bytes = simd.avx2._mm256_permute4x64_epi64::<0b1000>(bytes);
        let bytes: u8x16 = cast(simd.avx._mm256_castsi256_si128(bytes));
        cast(bytes)
    }
}

impl NullaryFnOnce for Filter<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let target = std::mem::take(&mut self.target);
        let (whole, rest) = target.as_chunks_mut::<GROUP>();
        let full = whole.len();
        for (k, out) in whole.iter_mut().enumerate() {
            *out = self.group(k);
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&self.group(full)[..rest.len()]);
        }
    }
}
