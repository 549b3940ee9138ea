//! The frames of one run in order: enters the source early, decodes once, and gives every rung what it needs of it.
//!
//! Beside the segments of its run a rung is shown a little of what surrounds them, for its encoder's rate control.

use std::sync::Arc;

use crossbeam::channel::Sender;
use newsreel_model::grid::Run;
use newsreel_model::plan::Matching;
use newsreel_model::{Code, Error, Result};

use crate::errors;
use crate::ffi::Packet;
use crate::prepare::Prepared;
use crate::reader::IndexedReader;
use crate::timeline;

use super::lane::{Place, Shot, SplitOf};
use super::run::RunStats;
use super::{Decoded, RunControl, Splitter, Stages, VideoDecoder};

/// An encoder sees this much of the programme before its first segment, so that its rate control comes to the joint in
/// the state a session that had gone on would be in: about the length of a session's rate buffer.
const LEAD_S: f64 = 1.0;

/// And so many frames after its last one: what its lookahead weighs the last pictures by (libx264 looks 10 frames ahead
/// at `veryfast`, and reorders over 3).
const TAIL_FRAMES: usize = 16;

/// The way to one rung's lane.
pub struct Outlet<'a, S> {
    /// The segments it needs, ascending.
    pub wanted: &'a [usize],
    /// Whether its encoder is shown what surrounds its segments.
    pub warmed_up: bool,
    /// Bounded: the feed waits for the slowest lane.
    pub sender: Sender<Shot<S>>,
}

impl<S> Outlet<'_, S> {
    fn wants(&self, segment: usize) -> bool {
        self.wanted.binary_search(&segment).is_ok()
    }
}

type DecodedOf<T> = <<T as Stages>::Decoder as VideoDecoder>::Surface;

/// A decoded picture, split when the first rung needs it: what only leads to the run never is.
enum Picture<T: Stages> {
    Whole(DecodedOf<T>),
    Split(Arc<SplitOf<T>>),
}

/// Walks the planned frames of the run in step with what the decoder gives out.
pub struct Feed<'a, T: Stages> {
    stages: &'a T,
    splitter: T::Splitter,
    prepared: &'a Prepared,
    outlets: Vec<Outlet<'a, SplitOf<T>>>,
    control: &'a RunControl,
    /// Next planned frame to send, and the segment it is in.
    cursor: usize,
    segment: usize,
    /// The first segment that is not made any more: the run's end, or where it was cut.
    end: usize,
    /// Frames of warm-up before a session's first segment.
    lead: usize,
    /// Rank of the first picture that the run's first depends on.
    lead_in: u32,
    /// The picture before the next one: what conceals a hole.
    previous: Option<Picture<T>>,
    stats: RunStats,
}

/// Whether decoding from an entry point went as the index promised.
enum Entered {
    Done,
    /// The entry did not lead to exact pictures; an earlier one is needed.
    Inexact,
}

impl<'a, T: Stages> Feed<'a, T> {
    /// Stands before the run's first frame, its warm-up included.
    ///
    /// # Errors
    /// The device cannot split the source's pictures into those of the run's rungs.
    pub fn new(
        stages: &'a T,
        prepared: &'a Prepared,
        run: &Run,
        outlets: Vec<Outlet<'a, SplitOf<T>>>,
        control: &'a RunControl,
    ) -> Result<Self> {
        let rungs: Vec<usize> = run.work.iter().map(|work| work.rung).collect();
        let plan = &prepared.plan;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        let lead = (LEAD_S * f64::from(plan.video.timescale) / plan.video.frame_ticks.max(1) as f64)
            as usize;
        let mut feed = Self {
            stages,
            splitter: stages.splitter(&rungs)?,
            prepared,
            outlets,
            control,
            cursor: 0,
            segment: run.segments.start,
            end: run.segments.end.min(plan.grid.len()),
            lead,
            lead_in: 0,
            previous: None,
            stats: RunStats::default(),
        };
        let line = feed.line(run.segments.start);
        let warmed_up = feed
            .outlets
            .iter()
            .any(|o| o.warmed_up && o.wants(run.segments.start));
        feed.cursor = line;
        if let Some(before) = run.segments.start.checked_sub(1).filter(|_| warmed_up) {
            feed.segment = before;
            feed.cursor = line.saturating_sub(lead).max(feed.line(before));
        }
        Ok(feed)
    }

