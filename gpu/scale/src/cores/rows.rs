//! Rows filtered to 14 bits, eight samples at a time. Not how rows are put together (`columns`).

use pulp::x86::V3;
use pulp::{NullaryFnOnce, cast, i16x8, i16x16, i32x8, u8x16, u8x32};

use super::AT_ONCE;
use crate::axis::Axis;

/// Output samples made at a time, half of them from each of two windows of the source.
pub const GROUP: usize = 8;
const HALF: usize = GROUP / 2;
/// Source samples in a window.
const WINDOW: usize = 16;
/// The most pairs of taps that are picked from windows.
const MAX_PAIRS: usize = 16;
/// Source samples within reach of a group's half.
const REACH: usize = 2 * (MAX_PAIRS - 1) + WINDOW;
/// A lane of a shuffle that becomes zero.
const ZERO: u8 = 0x80;
/// Samples have so many bits, and rounding them away half as much.
const BITS: i32 = 8;

/// A filter along rows.
pub struct Rows {
    out: usize,
    region: usize,
    /// How many bytes from a row's first are read; what lies beyond the region has no weight.
    reach: usize,
    /// A copy of rows at the end of a plane, with room for what is read beyond it.
    padded: [Vec<u8>; AT_ONCE],
    how: How,
}

/// How a row's groups get at their samples.
enum How {
    /// Four output samples' sources lie in one window, from which each pair of taps is picked.
    Near { pairs: usize, groups: Vec<Near> },
    /// They lie further apart: each output sample has windows of its own.
    Far {
        windows: usize,
        starts: Vec<usize>,
        weights: Vec<i16x16>,
    },
}

struct Near {
    starts: [usize; 2],
    /// Picks the next two source samples of each output sample, as 16 bits each.
    pick: u8x32,
    /// By pair of taps.
    weights: Vec<i16x16>,
}

impl Rows {
    /// For rows of `region` samples.
    pub fn new(axis: &Axis, region: usize) -> Self {
        let spread = |starts: &[usize]| starts[starts.len() - 1] - starts[0];
        let near =
            axis.starts.chunks(HALF).all(|s| spread(s) + 1 < WINDOW) && axis.taps <= 2 * MAX_PAIRS;
        let how = if near {
            How::near(axis)
        } else {
            How::far(axis)
        };
        let reach = region + axis.taps.max(REACH) + WINDOW;
        Self {
            out: axis.starts.len(),
            region,
            reach,
            padded: std::array::from_fn(|_| vec![0; reach]),
            how,
        }
    }

    /// Output samples.
    pub fn width(&self) -> usize {
        self.out
    }

    /// Output samples with those that only fill the last group.
    pub fn padded(&self) -> usize {
        self.out.next_multiple_of(GROUP)
    }

    /// Filters the rows that begin at `from` into as many of `between`, one after the other; `None` where one is not within the
    /// samples.
    pub fn filter(
        &mut self,
        simd: V3,
        samples: &[u8],
        from: [usize; AT_ONCE],
        between: &mut [i16],
    ) -> Option<()> {
        for (from, padded) in from.iter().zip(&mut self.padded) {
            let row = samples.get(*from..from + self.region)?;
            if samples.len() < from + self.reach {
                padded[..row.len()].copy_from_slice(row);
            }
        }
        let rows = std::array::from_fn(|k| {
            let whole = samples.get(from[k]..from[k] + self.reach);
            whole.unwrap_or(&self.padded[k])
        });
        let stride = between.len() / AT_ONCE;
        match &self.how {
            How::Near { pairs, groups } => {
                let between = parts(between, stride).map(|row| row.as_chunks_mut().0);
                near(simd, *pairs, rows, groups, between);
            }
            How::Far {
                windows,
                starts,
                weights,
            } => {
                for (row, between) in rows.iter().zip(between.chunks_exact_mut(stride)) {
                    simd.vectorize(FilterFar {
                        simd,
                        row,
                        windows: *windows,
                        starts,
                        weights,
                        between,
                    });
                }
            }
        }
        Some(())
    }
}

/// The rows of a block.
fn parts(block: &mut [i16], stride: usize) -> [&mut [i16]; AT_ONCE] {
    let mut rows = block.chunks_exact_mut(stride);
    std::array::from_fn(|_| rows.next().unwrap_or_default())
}

impl How {
    fn near(axis: &Axis) -> Self {
        let pairs = axis.taps.div_ceil(2);
        let groups = axis.starts.chunks(GROUP).zip(axis.weights.chunks(GROUP));
        let groups = groups.map(|(starts, weights)| Near::of(starts, weights, pairs));
        Self::Near {
            pairs,
            groups: groups.collect(),
        }
    }

    fn far(axis: &Axis) -> Self {
        let windows = axis.taps.div_ceil(WINDOW);
        let weights = axis.weights.iter().flat_map(|weights| {
            (0..windows).map(move |k| {
                let of = |t: usize| weights.get(k * WINDOW + t).copied().unwrap_or(0);
                cast(std::array::from_fn::<i16, WINDOW, _>(of))
            })
        });
        Self::Far {
            windows,
            weights: weights.collect(),
            starts: axis.starts.clone(),
        }
    }
}

