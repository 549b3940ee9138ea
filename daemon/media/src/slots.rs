//! Output frames and segments: which source picture is shown when, and where each segment begins.
//!
//! Pure: presentation order in, slots and grid out. Every number is in ticks of the plan's timescale.

use newsreel_model::grid::{Grid, Segment};
use newsreel_model::rational::rescale;
use newsreel_model::{Rational, plan::VideoPlan, profile::FrameTiming};

use crate::film::Film;

/// One output frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Presentation time.
    pub ticks: i64,
    /// Rank of the picture shown.
    pub rank: u32,
    /// Whether it repeats a picture that is held across a line or to the end of the sound.
    pub held: bool,
}

/// A picture that stays this much longer than a line is repeated at the line, so that a segment starts there.
const HOLD_S: f64 = 0.5;

/// A shorter rest at the end belongs to the segment before it.
pub const SHORTEST_TAIL_S: f64 = 0.5;

/// Frames never lie closer together than a millisecond.
const MIN_SPACING_S: f64 = 0.001;

/// Times this close to the nominal rate's are the nominal rate's: millisecond containers round.
const SNAP_S: f64 = 0.0011;

/// A constant rate may make at most this many frames of one source frame on average (a limit that LPMS also uses).
const MAX_FRAMES_PER_FRAME: u64 = 25;

/// Output frames in order, with the grid over them.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// All output frames.
    pub slots: Vec<Slot>,
    /// Segments over them.
    pub grid: Grid,
}

/// Nominal segment lengths in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// Of the first segment.
    pub first_s: f64,
    /// Of every other.
    pub every_s: f64,
}

impl Lines {
    /// Where line `k` lies, in ticks of any clock.
    #[must_use]
    pub fn at(self, k: usize, timescale: u32) -> i64 {
        if k == 0 {
            return 0;
        }
        #[allow(clippy::cast_precision_loss, reason = "line numbers are small")]
        let seconds = self.first_s + self.every_s * (k - 1) as f64;
        ticks(seconds, timescale)
    }
}

/// Seconds in ticks, to the nearest; 0 for what is not a time.
#[must_use]
#[allow(
    clippy::cast_possible_truncation,
    reason = "float to int saturates, and NaN becomes 0"
)]
pub fn ticks(seconds: f64, timescale: u32) -> i64 {
    (seconds * f64::from(timescale)).round() as i64
}

/// Places the pictures on the output's clock.
///
/// `times` are the source times of ranks `plan.first_rank..`; `last_duration` is the last one's own length, if known.
/// `sound_end` is where the sound ends in ticks; a picture is held until then when the sound lasts longer.
#[must_use]
pub fn place(
    times: &[i64],
    last_duration: Option<i64>,
    sound_end: Option<i64>,
    plan: &VideoPlan,
    lines: Lines,
) -> Slots {
    let first_rank = u32::try_from(plan.first_rank).unwrap_or(u32::MAX);
    let own = own_slots(times, first_rank, plan);
    let own = match plan.conditioning.pictures_per_frame() {
        2 => each_field(&own, plan.frame_ticks),
        _ => own,
    };
    let Some(last) = own.last().copied() else {
        return Slots::default();
    };
    let one = Rational::new(1, i32::try_from(plan.timescale).unwrap_or(i32::MAX));
    let length = last_duration
        .map(|d| rescale(d, plan.source_time_base, one))
        .filter(|d| *d > 0)
        .map_or(plan.frame_ticks, |d| {
            if near(d, plan.frame_ticks) {
                plan.frame_ticks
            } else {
                d
            }
        });
    let picture_end = last.ticks + length.max(1);
    let tail = ticks(SHORTEST_TAIL_S / 2.0, plan.timescale);
    let end = sound_end
        .filter(|s| *s > picture_end + tail)
        .unwrap_or(picture_end);
    let own = match plan.frame_timing {
        FrameTiming::Source => own,
        FrameTiming::Constant => at_constant_rate(&own, end, plan.frame_ticks),
    };
    cut(&own, end, plan.timescale, lines)
}