    /// Number of a segment's first frame; of the frame after the last for a segment beyond the grid.
    fn line(&self, segment: usize) -> usize {
        let grid = &self.prepared.plan.grid;
        let frame = grid
            .segments
            .get(segment)
            .map_or(grid.frames(), |s| s.first_frame);
        usize::try_from(frame).unwrap_or(usize::MAX)
    }

    /// Sends every frame of the run, from the nearest entry point that proves exact.
    ///
    /// # Errors
    /// The source or the device failed, or a lane is gone.
    pub fn run(mut self) -> Result<RunStats> {
        let Some(first) = self.prepared.slots.slots.get(self.cursor) else {
            return Ok(self.stats);
        };
        // The pictures before the first one, as far as it depends on them, have to be right too.
        let how = &self.prepared.plan.video.conditioning;
        let frame = (first.rank / how.pictures_per_frame()).saturating_sub(how.reach());
        self.lead_in = frame * how.pictures_per_frame();
        let entries = timeline::entries(
            &self.prepared.index.packets,
            &self.prepared.presentation,
            frame,
        );
        for entry in entries {
            if let Entered::Done = self.decode_from(entry)? {
                return Ok(self.stats);
            }
            self.stats.reentries += 1;
        }
        Err(Error::bug(
            "the start of the source is always an exact entry",
        ))
    }

    fn decode_from(&mut self, entry: usize) -> Result<Entered> {
        self.previous = None;
        let mut decoder = self.stages.decoder(&self.prepared.params)?;
        let mut packet = Packet::new().map_err(errors::engine("reading"))?;
        let p = self.prepared;
        let mut reader = IndexedReader::enter(
            p.source.as_ref(),
            &p.index,
            entry,
            &mut packet,
            &self.control.cancel,
        )?;
        let counted = p.presentation.matching != Some(Matching::ByPacket);
        let mut count = 0;
        let mut exact = entry == 0;
        loop {
            self.control.cancel.check()?;
            let more = reader.next(&mut packet)?;
            if let Some(ordinal) = more {
                packet.set_times(p.presentation.ranks[ordinal].map(i64::from), None);
                decoder.send(Some(&packet))?;
            } else {
                decoder.send(None)?;
            }
            while let Some(mut decoded) = decoder.receive()? {
                self.stats.decoded += 1;
                if counted {
                    decoded.rank = Some(count);
                    count += 1;
                }
                if !exact {
                    match self.judge(&decoded) {
                        Some(true) => exact = true,
                        Some(false) => return Ok(Entered::Inexact),
                        None => {}
                    }
                }
                self.place(decoded)?;
                if self.is_finished() {
                    return Ok(Entered::Done);
                }
            }
            if more.is_none() {
                self.conceal_rest()?;
                return Ok(Entered::Done);
            }
        }
    }

    /// At the first picture the run depends on: is it the one the plan has there, and whole? `None` before it.
    fn judge(&self, decoded: &Decoded<DecodedOf<T>>) -> Option<bool> {
        let wanted = i64::from(self.lead_in);
        let rank = decoded.rank?;
        (rank >= wanted).then_some(rank == wanted && !decoded.damaged)
    }

    /// Whether nothing is left that any rung must or may see.
    fn is_finished(&self) -> bool {
        let tail = if self.outlets.iter().any(|o| o.warmed_up) {
            TAIL_FRAMES
        } else {
            0
        };
        self.cursor >= self.line(self.end) + tail || self.cursor >= self.prepared.slots.slots.len()
    }

