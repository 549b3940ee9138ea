//! Index and decisions put together into output frames: pure, so that every process comes to the same ones.
//!
//! Not here: how either came about (`index`, `decide`).

use std::sync::Arc;

use newsreel_model::Rational;
use newsreel_model::plan::{Matching, Plan, VideoPlan};
use newsreel_model::rational::rescale;

use crate::captions;
use crate::ffi::{Params, Source};
use crate::film::Film;
use crate::index::{Extent, Index};
use crate::mend::{self, Mending, Settled};
use crate::prepare::{Limits, Prepared};
use crate::slots::{self, Lines};
use crate::sound_alone;
use crate::timeline;

/// A decode time going back further than this is a new beginning, not reordering; seconds.
const MAX_BACK_S: f64 = 5.0;

/// Puts index and decisions together; pure, so that every process comes to the same frames.
pub fn assemble(
    source: Arc<dyn Source>,
    params: Arc<Params>,
    index: Index,
    plan: &Plan,
    limits: Limits,
) -> Prepared {
    let video = &plan.video;
    let mending = Mending {
        settled: index.settled,
        ..mending(video, limits)
    };
    let presentation = timeline::present(&index.packets, mending);
    let first = usize::try_from(video.first_rank).unwrap_or(usize::MAX);
    let times = presentation.times.get(first..).unwrap_or(&[]);
    let last_duration = presentation
        .packets
        .last()
        .map(|&o| index.packets[o as usize].duration)
        // A picture of film lasts longer than its frames.
        .filter(|d| *d > 0 && *d <= mending.max_gap && Film::of(video).is_none())
        .map(|d| d / i64::from(video.conditioning.pictures_per_frame()));
    let sound = index.audio.filter(|_| index.complete);
    let sound_end = sound.map(|extent| sound_end(plan, &extent, limits));
    let lines = Lines {
        first_s: plan.first_segment_s,
        every_s: plan.segment_s,
    };
    let first_rank = u32::try_from(first).unwrap_or(u32::MAX);
    let slots = if plan.is_sound_alone() {
        let longest = slots::ticks(limits.max_duration_s + 1.0, video.timescale);
        sound_alone::slots(plan, lines, sound_end.map(|end| end.min(longest)))
    } else {
        slots::place(times, last_duration, sound_end, video, lines)
    };
    let mut plan = plan.clone();
    plan.video.matching = presentation.matching.unwrap_or(Matching::ByCount);
    // Where pictures are only counted, packets are not known to be in their order.
    let counted = presentation.matching == Some(Matching::ByCount);
    let none = captions::Gathered::default();
    let gathered = if counted && params.reorders() {
        &none
    } else {
        &index.captions
    };
    let captions = captions::place(
        gathered,
        &presentation.ranks,
        first_rank,
        &slots.slots,
        video.conditioning.pictures_per_frame(),
        captions::budget(video),
    );
    Prepared {
        captions: Arc::new(captions),
        source,
        params,
        index,
        presentation,
        slots,
        plan,
    }
}

/// What has to stay as it is for the first segment to stay as it is; `None` where a picture of it may still be judged
/// otherwise by what follows.
pub fn settle_first_segment(prepared: &Prepared) -> Option<Settled> {
    let packets = &prepared.index.packets;
    let shown: Vec<usize> = (0..packets.len()).filter(|&o| packets[o].shown).collect();
    let judged = *shown.get(shown.len().checked_sub(mend::WITNESSES + 1)?)?;
    let next = prepared.slots.grid.segments.get(1)?;
    let first = usize::try_from(next.first_frame).ok()?;
    let up_to_next = prepared.slots.slots.get(..=first)?;
    let per_frame = prepared.plan.video.conditioning.pictures_per_frame();
    let is_judged = |rank: u32| {
        let frame = rank / per_frame;
        let packet = prepared.presentation.packets.get(frame as usize);
        packet.is_some_and(|&o| (o as usize) < judged)
    };
    if !up_to_next.iter().all(|slot| is_judged(slot.rank)) {
        return None;
    }
    let begins = up_to_next.last()?;
    let video = &prepared.plan.video;
    let until = if begins.held {
        let line = rescale(
            next.start_ticks,
            prepared.plan.time_base(),
            video.source_time_base,
        );
        video.origin.saturating_add(line)
    } else {
        // A segment that begins with a frame's later field begins before the next frame.
        let frame = begins.rank.div_ceil(per_frame);
        *prepared.presentation.times.get(frame as usize)?
    };
    Some(Settled {
        packets: packets.len(),
        judged,
        until,
    })
}

/// Where the sound ends in ticks: by its times, but never beyond what its packets really hold.
fn sound_end(plan: &Plan, extent: &Extent, limits: Limits) -> i64 {
    let to = plan.time_base();
    let origin = rescale(plan.video.origin, plan.video.source_time_base, to);
    let gap = slots::ticks(limits.max_gap_s, plan.video.timescale);
    // Sound that begins later than a gap may last begins at once: see `limits.max_gap_s`.
    let start = rescale(extent.start, extent.time_base, to)
        .saturating_sub(origin)
        .clamp(0, gap);
    let end = rescale(extent.end, extent.time_base, to).saturating_sub(origin);
    let held = rescale(extent.content, extent.time_base, to);
    end.min(start.saturating_add(held).saturating_add(gap))
}

/// What mending a source's times may assume.
pub fn mending(video: &VideoPlan, limits: Limits) -> Mending {
    let per_second =
        f64::from(video.source_time_base.den) / f64::from(video.source_time_base.num.max(1));
    #[allow(clippy::cast_possible_truncation, reason = "float to int saturates")]
    let units = |s: f64| (s * per_second) as i64;
    let to = Rational::new(1, i32::try_from(video.timescale).unwrap_or(i32::MAX));
    let whole = || video.frame_ticks * i64::from(video.conditioning.pictures_per_frame());
    let frame_ticks = Film::of(video).map_or_else(whole, Film::frame);
    Mending {
        frame: rescale(frame_ticks, to, video.source_time_base).max(1),
        max_gap: units(limits.max_gap_s).max(1),
        max_back: units(MAX_BACK_S).max(1),
        counted: video.matching == Matching::ByCount,
        settled: None,
    }
}