/// Whether two lengths differ only by rounding to a millisecond.
fn near(a: i64, b: i64) -> bool {
    (a - b).abs() * 50 <= b
}

/// One slot per picture at its own time, snapped to the nominal rate where it is that rate.
fn own_slots(times: &[i64], first_rank: u32, plan: &VideoPlan) -> Vec<Slot> {
    if let Some(film) = Film::of(plan) {
        return of_film(times, first_rank, plan, film);
    }
    let timescale = plan.timescale;
    let one = Rational::new(1, i32::try_from(timescale).unwrap_or(i32::MAX));
    let spacing = ticks(MIN_SPACING_S, timescale).max(1);
    let snap = match plan.conditioning.pulldown {
        // Half a field before or after is where film's pictures are.
        Some(_) => plan.frame_ticks / 4,
        None => ticks(SNAP_S, timescale),
    };
    let frame = plan
        .frame_rate
        .is_some()
        .then_some(plan.frame_ticks)
        .filter(|f| *f > 0);
    // The first frame's own offset from the nominal rate, so that all others are measured from it.
    let mut phase = 0;
    let mut slots: Vec<Slot> = Vec::with_capacity(times.len() + 1);
    for (rank, time) in (first_rank..).zip(times) {
        let mut at = rescale(time.saturating_sub(plan.origin), plan.source_time_base, one).max(0);
        if rank == first_rank {
            phase = at;
            if at > 0 {
                // Sound comes first: the first picture stands until its own time.
                slots.push(Slot {
                    ticks: 0,
                    rank,
                    held: true,
                });
            }
        }
        if let Some(frame) = frame {
            let nominal = phase + (at - phase + frame / 2).div_euclid(frame) * frame;
            if (nominal - at).abs() <= snap {
                at = nominal;
            }
        }
        let earliest = slots.last().map_or(0, |s| s.ticks + spacing);
        slots.push(Slot {
            ticks: at.max(earliest),
            rank,
            held: false,
        });
    }
    slots
}

/// One slot for each picture of film, evenly, whatever frames it was spread over.
fn of_film(times: &[i64], first_rank: u32, plan: &VideoPlan, film: Film) -> Vec<Slot> {
    let one = Rational::new(1, i32::try_from(plan.timescale).unwrap_or(i32::MAX));
    let at = |time: i64| rescale(time.saturating_sub(plan.origin), plan.source_time_base, one);
    let Some(own) = times.first().map(|time| at(*time)) else {
        return Vec::new();
    };
    let begins = own + film.shift();
    let begins = if begins <= ticks(SNAP_S, plan.timescale) {
        0
    } else {
        begins
    };
    let spacing = ticks(MIN_SPACING_S, plan.timescale).max(1);
    let mut slots: Vec<Slot> = Vec::with_capacity(times.len() + 1);
    if begins > 0 {
        // Sound comes first: the first picture stands until its own time.
        slots.push(Slot {
            ticks: 0,
            rank: first_rank,
            held: true,
        });
    }
    for (rank, time) in (first_rank..).zip(times) {
        if let Some(place) = film.place(at(*time) - own) {
            let earliest = slots.last().map_or(0, |s| s.ticks + spacing);
            slots.push(Slot {
                ticks: (begins + place).max(earliest),
                rank,
                held: false,
            });
        }
    }
    slots
}

/// Two pictures for each frame, the second half-way to the next frame.
fn each_field(frames: &[Slot], field_ticks: i64) -> Vec<Slot> {
    let mut fields = Vec::with_capacity(frames.len() * 2);
    for (i, frame) in frames.iter().enumerate() {
        let rank = frame.rank.saturating_mul(2);
        fields.push(Slot { rank, ..*frame });
        if frame.held {
            continue;
        }
        let next = frames.get(i + 1).map(|n| (n.ticks - frame.ticks) / 2);
        // A frame that stands longer than its own time moves no slower for it.
        let half = next.map_or(field_ticks, |n| n.min(field_ticks * 3 / 2));
        fields.push(Slot {
            ticks: frame.ticks + half.max(1),
            rank: rank.saturating_add(1),
            held: false,
        });
    }
    fields
}

