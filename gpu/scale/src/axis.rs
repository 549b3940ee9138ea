//! One axis of one plane of one rung: which source samples make an output sample, and with which weights.

use crate::{Filter, PlanError};

/// One, in weights.
pub const ONE: i32 = 1 << 14;

/// The most that the sizes of a weight may add up to: with it, no sum of the kernel leaves 32 bits and no intermediate
/// value 16. Both filters stay below 1.6 times [`ONE`].
const MOST: i32 = 2 * ONE - 64;

/// How output samples lie over source samples, all in source samples of this plane.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Readable source samples; positions count from the first.
    pub region: usize,
    /// Output samples.
    pub out: usize,
    /// Where the first output sample's centre is; source samples' centres are at whole numbers.
    pub origin: f64,
    /// From one output sample to the next.
    pub step: f64,
}

/// The weights: output `j` is the sum of `weights[j][t]` times the source sample `starts[j] + t`.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Weights of every output sample: at least 1, at most the region.
    pub taps: usize,
    /// Never falls from one output sample to the next; `start + taps` is within the region.
    pub starts: Vec<usize>,
    /// Adds up to [`ONE`] for each output sample.
    pub weights: Vec<Vec<i16>>,
}

impl Axis {
    /// Samples the filter along a line. Beyond the region's ends its outermost samples are repeated.
    ///
    /// # Errors
    /// [`PlanError::Ratio`] where the weights are too extreme for the kernel's integers; no size within the limits is known to be.
    pub fn new(filter: Filter, line: Line) -> Result<Self, PlanError> {
        let mut samples = (0..line.out)
            .map(|j| sample(filter, line, as_f64(j).mul_add(line.step, line.origin)))
            .collect::<Result<Vec<_>, _>>()?;
        // Starts must never fall, whatever was rounded away at the ends of a filter.
        let mut lowest = usize::MAX;
        for (start, weights) in samples.iter_mut().rev() {
            lowest = lowest.min(*start);
            weights.splice(0..0, vec![0; *start - lowest]);
            *start = lowest;
        }
        let taps = samples.iter().map(|(_, w)| w.len()).max().unwrap_or(1);
        for (start, weights) in &mut samples {
            let fits = (*start).min(line.region - taps);
            weights.splice(0..0, vec![0; *start - fits]);
            weights.resize(taps, 0);
            *start = fits;
        }
        let (starts, weights) = samples.into_iter().unzip();
        Ok(Self {
            taps,
            starts,
            weights,
        })
    }
}

/// The first source sample of one output sample and its weights, without zeros at either end.
fn sample(filter: Filter, line: Line, centre: f64) -> Result<(usize, Vec<i16>), PlanError> {
    let stretch = line.step.max(1.0);
    let reach = filter.radius() * stretch;
    let last = line.region - 1;
    let (low, high) = (centre - reach, centre + reach);
    let first = whole(low.ceil(), last);
    let mut weights = vec![0.0; whole(high.floor(), last) - first + 1];
    let mut at = low.ceil();
    while at <= high.floor() {
        weights[whole(at, last) - first] += filter.at((at - centre) / stretch);
        at += 1.0;
    }
    let weights = quantised(&weights)?;
    let lead = weights.iter().take_while(|w| **w == 0).count();
    let trail = weights.iter().rev().take_while(|w| **w == 0).count();
    Ok((first + lead, weights[lead..weights.len() - trail].to_vec()))
}

/// Weights as whole numbers that add up to [`ONE`]; what rounding leaves over goes to the largest.
fn quantised(weights: &[f64]) -> Result<Vec<i16>, PlanError> {
    let sum: f64 = weights.iter().sum();
    let mut whole: Vec<i32> = weights
        .iter()
        .map(|w| rounded(w / sum * f64::from(ONE)))
        .collect();
    let rest = ONE - whole.iter().sum::<i32>();
    if let Some(largest) = whole.iter_mut().max_by_key(|w| **w) {
        *largest += rest;
    }
    if whole.iter().map(|w| w.abs()).sum::<i32>() > MOST {
        return Err(PlanError::Ratio);
    }
    whole
        .into_iter()
        .map(|w| i16::try_from(w).map_err(|_| PlanError::Ratio))
        .collect()
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "weights are below 2 * ONE; `as` saturates"
)]
fn rounded(weight: f64) -> i32 {
    weight.round() as i32
}

/// A whole number between 0 and `last`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are at most 16384, negative ones were clamped; `as` saturates"
)]
fn whole(value: f64, last: usize) -> usize {
    (value.max(0.0) as usize).min(last)
}

#[allow(clippy::cast_precision_loss, reason = "sizes are at most 16384")]
pub fn as_f64(size: usize) -> f64 {
    size as f64
}

#[cfg(test)]
#[path = "axis_tests.rs"]
mod tests;
