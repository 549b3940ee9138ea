//! From measurements to a capacity. Not the measuring.

use std::time::Duration;

use newsreel_model::calibration::{Rate, VramCost, Work};
use newsreel_model::capacity::Resources;
use newsreel_model::device::{Codec, Size};
use serde::{Deserialize, Serialize};

use super::NO_KNOWN_CAP;

/// Work done in a time, with every engine of its kind busy: as many sessions beside each other as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    /// Pictures that went in.
    pub frames: u64,
    /// Luma pixels: of the pictures that went in, or for scaling of those that were made.
    pub pixels: u64,
    /// Wall-clock time.
    pub elapsed: Duration,
}

impl Throughput {
    /// Thousands of pixels a second, rounded down; 0 where no time has passed.
    #[must_use]
    pub fn kpx_s(&self) -> u64 {
        // Pixels a millisecond are thousands of pixels a second.
        per(self.pixels, self.elapsed, 1_000_000)
    }

    /// Pictures a second, rounded down; 0 where no time has passed.
    #[must_use]
    pub fn frames_per_s(&self) -> u64 {
        per(self.frames, self.elapsed, 1_000_000_000)
    }
}

/// So much in so many nanoseconds.
fn per(amount: u64, elapsed: Duration, nanoseconds: u128) -> u64 {
    let rate = (u128::from(amount) * nanoseconds).checked_div(elapsed.as_nanos());
    u64::try_from(rate.unwrap_or(0)).unwrap_or(u64::MAX)
}

/// One kind of work, measured several times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Which.
    pub work: Work,
    /// Of which codec, where one has a part in it.
    pub codec: Option<Codec>,
    /// The pictures that went in.
    pub size: Size,
    /// Sessions beside each other.
    pub sessions: u32,
    /// Each time.
    pub runs: Vec<Throughput>,
}

impl Measured {
    /// The median: one slow run says nothing of a device, and one fast one of no other. None without any.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        let mut runs = self.runs.clone();
        runs.sort_unstable_by_key(Throughput::kpx_s);
        // Of an even number, the lower: promising less is the smaller mistake.
        let median = runs.get(runs.len().saturating_sub(1) / 2)?;
        Some(Rate {
            work: self.work,
            codec: self.codec,
            size: self.size,
            sessions: self.sessions,
            frames_per_s: median.frames_per_s(),
            kpx_s: median.kpx_s(),
        })
    }
}

/// Everything `devices calibrate` measures of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// Each kind of work alone; what the device cannot do is not there.
    pub rates: Vec<Measured>,
    /// Device memory there is, in MiB.
    pub vram_mib: u64,
    /// Device memory others had in use before anything was measured, in MiB.
    pub vram_taken_mib: u64,
    /// Device memory in use by us with so many sessions: (sessions, MiB); empty where it cannot be read.
    pub vram: Vec<(u32, u64)>,
    /// Encoder sessions that were open when the next was refused; none where none was refused.
    pub refused_at: Option<u32>,
}

impl Measurement {
    /// How fast each kind of work is.
    #[must_use]
    pub fn medians(&self) -> Vec<Rate> {
        self.rates.iter().filter_map(Measured::rate).collect()
    }
}

/// What sessions take, from device memory in use with so many sessions: the smallest line above every point, since an estimate
/// that was exceeded when it was made is none.
///
/// `None` with fewer than two numbers of sessions, from which no slope can be told.
#[must_use]
pub fn vram_cost(points: &[(u32, u64)]) -> Option<VramCost> {
    let (few, many) = (points.iter().min()?, points.iter().max()?);
    let apart = u64::from(many.0.checked_sub(few.0)?);
    let session_mib = many
        .1
        .saturating_sub(few.1)
        .checked_add(apart.checked_sub(1)?)?
        / apart;
    let above = |(sessions, mib): &(u32, u64)| {
        mib.saturating_sub(session_mib.saturating_mul(u64::from(*sessions)))
    };
    Some(VramCost {
        context_mib: points.iter().map(above).max()?,
        session_mib,
    })
}