    /// What the next frame is to a rung: `None` when it is nothing, else whether it is only warm-up.
    fn role(&self, outlet: &Outlet<'_, SplitOf<T>>) -> Option<bool> {
        let (frame, segment) = (self.cursor, self.segment);
        let made = |s: usize| s < self.end && outlet.wants(s);
        if made(segment) {
            return Some(false);
        }
        let leads = made(segment + 1) && frame + self.lead >= self.line(segment + 1);
        let trails =
            segment.checked_sub(1).is_some_and(made) && frame < self.line(segment) + TAIL_FRAMES;
        (outlet.warmed_up && (leads || trails)).then_some(true)
    }

    /// Sends every planned frame up to and including the decoded picture's own.
    fn place(&mut self, decoded: Decoded<DecodedOf<T>>) -> Result<()> {
        let Some(rank) = decoded.rank else {
            self.stats.surplus += 1;
            return Ok(());
        };
        let mut picture = Picture::Whole(decoded.surface);
        let mut used = false;
        while let Some(slot) = self.prepared.slots.slots.get(self.cursor) {
            if self.is_finished() || i64::from(slot.rank) > rank {
                break;
            }
            let own = i64::from(slot.rank) == rank;
            used |= own;
            let shown = match self.previous.take() {
                Some(previous) if !own => {
                    let (previous, shown) = self.split(previous)?;
                    self.previous = Some(previous);
                    shown
                }
                kept => {
                    self.previous = kept;
                    let shown;
                    (picture, shown) = self.split(picture)?;
                    shown
                }
            };
            self.send(&shown, !own)?;
        }
        self.stats.surplus += u64::from(!used);
        self.previous = Some(picture);
        Ok(())
    }

    /// The source ended before the plan did: the last picture stands for what is missing.
    fn conceal_rest(&mut self) -> Result<()> {
        if self.segment >= self.end {
            return Ok(());
        }
        let Some(previous) = self.previous.take() else {
            return Err(Error::new(
                Code::EngineFailed,
                "nothing could be decoded for this part of the source",
            ));
        };
        let (_, shown) = self.split(previous)?;
        while self.segment < self.end {
            self.send(&shown, true)?;
        }
        Ok(())
    }

    /// The picture as the rungs get it.
    fn split(&mut self, picture: Picture<T>) -> Result<(Picture<T>, Arc<SplitOf<T>>)> {
        let shown = match picture {
            Picture::Whole(surface) => Arc::new(self.splitter.split(surface)?),
            Picture::Split(shown) => shown,
        };
        Ok((Picture::Split(Arc::clone(&shown)), shown))
    }

    fn send(&mut self, picture: &Arc<SplitOf<T>>, concealed: bool) -> Result<()> {
        self.control.cancel.check()?;
        let first = self.cursor == self.line(self.segment);
        if first {
            self.heed_cut();
        }
        let ticks = self.prepared.slots.slots[self.cursor].ticks;
        for outlet in &self.outlets {
            let Some(warm_up) = self.role(outlet) else {
                continue;
            };
            let place = Place {
                segment: self.segment,
                frame: self.cursor,
                ticks,
                first,
                warm_up,
                concealed,
            };
            let picture = Arc::clone(picture);
            // `Internal` marks "the lane is gone"; the lane itself says why.
            outlet
                .sender
                .send(Shot { place, picture })
                .map_err(|_| Error::bug("a rung's lane ended early"))?;
        }
        self.cursor += 1;
        if self.cursor >= self.line(self.segment + 1)
            && self.segment < self.prepared.plan.grid.len()
        {
            self.segment += 1;
        }
        Ok(())
    }

    /// A cut takes effect at a line: a segment that was begun is finished.
    fn heed_cut(&mut self) {
        while self.end > self.segment && !self.control.allows(self.end - 1) {
            self.end -= 1;
        }
    }
}