impl Near {
    /// Where the last group is not full, its last sample is made again.
    fn of(starts: &[usize], weights: &[Vec<i16>], pairs: usize) -> Self {
        let at = |j: usize| j.min(starts.len() - 1);
        let first = |half: usize| starts[at(half * HALF)];
        let pick: [u8; 2 * WINDOW] = std::array::from_fn(|byte| {
            let (half, within) = (byte / WINDOW, byte % WINDOW);
            let (j, tap) = (half * HALF + within / 4, within % 4 / 2);
            let from = starts[at(j)] - first(half) + tap;
            match within % 2 {
                0 => u8::try_from(from).unwrap_or(ZERO),
                _ => ZERO,
            }
        });
        let pair = |p: usize| {
            cast(std::array::from_fn::<i16, 16, _>(|k| {
                let weights = &weights[at(k / 2)];
                weights.get(2 * p + k % 2).copied().unwrap_or(0)
            }))
        };
        Self {
            starts: [first(0), first(1)],
            pick: cast(pick),
            weights: (0..pairs).map(pair).collect(),
        }
    }
}

/// Sixteen bytes as they lie.
#[inline(always)]
fn window(bytes: &[u8]) -> Option<u8x16> {
    bytes.first_chunk::<WINDOW>().map(|bytes| cast(*bytes))
}

/// The loop over pairs is compiled for each number of them, so that it is unrolled and nothing in it is checked.
fn near(
    simd: V3,
    pairs: usize,
    rows: [&[u8]; AT_ONCE],
    groups: &[Near],
    between: [&mut [[i16; GROUP]]; AT_ONCE],
) {
    macro_rules! by_pairs {
        ($($n:literal)*) => {
            match pairs {
                $($n => simd.vectorize(FilterNear::<$n> { simd, rows, groups, between }),)*
                _ => {}
            }
        };
    }
    by_pairs!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
}

struct FilterNear<'a, const PAIRS: usize> {
    simd: V3,
    rows: [&'a [u8]; AT_ONCE],
    groups: &'a [Near],
    between: [&'a mut [[i16; GROUP]]; AT_ONCE],
}

impl<const PAIRS: usize> NullaryFnOnce for FilterNear<'_, PAIRS> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (simd, [upper, lower]) = (self.simd, self.between);
        for ((group, upper), lower) in self.groups.iter().zip(upper).zip(lower) {
            let Some(weights) = group.weights.first_chunk::<PAIRS>() else {
                return;
            };
            *upper = filtered(simd, self.rows[0], group, weights);
            *lower = filtered(simd, self.rows[1], group, weights);
        }
    }
}
struct FilterFar<'a> {
    simd: V3,
    row: &'a [u8],
    windows: usize,
    starts: &'a [usize],
    weights: &'a [i16x16],
    between: &'a mut [i16],
}

impl NullaryFnOnce for FilterFar<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let simd = self.simd;
        let weights = self.weights.chunks_exact(self.windows);
        for ((start, weights), out) in self.starts.iter().zip(weights).zip(self.between) {
            let mut sum: i32x8 = simd.splat_i32x8(0);
            for (bytes, weights) in self.row[*start..].chunks_exact(WINDOW).zip(weights) {
                let Some(bytes) = window(bytes) else {
                    return;
                };
                let samples = simd.avx2._mm256_cvtepu8_epi16(cast(bytes));
                let products = simd.avx2._mm256_madd_epi16(samples, cast(*weights));
                sum = simd.wrapping_add_i32x8(sum, cast(products));
            }
            let sums: [i32; 8] = cast(sum);
            let sum = sums.iter().sum::<i32>() + (1 << (BITS - 1));
            *out = i16::try_from(sum >> BITS).unwrap_or(i16::MAX);
        }
    }
}

/// A group of one row.
#[inline(always)]
fn filtered<const PAIRS: usize>(
    simd: V3,
    row: &[u8],
    group: &Near,
    weights: &[i16x16; PAIRS],
) -> [i16; GROUP] {
    let mut sum: i32x8 = simd.splat_i32x8(1 << (BITS - 1));
    let [a, b] = group.starts;
    let (Some(a), Some(b)) = (row[a..].first_chunk(), row[b..].first_chunk()) else {
        return [0; GROUP];
    };
    let (a, b): (&[u8; REACH], &[u8; REACH]) = (a, b);
    for (p, weights) in weights.iter().enumerate() {
        let (Some(a), Some(b)) = (window(&a[2 * p..]), window(&b[2 * p..])) else {
            return [0; GROUP];
        };
        let both = simd.avx._mm256_set_m128i(cast(b), cast(a));
        let samples = simd.avx2._mm256_shuffle_epi8(both, cast(group.pick));
        let products = simd.avx2._mm256_madd_epi16(samples, cast(*weights));
        sum = simd.wrapping_add_i32x8(sum, cast(products));
    }
    cast(halved(simd, sum))
}

/// Sums of a group as samples of 14 bits; weights are such that none leaves 16.
#[inline(always)]
fn halved(simd: V3, sum: i32x8) -> i16x8 {
    let sum = simd.avx2._mm256_srai_epi32::<BITS>(cast(sum));
    let low = simd.avx._mm256_castsi256_si128(sum);
    let high = simd.avx2._mm256_extracti128_si256::<1>(sum);
    cast(simd.sse2._mm_packs_epi32(low, high))
}
