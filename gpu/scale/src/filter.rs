//! The filters' shapes. Not how they are sampled (`axis`).

use std::f64::consts::PI;

/// The shape of the filter. Where a picture becomes smaller, it is stretched by the ratio, so that nothing aliases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Bicubic with B = 0 and C = 0.6: what libswscale means by `bicubic`, hence what the CPU lane does.
    #[default]
    Bicubic,
    /// Lanczos with three lobes: a little sharper, half as many taps again.
    Lanczos3,
}

impl Filter {
    /// Half the width, in samples of the coarser grid.
    pub(crate) fn radius(self) -> f64 {
        match self {
            Self::Bicubic => 2.0,
            Self::Lanczos3 => 3.0,
        }
    }

    /// The weight at a distance in samples of the coarser grid.
    pub(crate) fn at(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            Self::Bicubic => bicubic(x),
            Self::Lanczos3 if x >= 3.0 => 0.0,
            Self::Lanczos3 => sinc(x) * sinc(x / 3.0),
        }
    }
}

/// Mitchell and Netravali's family (SIGGRAPH 1988, equation 8) at B = 0.
fn bicubic(x: f64) -> f64 {
    const C: f64 = 0.6;
    if x < 1.0 {
        (2.0 - C) * x.powi(3) + (C - 3.0) * x.powi(2) + 1.0
    } else if x < 2.0 {
        -C * x.powi(3) + 5.0 * C * x.powi(2) - 8.0 * C * x + 4.0 * C
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_one_in_the_middle_and_zero_at_every_other_sample() {
        for filter in [Filter::Bicubic, Filter::Lanczos3] {
            assert!((filter.at(0.0) - 1.0).abs() < 1e-12);
            for distance in [1.0, -1.0, 2.0, -2.0, 3.0, 7.5] {
                assert!(
                    filter.at(distance).abs() < 1e-12,
                    "{filter:?} at {distance}"
                );
            }
        }
    }
}
