//! Which segments of a job are missing and with no session, and how a stretch of them becomes a run. Not here: who makes them.

use std::collections::BTreeMap;

use crate::input::SegmentWork;

/// Missing segments with the frames they take, by index.
pub(crate) type Segments = BTreeMap<usize, u64>;

pub(crate) fn segments(missing: &[SegmentWork]) -> Segments {
    missing.iter().map(|s| (s.index, s.frames.max(1))).collect()
}

/// Takes the first stretch out of `pending`: from its lowest segment up to `barrier` (the next one another session has), or
/// to the first gap of `bridge` finished segments or more, which a session would decode for nothing.
pub(crate) fn take_run(
    pending: &mut Segments,
    barrier: impl Fn(usize) -> usize,
    bridge: usize,
) -> Segments {
    let Some((&first, _)) = pending.first_key_value() else {
        return Segments::new();
    };
    let barrier = barrier(first);
    let mut end = first;
    for &index in pending.keys() {
        if index >= barrier || index - end > bridge {
            break;
        }
        end = index;
    }
    let rest = pending.split_off(&end.saturating_add(1));
    std::mem::replace(pending, rest)
}

/// Whether [`split`] would find a second half.
pub(crate) fn can_split(todo: &Segments, least: usize) -> bool {
    todo.len() >= least.max(1).saturating_mul(2)
}

/// Takes the second half (by frames) of a run, leaving at least `least` segments on either side. Empty if that cannot be.
pub(crate) fn split(todo: &mut Segments, least: usize) -> Segments {
    if !can_split(todo, least) {
        return Segments::new();
    }
    let least = least.max(1);
    let total: u64 = todo.values().sum();
    let mut before = 0_u64;
    let mut halves = todo.iter().enumerate().map(|(position, (&index, frames))| {
        let made = before;
        before += frames;
        (position, index, made)
    });
    let last = todo.len() - least;
    let middle = halves.find(|&(position, _, made)| {
        position == last || (position >= least && made.saturating_mul(2) >= total)
    });
    middle.map_or_else(Segments::new, |(_, index, _)| todo.split_off(&index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(indices: &[usize]) -> Segments {
        indices.iter().map(|&i| (i, 100)).collect()
    }

    fn keys(segments: &Segments) -> Vec<usize> {
        segments.keys().copied().collect()
    }

    #[test]
    fn a_run_bridges_short_gaps_and_stops_at_long_ones() {
        let mut pending = of(&[2, 3, 6, 20, 21]);
        let run = take_run(&mut pending, |_| usize::MAX, 4);
        assert_eq!(keys(&run), [2, 3, 6]);
        assert_eq!(keys(&pending), [20, 21]);
    }

    #[test]
    fn a_run_stops_before_what_another_session_has() {
        let mut pending = of(&[0, 1, 4, 5]);
        let run = take_run(&mut pending, |_| 3, 4);
        assert_eq!(keys(&run), [0, 1]);
    }

    #[test]
    fn a_split_halves_the_frames_and_keeps_both_sides_worth_while() {
        let mut todo = of(&[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(keys(&split(&mut todo, 2)), [4, 5, 6, 7]);
        let mut todo = of(&[0, 1, 2, 3]);
        todo.insert(0, 10_000);
        assert_eq!(keys(&split(&mut todo, 2)), [2, 3]);
        let mut todo = of(&[0, 1, 2]);
        assert!(split(&mut todo, 2).is_empty());
        assert_eq!(todo.len(), 3);
    }
}
