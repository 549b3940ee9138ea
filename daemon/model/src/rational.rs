//! Exact fractions for time bases, frame rates and aspect ratios. Not a general number type.

use serde::{Deserialize, Serialize};

/// A fraction of two 32-bit integers, as FFmpeg and ISO BMFF use. Not reduced automatically.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rational {
    /// Numerator.
    pub num: i32,
    /// Denominator; zero means "unknown".
    pub den: i32,
}

impl Rational {
    /// `num / den`.
    #[must_use]
    pub const fn new(num: i32, den: i32) -> Self {
        Self { num, den }
    }

    /// Whether both parts are positive, so that it can be divided by.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.num > 0 && self.den > 0
    }

    /// The value as a float, 0 where the denominator is 0.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        if self.den == 0 {
            return 0.0;
        }
        f64::from(self.num) / f64::from(self.den)
    }
}

/// `value` units of `from` in units of `to` (both seconds per unit), rounded to nearest, halves up; saturates.
///
/// Both must be positive: a non-positive time base gives 0.
#[must_use]
pub fn rescale(value: i64, from: Rational, to: Rational) -> i64 {
    if !from.is_positive() || !to.is_positive() {
        return 0;
    }
    let num = i128::from(value) * i128::from(from.num) * i128::from(to.den);
    let den = i128::from(from.den) * i128::from(to.num);
    let rounded = (2 * num + den).div_euclid(2 * den);
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescales_to_the_nearest_unit() {
        let ms = Rational::new(1, 1000);
        let ticks = Rational::new(1, 90_000);
        assert_eq!(rescale(41, ms, ticks), 3690);
        assert_eq!(rescale(3753, ticks, ms), 42);
        assert_eq!(rescale(-45, ticks, ms), 0);
        assert_eq!(rescale(-46, ticks, ms), -1);
        assert_eq!(rescale(i64::MAX, Rational::new(1, 1), ticks), i64::MAX);
        assert_eq!(rescale(1, Rational::new(0, 0), ticks), 0);
    }
}
