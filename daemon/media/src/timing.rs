//! The output clock a source gets: its nominal frame rate, if it has one, and how many ticks a second has.
//!
//! The rate is measured on the beginning of the source: headers name field rates, averages over gaps, or nothing.

use newsreel_model::Rational;
use newsreel_model::rational::rescale;

use crate::ffi::StreamInfo;
use crate::index::Index;

/// Output clock of a source.
pub struct Timing {
    /// Ticks per second.
    pub timescale: u32,
    /// Nominal frames per second; `None` where the rate varies.
    pub frame_rate: Option<Rational>,
    /// Usual length of a frame in ticks.
    pub frame_ticks: i64,
    /// Whether frames stand for two fields and three in turn, so that only their rate is constant.
    pub uneven: bool,
}

/// Lengths that differ by less are one length, rounded by the container; microseconds.
const ROUNDING_US: i64 = 1_100;

/// So many of a hundred frame lengths must be the usual one for the rate to count as constant.
const REGULAR_PERCENT: usize = 80;

impl Timing {
    /// 90 kHz where whole frames fit into it, else a multiple of the rate's numerator (24000/1001 does not fit).
    pub fn of(v: &StreamInfo, index: &Index) -> Self {
        let frame_rate = match measured(v, index) {
            Measured::Constant(rate) => Some(rate),
            Measured::Film(rate) => {
                return Self {
                    uneven: true,
                    ..Self::at(Some(rate), 1)
                };
            }
            Measured::Varying => None,
            Measured::TooShort => claims(v).next(),
        };
        Self::at(frame_rate, 1)
    }

    /// Whether the rate is one that film is spread over.
    #[must_use]
    pub fn may_be_film(&self) -> bool {
        let rate = self.frame_rate.map(|r| (r.num, r.den));
        matches!(rate, Some((30_000, 1001) | (30, 1)))
    }

    /// The clock where four pictures of film are what five frames hold.
    #[must_use]
    pub fn of_film(self) -> Self {
        let film = |r: Rational| match r.num {
            30 => Rational::new(24, 1),
            _ => Rational::new(24_000, 1001),
        };
        Self::at(self.frame_rate.map(film), 1)
    }

    /// The clock where each frame's two fields become pictures.
    #[must_use]
    pub fn doubled(self) -> Self {
        let twice = |r: Rational| Some(Rational::new(r.num.checked_mul(2)?, r.den));
        Self::at(self.frame_rate.and_then(twice), 2)
    }

    /// For this rate, or one that varies around `times` 25.
    fn at(frame_rate: Option<Rational>, times: i64) -> Self {
        let rate = frame_rate.map(|r| (i64::from(r.num), i64::from(r.den)));
        let (num, den) = rate.unwrap_or((25 * times, 1));
        let timescale = if 90_000 * den % num == 0 {
            90_000
        } else if num <= 1_000_000 {
            num * (10_000 / num).max(1)
        } else {
            90_000
        };
        Self {
            timescale: u32::try_from(timescale).unwrap_or(90_000),
            frame_rate,
            frame_ticks: ((timescale * den + num / 2) / num).max(1),
            uneven: false,
        }
    }
}

enum Measured {
    Constant(Rational),
    /// Of this rate, in turns of two fields and three.
    Film(Rational),
    Varying,
    TooShort,
}

/// Measures the frame lengths of the packets read so far.
fn measured(v: &StreamInfo, index: &Index) -> Measured {
    let micro = Rational::new(1, 1_000_000);
    let mut times: Vec<i64> = index
        .packets
        .iter()
        .filter(|p| p.shown)
        .filter_map(|p| Some(rescale(p.pts?, v.time_base, micro)))
        .collect();
    times.sort_unstable();
    let lengths: Vec<i64> = times
        .windows(2)
        .map(|w| w[1] - w[0])
        .filter(|d| *d > 0)
        .collect();
    if lengths.len() < 3 {
        return Measured::TooShort;
    }
    if let Some(rate) = of_film(&lengths) {
        return Measured::Film(rate);
    }
    let mut sorted = lengths.clone();
    sorted.sort_unstable();
    let median = sorted[sorted.len() / 2];
    let tolerance = ROUNDING_US.max(median / 50);
    let regular: Vec<i64> = lengths
        .iter()
        .copied()
        .filter(|l| (l - median).abs() <= tolerance)
        .collect();
    if regular.len() * 100 < lengths.len() * REGULAR_PERCENT {
        return Measured::Varying;
    }
    let sum: i64 = regular.iter().sum();
    #[allow(clippy::cast_precision_loss, reason = "ten seconds in microseconds")]
    let rate = regular.len() as f64 * 1e6 / sum as f64;
    // A few frames rounded to milliseconds say little about the last digits; many do.
    let slack = (2e3 / median.max(1) as f64 / regular.len() as f64).clamp(0.000_2, 0.02);
    // Rounded times cannot tell 29.97 from 30: a header that agrees with them knows better.
    let agrees = |c: &Rational| near(c.to_f64(), rate, slack);
    claims(v)
        .filter(|c| STANDARD.contains(&(c.num, c.den)))
        .find(agrees)
        .or_else(|| standard_rate(rate, slack))
        .or_else(|| claims(v).find(agrees))
        .map_or(Measured::Varying, Measured::Constant)
}

