//! From the source's times to one order of presentation: missing, wild and wrapped times mended, jumps closed up.
//!
//! Not here: output ticks and segments (`slots`). Pure: packets in, ranks out.

use newsreel_model::plan::Matching;

use crate::index::PacketRecord;

/// What the mending may assume, in source time units.
#[derive(Clone, Copy, Debug)]
pub struct Mending {
    /// Usual length of a frame, at least 1.
    pub frame: i64,
    /// A longer jump forward is closed up unless the packet before it says it lasts that long.
    pub max_gap: i64,
    /// A longer jump backward is a new beginning; nothing is reordered over so much.
    pub max_back: i64,
    /// Presentation times are known to be wrong: pictures are counted in the order they are decoded.
    pub counted: bool,
}

/// From a source time on (in file order), this much was added to the times to close a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// First source time after the jump.
    pub from: i64,
    /// Added to every time from there on.
    pub add: i64,
}

/// Every shown picture in presentation order.
#[derive(Clone, Debug, Default)]
pub struct Presentation {
    /// Mended presentation time of each rank, never falling.
    pub times: Vec<i64>,
    /// Ordinal of each rank's (first) packet.
    pub packets: Vec<u32>,
    /// Rank of each packet's picture; `None` for packets that show nothing.
    pub ranks: Vec<Option<u32>>,
    /// Jumps that were closed up.
    pub shifts: Vec<Shift>,
    /// How frames out of the decoder are recognised.
    pub matching: Option<Matching>,
}

/// How many later packets decide whether a strange time is a slip or a new beginning.
const WITNESSES: usize = 6;

/// Pictures are never reordered over more than this many frames (H.264 and HEVC allow 16).
const REORDERED_FRAMES: i64 = 17;

/// The pictures coded just before one that may be its neighbours in time.
const RECENT: usize = 17;

/// Puts the pictures into presentation order.
#[must_use]
pub fn present(packets: &[PacketRecord], mending: Mending) -> Presentation {
    let shown: Vec<u32> = (0u32..)
        .zip(packets)
        .filter(|(_, p)| p.shown)
        .map(|(ordinal, _)| ordinal)
        .collect();
    let (raw, matching) = raw_times(packets, &shown, mending);
    let durations: Vec<i64> = shown
        .iter()
        .map(|&o| packets[o as usize].duration)
        .collect();
    let (mended, shifts) = mend(&raw, &durations, mending);

    let mut order: Vec<usize> = (0..shown.len()).collect();
    if matching == Matching::ByPacket {
        order.sort_by_key(|&i| mended[i]);
    }
    let mut ranks = vec![None; packets.len()];
    for (rank, &i) in (0u32..).zip(&order) {
        ranks[shown[i] as usize] = Some(rank);
    }
    // A second field carries its frame's rank, so that the decoder may report either.
    for ordinal in 1..packets.len() {
        if packets[ordinal].second_field {
            ranks[ordinal] = ranks[ordinal - 1];
        }
    }
    Presentation {
        times: order.iter().map(|&i| mended[i]).collect(),
        packets: order.iter().map(|&i| shown[i]).collect(),
        ranks,
        shifts,
        matching: Some(matching),
    }
}

/// A time for every shown packet, from its own or from what stands beside it.
fn raw_times(
    packets: &[PacketRecord],
    shown: &[u32],
    mending: Mending,
) -> (Vec<Option<i64>>, Matching) {
    let records = || shown.iter().map(|&o| &packets[o as usize]);
    if mending.counted {
        return (counted(records(), mending.frame), Matching::ByCount);
    }
    let missing = records().filter(|p| p.pts.is_none()).count();
    if missing == 0 {
        return (records().map(|p| p.pts).collect(), Matching::ByPacket);
    }
    // Without reordering the decode time is the presentation time.
    let reordered = records().any(|p| matches!((p.pts, p.dts), (Some(a), Some(b)) if a != b));
    let any_pts = missing < shown.len();
    if any_pts && !reordered && records().all(|p| p.pts.or(p.dts).is_some()) {
        return (
            records().map(|p| p.pts.or(p.dts)).collect(),
            Matching::ByPacket,
        );
    }
    if missing * 20 <= shown.len() {
        return (records().map(|p| p.pts).collect(), Matching::ByPacket);
    }
    (counted(records(), mending.frame), Matching::ByCount)
}

