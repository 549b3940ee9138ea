//! From measurements to a capacity. Not the measuring.

use std::time::Duration;

use newsreel_model::capacity::Resources;
use serde::{Deserialize, Serialize};

use super::NO_KNOWN_CAP;

/// Work done in a time, with every engine of its kind busy: as many sessions beside each other as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    /// Luma pixels.
    pub pixels: u64,
    /// Wall-clock time.
    pub elapsed: Duration,
}

impl Throughput {
    /// Thousands of pixels a second, rounded down; 0 where no time has passed.
    #[must_use]
    pub fn kpx_s(&self) -> u64 {
        // Pixels a millisecond are thousands of pixels a second.
        let per_ms = u128::from(self.pixels) * 1_000_000;
        let rate = per_ms.checked_div(self.elapsed.as_nanos()).unwrap_or(0);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

/// Everything `devices calibrate` measures of one device. Each rate was measured several times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// Decoding alone; empty where the device cannot.
    pub decode: Vec<Throughput>,
    /// Scaling alone.
    pub scale: Vec<Throughput>,
    /// Encoding alone.
    pub encode: Vec<Throughput>,
    /// Device memory there is, in MiB.
    pub vram_mib: u64,
    /// Device memory others had in use before anything was measured, in MiB.
    pub vram_taken_mib: u64,
    /// Device memory in use by us with so many sessions: (sessions, MiB).
    pub vram: Vec<(u32, u64)>,
    /// Encoder sessions that were open when the next was refused; none where none was refused.
    pub refused_at: Option<u32>,
}

/// What sessions take of device memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VramCost {
    /// Of the first session's context, once for each worker process, in MiB.
    pub context_mib: u64,
    /// Of each session, in MiB.
    pub session_mib: u64,
}

impl VramCost {
    /// What so many sessions in one worker take, in MiB.
    #[must_use]
    pub fn of(&self, sessions: u64) -> u64 {
        let each = self.session_mib.saturating_mul(sessions);
        if sessions == 0 {
            0
        } else {
            self.context_mib.saturating_add(each)
        }
    }

    /// The smallest line above every point: an estimate that was exceeded when it was made is none.
    ///
    /// `None` with fewer than two numbers of sessions, from which no slope can be told.
    #[must_use]
    pub fn from_points(points: &[(u32, u64)]) -> Option<Self> {
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
        Some(Self {
            context_mib: points.iter().map(above).max()?,
            session_mib,
        })
    }
}

/// What the device can do: medians, since one slow run says nothing of a device, and one fast one of no other.
#[must_use]
pub fn capacity(measured: &Measurement) -> Resources {
    Resources {
        decode_kpx_s: median(&measured.decode),
        scale_kpx_s: median(&measured.scale),
        encode_kpx_s: median(&measured.encode),
        vram_mib: measured.vram_mib.saturating_sub(measured.vram_taken_mib),
        encoder_sessions: match measured.refused_at {
            _ if measured.encode.is_empty() => 0,
            Some(cap) => u64::from(cap),
            None => NO_KNOWN_CAP,
        },
        ..Resources::default()
    }
}

fn median(runs: &[Throughput]) -> u64 {
    let mut rates: Vec<u64> = runs.iter().map(Throughput::kpx_s).collect();
    rates.sort_unstable();
    // Of an even number, the lower: promising less is the smaller mistake.
    let middle = rates.len().saturating_sub(1) / 2;
    rates.get(middle).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pixels: u64, ms: u64) -> Throughput {
        Throughput {
            pixels,
            elapsed: Duration::from_millis(ms),
        }
    }

    #[test]
    fn a_thousand_full_hd_frames_in_two_seconds() {
        assert_eq!(run(1920 * 1080 * 1000, 2000).kpx_s(), 1_036_800);
        assert_eq!(run(5, 0).kpx_s(), 0);
        assert_eq!(run(u64::MAX, 1).kpx_s(), u64::MAX);
    }

    #[test]
    fn an_outlier_changes_nothing_and_a_device_without_an_encoder_has_no_sessions() {
        let measured = Measurement {
            decode: vec![run(1000, 10), run(1000, 11), run(1000, 5000)],
            scale: vec![run(4000, 10), run(4000, 20)],
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
    fn a_session_cap_is_what_was_refused_and_nothing_where_nothing_was() {
        let mut measured = Measurement {
            encode: vec![run(1000, 10)],
            ..Measurement::default()
        };
        assert_eq!(capacity(&measured).encoder_sessions, NO_KNOWN_CAP);
        measured.refused_at = Some(5);
        assert_eq!(capacity(&measured).encoder_sessions, 5);
    }

    #[test]
    fn memory_is_a_context_and_so_much_a_session() {
        let cost = VramCost::from_points(&[(1, 550), (2, 690), (4, 1010)]).unwrap();
        assert_eq!((cost.context_mib, cost.session_mib), (396, 154));
        for (sessions, used) in [(1, 550), (2, 690), (4, 1010)] {
            assert!(cost.of(sessions) >= used);
        }
        assert_eq!(cost.of(0), 0);
        assert_eq!(VramCost::from_points(&[(3, 100), (3, 120)]), None);
        assert_eq!(VramCost::from_points(&[]), None);
        // Memory that falls with sessions is somebody else's.
        assert_eq!(
            VramCost::from_points(&[(1, 900), (5, 100)])
                .unwrap()
                .session_mib,
            0
        );
    }
}