/// The rate of film whose pictures stand for two fields of sixty a second and for three in turn, nearly always.
fn of_film(lengths: &[i64]) -> Option<Rational> {
    const FIELD_US: i64 = 16_683;
    const FEWEST: usize = 20;
    let fields = |length: i64| {
        let near = |n: i64| (length - n * FIELD_US).abs() <= ROUNDING_US;
        [2, 3].into_iter().find(|n| near(*n))
    };
    let pairs = lengths.chunks_exact(2);
    let in_turn = pairs.filter(|p| {
        fields(p[0])
            .zip(fields(p[1]))
            .is_some_and(|(a, b)| a + b == 5)
    });
    let turns: Vec<i64> = in_turn.map(|pair| pair[0] + pair[1]).collect();
    if turns.len() < FEWEST / 2 || turns.len() * 20 < lengths.len() * 9 {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "ten seconds in microseconds")]
    let rate = 2.0 * turns.len() as f64 * 1e6 / turns.iter().sum::<i64>() as f64;
    standard_rate(rate, 0.000_4)
}

/// What the headers say, where it is plausible.
fn claims(v: &StreamInfo) -> impl Iterator<Item = Rational> {
    let plausible = |r: &Rational| r.is_positive() && (0.1..=300.0).contains(&r.to_f64());
    let exact = |r: Rational| standard_rate(r.to_f64(), 0.000_4).unwrap_or(r);
    [v.guessed_rate, v.average_rate]
        .into_iter()
        .filter(plausible)
        .map(exact)
}

fn near(a: f64, b: f64, slack: f64) -> bool {
    (a - b).abs() <= slack * b
}

/// Rates that cameras, broadcasters and phones use.
const STANDARD: [(i32, i32); 18] = [
    (24_000, 1001),
    (24, 1),
    (25, 1),
    (30_000, 1001),
    (30, 1),
    (48, 1),
    (50, 1),
    (60_000, 1001),
    (60, 1),
    (25, 2),
    (15, 1),
    (12, 1),
    (10, 1),
    (5, 1),
    (1, 1),
    (100, 1),
    (120_000, 1001),
    (120, 1),
];

/// The standard rate nearest to a measured one, if it lies within the measurement's slack.
fn standard_rate(rate: f64, slack: f64) -> Option<Rational> {
    let distance = |r: &Rational| (r.to_f64() - rate).abs();
    STANDARD
        .iter()
        .map(|&(n, d)| Rational::new(n, d))
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .filter(|s| near(s.to_f64(), rate, slack))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn film_is_known_by_its_turns_alone() {
        let turns = |a: i64, b: i64| [a, b].repeat(50);
        let film = Some(Rational::new(24_000, 1001));
        assert_eq!(of_film(&turns(33_367, 50_050)), film);
        assert_eq!(of_film(&turns(50_000, 33_000)), None, "24.1 is no film");
        assert_eq!(of_film(&turns(33_367, 33_367)), None);
        assert_eq!(of_film(&turns(41_708, 41_708)), None);
        assert_eq!(of_film(&[33_367, 33_367, 50_050, 50_050].repeat(25)), None);
    }

    #[test]
    fn ntsc_and_whole_rates_are_told_apart() {
        assert_eq!(
            standard_rate(29.970_1, 0.000_2),
            Some(Rational::new(30_000, 1001))
        );
        assert_eq!(standard_rate(29.999_9, 0.000_2), Some(Rational::new(30, 1)));
        assert_eq!(
            standard_rate(23.976, 0.000_2),
            Some(Rational::new(24_000, 1001))
        );
        assert_eq!(standard_rate(27.3, 0.000_2), None);
    }
}