/// Order of presentation unknown: the decoder's own order is counted, at decode times where there are any.
fn counted<'a>(records: impl Iterator<Item = &'a PacketRecord>, frame: i64) -> Vec<Option<i64>> {
    let mut next: Option<i64> = None;
    records
        .map(|p| {
            let earliest = next.unwrap_or(i64::MIN);
            let time = p
                .dts
                .or(p.pts)
                .map_or(next.unwrap_or(0), |d| d.max(earliest));
            next = Some(time.saturating_add(1));
            let shown = time;
            if p.dts.is_none() && p.pts.is_none() {
                next = Some(time.saturating_add(frame));
            }
            Some(shown)
        })
        .collect()
}

/// Follows the times in file order; a jump is either a slip of one packet (replaced) or a new beginning (closed up).
fn mend(raw: &[Option<i64>], durations: &[i64], mending: Mending) -> (Vec<i64>, Vec<Shift>) {
    let mut shifts = Vec::new();
    let mut add = 0i64;
    let mut out = Vec::with_capacity(raw.len());
    let mut last: Option<i64> = None;
    for (i, time) in raw.iter().enumerate() {
        let moved = time.map(|t| t.saturating_add(add));
        let Some(before) = last else {
            let first = moved.unwrap_or(0);
            out.push(first);
            last = time.is_some().then_some(first);
            continue;
        };
        let settled = match moved {
            Some(t) => {
                let recent = &out[out.len().saturating_sub(RECENT)..];
                let lasting = durations.get(i.wrapping_sub(1)).copied().unwrap_or(0);
                match judge(t, recent, lasting, &following(raw, i, add), mending) {
                    Verdict::Keep => t,
                    Verdict::Slip => before.saturating_add(mending.frame),
                    Verdict::NewBeginning => {
                        let resumed = before.saturating_add(mending.frame);
                        let source = t.saturating_sub(add);
                        add = resumed.saturating_sub(source);
                        shifts.push(Shift { from: source, add });
                        resumed
                    }
                }
            }
            None => before.saturating_add(mending.frame),
        };
        out.push(settled);
        last = Some(settled);
    }
    (out, shifts)
}

/// The known times of the next few packets.
fn following(raw: &[Option<i64>], i: usize, add: i64) -> Vec<i64> {
    raw[i + 1..]
        .iter()
        .flatten()
        .take(WITNESSES)
        .map(|t| t.saturating_add(add))
        .collect()
}

/// What a packet's time is worth.
enum Verdict {
    Keep,
    /// This one packet's time is wrong.
    Slip,
    /// All times are different from here on.
    NewBeginning,
}

/// Jumps within reordering are kept; a larger one is what the following packets say it is.
fn judge(time: i64, recent: &[i64], lasting: i64, following: &[i64], mending: Mending) -> Verdict {
    let reordering = mending.frame.saturating_mul(REORDERED_FRAMES);
    // Across a gap, pictures before and after it are coded in turn: any recent neighbour will do.
    let is_near = |r: &i64| time.saturating_sub(*r).saturating_abs() <= reordering;
    if recent.iter().any(is_near) {
        return Verdict::Keep;
    }
    let before = recent.last().copied().unwrap_or(time);
    let jump = time.saturating_sub(before);
    let distance = |a: i64, b: i64| a.saturating_sub(b).saturating_abs();
    let with_it = following
        .iter()
        .filter(|&&o| distance(o, time) <= distance(o, before))
        .count();
    if with_it * 2 < following.len() {
        return Verdict::Slip;
    }
    let lasting = lasting.clamp(0, mending.max_gap.saturating_mul(10));
    let longest = mending.max_gap.max(lasting.saturating_add(mending.frame));
    if jump <= longest && jump >= -mending.max_back {
        Verdict::Keep
    } else if following.is_empty() {
        Verdict::Slip
    } else {
        Verdict::NewBeginning
    }
}