/// What the device can do. Of several codecs the slowest counts: nobody knows beforehand which will come.
#[must_use]
pub fn capacity(measured: &Measurement) -> Resources {
    let rates = measured.medians();
    let slowest = |work: Work| {
        let of_it = rates.iter().filter(|rate| rate.work == work);
        of_it.map(|rate| rate.kpx_s).min()
    };
    let encode = slowest(Work::Encode);
    Resources {
        decode_kpx_s: slowest(Work::Decode).unwrap_or(0),
        scale_kpx_s: slowest(Work::Scale).unwrap_or(0),
        encode_kpx_s: encode.unwrap_or(0),
        vram_mib: measured.vram_mib.saturating_sub(measured.vram_taken_mib),
        encoder_sessions: match measured.refused_at {
            _ if encode.is_none() => 0,
            Some(cap) => u64::from(cap),
            None => NO_KNOWN_CAP,
        },
        ..Resources::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pixels: u64, ms: u64) -> Throughput {
        Throughput {
            frames: 10,
            pixels,
            elapsed: Duration::from_millis(ms),
        }
    }

    fn measured(work: Work, codec: Option<Codec>, runs: Vec<Throughput>) -> Measured {
        Measured {
            work,
            codec,
            size: Size::default(),
            sessions: 1,
            runs,
        }
    }

    #[test]
    fn a_thousand_full_hd_frames_in_two_seconds() {
        let full_hd = Throughput {
            frames: 1000,
            ..run(1920 * 1080 * 1000, 2000)
        };
        assert_eq!((full_hd.kpx_s(), full_hd.frames_per_s()), (1_036_800, 500));
        assert_eq!(run(5, 0).kpx_s(), 0);
        assert_eq!(run(u64::MAX, 1).kpx_s(), u64::MAX);
    }

    #[test]
    fn an_outlier_changes_nothing_and_a_device_without_an_encoder_has_no_sessions() {
        let runs = vec![run(1000, 10), run(1000, 11), run(1000, 5000)];
        let measured = Measurement {
            rates: vec![
                measured(Work::Decode, Some(Codec::H264), runs),
                measured(Work::Scale, None, vec![run(4000, 10), run(4000, 20)]),
            ],
            vram_mib: 16_000,
            vram_taken_mib: 500,
            ..Measurement::default()
        };
        let capacity = capacity(&measured);
        assert_eq!((capacity.decode_kpx_s, capacity.scale_kpx_s), (90, 200));
        assert_eq!((capacity.encode_kpx_s, capacity.encoder_sessions), (0, 0));
        assert_eq!(capacity.vram_mib, 15_500);
    }

    #[test]
    fn of_several_codecs_the_slowest_is_promised() {
        let of = |codec, ms| measured(Work::Decode, Some(codec), vec![run(1000, ms)]);
        let measured = Measurement {
            rates: vec![of(Codec::H264, 20), of(Codec::Hevc, 10)],
            ..Measurement::default()
        };
        assert_eq!(capacity(&measured).decode_kpx_s, 50);
    }

    #[test]
    fn a_session_cap_is_what_was_refused_and_nothing_where_nothing_was() {
        let mut measured = Measurement {
            rates: vec![measured(
                Work::Encode,
                Some(Codec::H264),
                vec![run(1000, 10)],
            )],
            ..Measurement::default()
        };
        assert_eq!(capacity(&measured).encoder_sessions, NO_KNOWN_CAP);
        measured.refused_at = Some(5);
        assert_eq!(capacity(&measured).encoder_sessions, 5);
    }

    #[test]
    fn memory_is_a_context_and_so_much_a_session() {
        let cost = vram_cost(&[(1, 550), (2, 690), (4, 1010)]).unwrap();
        assert_eq!((cost.context_mib, cost.session_mib), (396, 154));
        for (sessions, used) in [(1, 550), (2, 690), (4, 1010)] {
            assert!(cost.of(sessions) >= used);
        }
        assert_eq!(cost.of(0), 0);
        assert_eq!(vram_cost(&[(3, 100), (3, 120)]), None);
        assert_eq!(vram_cost(&[]), None);
        // Memory that falls with sessions is somebody else's.
        let falling = vram_cost(&[(1, 900), (5, 100)]).unwrap();
        assert_eq!(falling.session_mib, 0);
    }
}
