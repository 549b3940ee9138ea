//! A capacity corrected by what its device shows while it works. Not a new measurement: small steps within bounds.

use newsreel_model::capacity::Resources;

use crate::nvidia::Live;

/// Below this an engine's utilisation says nothing of its rate, in percent.
const LEAST_PERCENT: u32 = 30;
/// A step moves a rate by this part of the difference at most.
const STEP: u64 = 8;
/// What is corrected stays between half and double of what was measured.
const BOUND: u64 = 2;

/// Moves `now` a step towards what `work`, the work that is given to the device in the same units, keeps busy of it.
///
/// `measured` is where the bounds are; rates of which nothing can be told stay as they are. What other programs do on the
/// device counts as its being slower, which to us it is.
#[must_use]
pub fn corrected(now: Resources, measured: &Resources, work: &Resources, live: &Live) -> Resources {
    Resources {
        decode_kpx_s: rate(
            now.decode_kpx_s,
            measured.decode_kpx_s,
            work.decode_kpx_s,
            live.decoder_percent,
        ),
        encode_kpx_s: rate(
            now.encode_kpx_s,
            measured.encode_kpx_s,
            work.encode_kpx_s,
            live.encoder_percent,
        ),
        // Memory that others took since is not there for us; what we use ourselves is ours.
        vram_mib: measured
            .vram_mib
            .saturating_sub(live.vram_used_mib.saturating_sub(work.vram_mib)),
        ..now
    }
}

fn rate(now: u64, measured: u64, work: u64, percent: u32) -> u64 {
    if percent < LEAST_PERCENT || work == 0 {
        return now;
    }
    let seen = work.saturating_mul(100) / u64::from(percent);
    let moved = if seen >= now {
        now.saturating_add((seen - now) / STEP)
    } else {
        now - (now - seen) / STEP
    };
    moved.clamp(measured / BOUND, measured.saturating_mul(BOUND))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(decode_kpx_s: u64, encode_kpx_s: u64) -> Resources {
        Resources {
            decode_kpx_s,
            encode_kpx_s,
            vram_mib: 10_000,
            ..Resources::default()
        }
    }

    #[test]
    fn a_busier_decoder_than_expected_lowers_its_rate_step_by_step() {
        let measured = rates(1000, 500);
        let live = Live {
            decoder_percent: 100,
            vram_used_mib: 10_000,
            ..Live::default()
        };
        let work = rates(700, 400);
        let mut now = measured;
        for _ in 0..100 {
            let next = corrected(now, &measured, &work, &live);
            assert!(next.decode_kpx_s <= now.decode_kpx_s);
            now = next;
        }
        assert!((700..710).contains(&now.decode_kpx_s), "{now:?}");
        assert_eq!(now.encode_kpx_s, 500, "an idle encoder says nothing");
    }

    #[test]
    fn nonsense_stays_within_half_and_double() {
        let measured = rates(1000, 500);
        let live = |percent| Live {
            decoder_percent: percent,
            encoder_percent: percent,
            ..Live::default()
        };
        let (mut slow, mut fast) = (measured, measured);
        for _ in 0..1000 {
            slow = corrected(slow, &measured, &rates(1, 1), &live(100));
            fast = corrected(fast, &measured, &rates(u64::MAX, u64::MAX), &live(31));
        }
        assert_eq!((slow.decode_kpx_s, slow.encode_kpx_s), (500, 250));
        assert_eq!((fast.decode_kpx_s, fast.encode_kpx_s), (2000, 1000));
    }

    #[test]
    fn memory_that_others_take_is_gone_for_us() {
        let measured = rates(1000, 500);
        let live = Live {
            vram_used_mib: 4000,
            ..Live::default()
        };
        let mut work = rates(0, 0);
        work.vram_mib = 3000;
        assert_eq!(corrected(measured, &measured, &work, &live).vram_mib, 9000);
    }
}
