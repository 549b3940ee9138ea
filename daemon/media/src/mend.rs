//! Wild and wrapped times set right, jumps closed up: one packet's time judged by those around it. Not their order.

use serde::{Deserialize, Serialize};

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
    /// What must not change any more, whatever follows.
    pub settled: Option<Settled>,
}

/// The beginning of a source that was planned, and perhaps encoded, before the rest was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// So many packets were known then.
    pub packets: usize,
    /// And so many of them had been judged by all that follows them.
    pub judged: usize,
    /// Nothing but those is shown before this time.
    pub until: i64,
}

/// From a source time on (in file order), this much was added to the times to close a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// First source time after the jump.
    pub from: i64,
    /// Added to every time from there on.
    pub add: i64,
}

/// How many later packets decide whether a strange time is a slip or a new beginning.
pub const WITNESSES: usize = 6;

/// Pictures are never reordered over more than this many frames (H.264 and HEVC allow 16).
pub const REORDERED_FRAMES: i64 = 17;

/// The pictures coded just before one that may be its neighbours in time.
const RECENT: usize = 17;

/// Follows the times in file order; a jump is either a slip of one packet (replaced) or a new beginning (closed up).
pub fn mend(raw: &[Option<i64>], durations: &[i64], mending: Mending) -> (Vec<i64>, Vec<Shift>) {
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
