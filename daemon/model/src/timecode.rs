//! Timecodes as SMPTE ST 12-1 counts them: numbers of frames since midnight, of which drop-frame ones leave some out so that
//! they keep step with the clock. Not where one comes from or goes to.

use serde::{Deserialize, Serialize};

use crate::rational::Rational;

/// The timecode of a programme's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timecode {
    /// Frames since midnight, those whose number is left out not counted.
    pub frame: u32,
    /// Frames a second.
    pub rate: Rational,
    /// Whether numbers are left out.
    pub drop_frame: bool,
}

impl Timecode {
    /// Reads `10:59:58:12`, or `10:59:58;12` for drop-frame, counted at `rate`. `None` where that is no timecode of such a
    /// rate: frames beyond it, or numbers left out where nobody leaves any out.
    #[must_use]
    pub fn parse(text: &str, rate: Rational) -> Option<Self> {
        let parts: Vec<u32> = text
            .split([':', ';', '.'])
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?;
        let &[hours, minutes, seconds, frames] = parts.as_slice() else {
            return None;
        };
        let drop_frame = text.contains([';', '.']);
        let a_second = per_second(rate)?;
        let fits = hours < 24 && minutes < 60 && seconds < 60 && frames < a_second;
        if !fits || (drop_frame && !a_second.is_multiple_of(30)) {
            return None;
        }
        let all = ((hours * 60 + minutes) * 60 + seconds) * a_second + frames;
        let minutes = hours * 60 + minutes;
        // Two numbers of thirty are left out each minute but every tenth.
        let left_out = if drop_frame {
            a_second / 15 * (minutes - minutes / 10)
        } else {
            0
        };
        let frame = all.checked_sub(left_out)?;
        Some(Self {
            frame,
            rate,
            drop_frame,
        })
    }

    /// So many frames later, or earlier; `None` before midnight.
    #[must_use]
    pub fn moved(self, frames: i64) -> Option<Self> {
        let frame = u32::try_from(i64::from(self.frame).checked_add(frames)?).ok()?;
        Some(Self { frame, ..self })
    }

    /// Numbers there are for a second, 1–255.
    #[must_use]
    pub fn per_second(self) -> u8 {
        per_second(self.rate).map_or(1, |n| u8::try_from(n).unwrap_or(u8::MAX))
    }
}

fn per_second(rate: Rational) -> Option<u32> {
    let (num, den) = (i64::from(rate.num), i64::from(rate.den));
    if num <= 0 || den <= 0 {
        return None;
    }
    u32::try_from((num + den / 2) / den)
        .ok()
        .filter(|n| (1..=255).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NTSC: Rational = Rational {
        num: 30_000,
        den: 1001,
    };

    fn frame(text: &str) -> Option<u32> {
        Timecode::parse(text, NTSC).map(|t| t.frame)
    }

    #[test]
    fn numbers_that_are_left_out_are_not_counted() {
        assert_eq!(frame("00:00:59;29"), Some(1799));
        assert_eq!(frame("00:01:00;02"), Some(1800));
        assert_eq!(frame("00:10:00;00"), Some(17_982));
        assert_eq!(frame("01:00:00;00"), Some(107_892));
        assert_eq!(frame("00:10:00:00"), Some(18_000));
    }

    #[test]
    fn what_is_no_timecode_of_the_rate_is_none() {
        for text in ["", "1:2:3", "00:00:00:30", "24:00:00:00", "aa:00:00:00"] {
            assert_eq!(frame(text), None, "{text}");
        }
        let film = Rational::new(24_000, 1001);
        assert_eq!(Timecode::parse("00:00:00;00", film), None);
        assert!(Timecode::parse("00:00:00:23", film).is_some());
        assert_eq!(Timecode::parse("00:00:00:00", Rational::new(0, 1)), None);
    }
}