/// Where decoding may start so that everything from `rank` on is exact: packet ordinals, the nearest first, the start
/// of the source (0) last. Each lies at least one random-access point before the one that leads to `rank`.
#[must_use]
pub fn entries(packets: &[PacketRecord], presentation: &Presentation, rank: u32) -> Vec<usize> {
    if presentation.matching != Some(Matching::ByPacket) {
        return vec![0];
    }
    let Some(&target) = presentation.packets.get(rank as usize) else {
        return vec![0];
    };
    let leads_in = |ordinal: usize| {
        packets[ordinal].key && presentation.ranks[ordinal].is_some_and(|r| r <= rank)
    };
    let mut keys = (0..=target as usize).rev().filter(|&o| leads_in(o));
    let _direct = keys.next();
    let mut entries: Vec<usize> = keys.take(3).filter(|&o| o > 0).collect();
    entries.push(0);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MENDING: Mending = Mending {
        frame: 40,
        max_gap: 10_000,
        max_back: 2_000,
        counted: false,
    };

    fn packets(times: &[i64]) -> Vec<PacketRecord> {
        times
            .iter()
            .enumerate()
            .map(|(i, &pts)| PacketRecord {
                pts: Some(pts),
                dts: None,
                duration: 40,
                position: Some(i as u64 * 100),
                bytes: 100,
                key: i % 4 == 0,
                shown: true,
                second_field: false,
            })
            .collect()
    }

    #[test]
    fn reordered_pictures_get_their_ranks() {
        let p = present(&packets(&[0, 120, 40, 80, 160]), MENDING);
        assert_eq!(p.ranks, [Some(0), Some(3), Some(1), Some(2), Some(4)]);
        assert_eq!(p.times, [0, 40, 80, 120, 160]);
    }

    #[test]
    fn one_wild_time_is_replaced_and_a_lasting_jump_closed_up() {
        let p = present(&packets(&[0, 40, 9_999_999, 120, 160]), MENDING);
        assert_eq!(p.times, [0, 40, 80, 120, 160]);
        assert!(p.shifts.is_empty());

        let jump = present(&packets(&[0, 40, 500_000, 500_040, 500_080]), MENDING);
        assert_eq!(jump.times, [0, 40, 80, 120, 160]);
        assert_eq!(
            jump.shifts,
            [Shift {
                from: 500_000,
                add: -499_920
            }]
        );
    }

    #[test]
    fn a_gap_within_the_limit_stays_a_gap() {
        assert_eq!(
            present(&packets(&[0, 40, 5_000, 5_040]), MENDING).times,
            [0, 40, 5_000, 5_040]
        );
    }

    #[test]
    fn two_fields_are_one_picture() {
        let mut p = packets(&[0, 20, 40, 60]);
        p[1].second_field = true;
        p[1].shown = false;
        p[3].second_field = true;
        p[3].shown = false;
        let shown = present(&p, MENDING);
        assert_eq!(shown.times, [0, 40]);
        assert_eq!(shown.ranks, [Some(0), Some(0), Some(1), Some(1)]);
    }

    #[test]
    fn an_entry_lies_one_random_access_point_early() {
        let p = packets(&(0..20).map(|i| i * 40).collect::<Vec<_>>());
        let order = present(&p, MENDING);
        assert_eq!(entries(&p, &order, 13), [8, 4, 0]);
        assert_eq!(entries(&p, &order, 3), [0]);
    }

    proptest! {
        #[test]
        fn any_times_give_a_full_order_of_bounded_length(
            times in prop::collection::vec(any::<i64>().prop_map(|t| t / 4), 1..200),
        ) {
            let p = packets(&times);
            let order = present(&p, MENDING);
            prop_assert_eq!(order.times.len(), p.len());
            prop_assert!(order.times.windows(2).all(|w| w[0] <= w[1]));
            let span = order.times[order.times.len() - 1].saturating_sub(order.times[0]);
            prop_assert!(span <= i64::try_from(p.len()).unwrap() * (MENDING.max_gap + MENDING.max_back));
        }
    }
}
