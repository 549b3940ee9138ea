//! Which output frame carries which caption data: pure, so that every run comes to the same. Not how it is written.

use std::collections::VecDeque;

use crate::slots::Slot;

use super::{Gathered, Placed, Triplet};

/// Puts what was gathered of packets onto output frames.
///
/// A frame carries what belongs to the source's pictures that were not shown before it, up to its own; `budget` is the most
/// triplets of one frame, and what does not fit waits for the next. So nothing is lost where a filter leaves pictures out,
/// and nothing is there twice where it makes two of one. `ranks` are the pictures of packets, of which those before
/// `first_rank` are never shown; a picture has `per_frame` slots of its own.
#[must_use]
pub fn place(
    gathered: &Gathered,
    ranks: &[Option<u32>],
    first_rank: u32,
    slots: &[Slot],
    per_frame: u32,
    budget: usize,
) -> Placed {
    let rank = |packet: u32| ranks.get(packet as usize).copied().flatten();
    let mut pictures: Vec<(u32, &[Triplet])> = gathered
        .iter()
        .filter_map(|(packet, run)| Some((rank(packet)?, run)))
        .filter(|(rank, _)| *rank >= first_rank)
        .collect();
    // Two fields of one picture stay in their order.
    pictures.sort_by_key(|(rank, _)| *rank);
    let mut pictures = pictures.into_iter().peekable();
    let mut waiting = VecDeque::new();
    let mut placed = Placed::default();
    for slot in slots {
        let shown = slot.rank / per_frame.max(1);
        // What only repeats a picture, or shows it before its time, has nothing of its own.
        while !slot.held
            && let Some((_, run)) = pictures.next_if(|(rank, _)| *rank <= shown)
        {
            waiting.extend(run.iter().copied());
        }
        let now = waiting.len().min(budget);
        placed.push(slot.ticks, waiting.drain(..now));
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(ticks: i64, rank: u32, held: bool) -> Slot {
        Slot { ticks, rank, held }
    }

    /// Packet `n` carries `n` as data, twice.
    fn gathered(packets: u8) -> Gathered {
        let mut all = Gathered::default();
        for n in 0..packets {
            all.push(n.into(), [[0xfc, n, 1], [0xfc, n, 2]]);
        }
        all
    }

    fn said(placed: &Placed) -> Vec<(i64, Vec<u8>)> {
        let of = |run: &[Triplet]| run.iter().map(|t| t[1]).collect();
        placed.iter().map(|(ticks, run)| (ticks, of(run))).collect()
    }

    #[test]
    fn captions_come_in_the_order_of_pictures_not_of_packets() {
        let slots = [slot(0, 0, false), slot(1, 1, false), slot(2, 2, false)];
        let ranks = [Some(0), Some(2), Some(1)];
        let placed = place(&gathered(3), &ranks, 0, &slots, 1, 20);
        assert_eq!(
            said(&placed),
            [(0, vec![0, 0]), (1, vec![2, 2]), (2, vec![1, 1])]
        );
        assert_eq!(placed.get(1), [[0xfc, 2, 1], [0xfc, 2, 2]]);
        assert!(placed.get(3).is_empty());
    }

    #[test]
    fn two_pictures_of_one_share_its_captions() {
        let slots = [0u32, 1, 2, 3].map(|n| slot(n.into(), n, false));
        let ranks = [Some(0), Some(1)];
        let placed = place(&gathered(2), &ranks, 0, &slots, 2, 1);
        assert_eq!(
            said(&placed),
            [(0, vec![0]), (1, vec![0]), (2, vec![1]), (3, vec![1])]
        );
    }

    #[test]
    fn what_belongs_to_a_picture_left_out_goes_to_the_next_one_and_what_was_never_shown_goes() {
        let slots = [
            slot(0, 1, true),
            slot(1, 1, false),
            slot(3, 3, false),
            slot(4, 3, true),
        ];
        let ranks = [Some(0), Some(1), Some(2), Some(3), None];
        let placed = place(&gathered(5), &ranks, 1, &slots, 1, 3);
        assert_eq!(
            said(&placed),
            [(1, vec![1, 1]), (3, vec![2, 2, 3]), (4, vec![3])]
        );
    }
}