/// The picture that is up at every multiple of the frame length; bounded, whatever the times claim.
fn at_constant_rate(own: &[Slot], end: i64, frame: i64) -> Vec<Slot> {
    let limit = (own.len() as u64 + 1) * MAX_FRAMES_PER_FRAME;
    let wanted = u64::try_from(end / frame.max(1)).unwrap_or(0);
    if wanted > limit {
        return own.to_vec();
    }
    let mut out: Vec<Slot> = Vec::new();
    let mut current = 0;
    let mut at = 0;
    while at < end {
        while own
            .get(current + 1)
            .is_some_and(|s| s.ticks <= at + frame / 2)
        {
            current += 1;
        }
        let rank = own[current].rank;
        let held = out.last().is_some_and(|s| s.rank == rank);
        out.push(Slot {
            ticks: at,
            rank,
            held,
        });
        at += frame.max(1);
    }
    out
}

/// The last moment a segment may begin, for a programme that ends at `end`.
#[must_use]
pub fn last_line(end: i64, timescale: u32) -> i64 {
    end - ticks(SHORTEST_TAIL_S, timescale)
}

/// Cuts the frames into segments, repeating a picture where it is held across a line.
fn cut(own: &[Slot], end: i64, timescale: u32, lines: Lines) -> Slots {
    let hold = ticks(HOLD_S, timescale);
    let last_line = last_line(end, timescale);
    let mut slots: Vec<Slot> = Vec::with_capacity(own.len());
    let mut starts: Vec<usize> = vec![0];
    let mut line = 1;
    for (i, slot) in own.iter().enumerate() {
        // A slot at or after the next line begins a segment there.
        if i > 0 && slot.ticks >= lines.at(line, timescale) && slot.ticks <= last_line {
            starts.push(slots.len());
            while lines.at(line, timescale) <= slot.ticks {
                line += 1;
            }
        }
        slots.push(*slot);
        // Lines that pass while this picture is up.
        let until = own.get(i + 1).map_or(end, |s| s.ticks);
        loop {
            let at = lines.at(line, timescale);
            let covered = own
                .get(i + 1)
                .is_some_and(|s| s.ticks < at + hold && s.ticks <= last_line);
            if at <= slot.ticks || at >= until || at > last_line || covered {
                break;
            }
            starts.push(slots.len());
            slots.push(Slot {
                ticks: at,
                rank: slot.rank,
                held: true,
            });
            line += 1;
        }
    }
    Slots {
        grid: grid(&slots, &starts, end),
        slots,
    }
}

fn grid(slots: &[Slot], starts: &[usize], end: i64) -> Grid {
    let segments = starts
        .iter()
        .enumerate()
        .map(|(k, &first)| {
            let next = starts.get(k + 1).copied().unwrap_or(slots.len());
            let start_ticks = slots[first].ticks;
            let end_ticks = slots.get(next).map_or(end, |s| s.ticks);
            Segment {
                first_frame: first as u64,
                frames: u32::try_from(next - first).unwrap_or(u32::MAX),
                start_ticks,
                duration_ticks: end_ticks - start_ticks,
            }
        })
        .collect();
    Grid { segments }
}

impl Slots {
    /// How many slots repeat a picture by plan.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.slots.iter().filter(|s| s.held).count() as u64
    }

    /// Where frame `index` ends, in ticks.
    #[must_use]
    pub fn end_of(&self, index: usize) -> i64 {
        self.slots
            .get(index + 1)
            .map_or_else(|| self.grid.duration_ticks(), |s| s.ticks)
    }

    /// BLAKE3 over every frame's time and picture, as hex.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for slot in &self.slots {
            hasher.update(&slot.ticks.to_le_bytes());
            hasher.update(&slot.rank.to_le_bytes());
        }
        hasher.update(&self.grid.duration_ticks().to_le_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
