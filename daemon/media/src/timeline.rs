//! From the source's times to one order of presentation: missing, wild and wrapped times mended, jumps closed up.
//!
//! Not here: output ticks and segments (`slots`). Pure: packets in, ranks out.

use std::collections::BTreeSet;

use newsreel_model::plan::Matching;

use crate::index::PacketRecord;
use crate::mend::{Mending, REORDERED_FRAMES, Settled, Shift, mend};

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

/// Puts the pictures into presentation order.
#[must_use]
pub fn present(packets: &[PacketRecord], mending: Mending) -> Presentation {
    let shown: Vec<u32> = (0u32..)
        .zip(packets)
        .filter(|(_, p)| p.shown)
        .map(|(ordinal, _)| ordinal)
        .collect();
    let (raw, matching) = match mending.settled {
        Some(settled) => settled_times(packets, &shown, mending, settled),
        None => raw_times(packets, &shown, mending),
    };
    let durations: Vec<i64> = shown
        .iter()
        .map(|&o| packets[o as usize].duration)
        .collect();
    let (mut mended, shifts) = mend(&raw, &durations, mending);
    if let Some(settled) = mending.settled {
        let first_later = shown.partition_point(|&o| (o as usize) < settled.judged);
        for time in &mut mended[first_later..] {
            *time = settled.until.max(*time);
        }
    }

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

/// As [`raw_times`], the settled beginning by itself: the rest must not change how it was read.
fn settled_times(
    packets: &[PacketRecord],
    shown: &[u32],
    mending: Mending,
    settled: Settled,
) -> (Vec<Option<i64>>, Matching) {
    let (first, later) = shown.split_at(shown.partition_point(|&o| (o as usize) < settled.packets));
    let (mut times, matching) = raw_times(packets, first, mending);
    let records = || later.iter().map(|&o| &packets[o as usize]);
    if matching == Matching::ByPacket {
        times.extend(in_holes(records(), mending.frame));
    } else {
        times.extend(counted(records(), mending.frame));
    }
    (times, matching)
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
        return (in_holes(records(), mending.frame), Matching::ByPacket);
    }
    (counted(records(), mending.frame), Matching::ByCount)
}

/// A picture without a time of its own is shown where no other is: at the first such moment from its decode time on.
fn in_holes<'a>(
    records: impl Iterator<Item = &'a PacketRecord> + Clone,
    frame: i64,
) -> Vec<Option<i64>> {
    let mut known: BTreeSet<i64> = records.clone().filter_map(|p| p.pts).collect();
    let mut decoded: Option<i64> = None;
    records
        .map(|p| {
            decoded = p.dts.or(decoded.map(|d| d.saturating_add(frame)));
            if p.pts.is_some() {
                return p.pts;
            }
            let taken = |t: i64| {
                let near = t.saturating_sub(frame / 2)..=t.saturating_add(frame / 2);
                known.range(near).next_back().copied()
            };
            let mut time = decoded?;
            for _ in 0..REORDERED_FRAMES {
                match taken(time) {
                    Some(other) => time = other.saturating_add(frame),
                    None => break,
                }
            }
            known.insert(time);
            Some(time)
        })
        .collect()
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
        settled: None,
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
    fn a_missing_time_is_the_hole_the_others_leave() {
        // Coded I P B B P B B, ten times; the first B has no time of its own.
        let coded = [40, 160, 80, 120, 280, 200, 240];
        let times: Vec<i64> = (0..10)
            .flat_map(|gop| coded.map(|t| t + gop * 280))
            .collect();
        let mut many = packets(&times);
        for (dts, packet) in (0..).step_by(40).zip(&mut many) {
            packet.dts = Some(dts);
        }
        many[2].pts = None;
        let order = present(&many, MENDING);
        assert_eq!(order.times[..5], [40, 80, 120, 160, 200]);
        assert_eq!(order.ranks[2], Some(1));
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
    fn what_is_settled_is_not_changed_by_what_follows() {
        let beginning = packets(&[0, 120, 40, 80, 160, 200]);
        let before = present(&beginning, MENDING);
        let mut all = beginning.clone();
        all.extend(packets(&[60, 20, 240, 280]));
        let settled = Some(Settled {
            packets: 6,
            judged: 6,
            until: 120,
        });
        let after = present(&all, Mending { settled, ..MENDING });
        assert_eq!(after.times[..4], before.times[..4]);
        assert_eq!(after.ranks[..4], before.ranks[..4]);
        assert_eq!(after.times.len(), 10);
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
