//! Executes one run: enters the source early, decodes once, and sends every planned frame to the rungs that need it.

use std::sync::Arc;

use crossbeam::channel::{Sender, bounded};
use newsreel_model::grid::Run;
use newsreel_model::plan::Matching;
use newsreel_model::{Code, Error, Result};

use crate::errors;
use crate::ffi::Packet;
use crate::prepare::Prepared;
use crate::reader::IndexedReader;
use crate::timeline;

use super::lane::{self, LaneContext, Shot};
use super::{Decoded, RunControl, SegmentSink, Stages, VideoDecoder};

/// Decoded pictures waiting per rung: enough that no lane waits for a decode, few enough to keep memory small.
const QUEUE: usize = 2;

/// What a run did, beside the segments it handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunStats {
    /// Frames the decoder gave out, warm-up included.
    pub decoded: u64,
    /// Frames it gave out that the plan has no place for.
    pub surplus: u64,
    /// How often another entry point was needed.
    pub reentries: u32,
}

/// Executes `run` of `prepared` and returns when every segment it still allows has been handed to `sink`.
///
/// # Errors
/// The first error of any stage, or of the sink.
pub fn execute<T: Stages>(
    stages: &T,
    prepared: &Prepared,
    run: &Run,
    sink: &dyn SegmentSink,
    control: &RunControl,
) -> Result<RunStats> {
    let plan = &prepared.plan;
    let contexts: Vec<LaneContext<'_, T>> = run
        .work
        .iter()
        .map(|work| LaneContext {
            stages,
            rung: work.rung,
            plan: &plan.video.rungs[work.rung],
            grid: &plan.grid,
            timescale: plan.video.timescale,
            wanted: &work.segments,
            sink,
        })
        .collect();
    std::thread::scope(|scope| {
        let mut outlets = Vec::new();
        let mut lanes = Vec::new();
        for context in &contexts {
            let (sender, receiver) = bounded(QUEUE);
            outlets.push(Outlet {
                wanted: context.wanted,
                sender,
            });
            let name = format!("rung-{}", context.plan.name);
            let spawned = std::thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, move || lane::work(context, &receiver))
                .map_err(|e| {
                    Error::new(Code::EngineFailed, format!("cannot start a thread: {e}"))
                })?;
            lanes.push(spawned);
        }
        let mut feed = Feed::new(prepared, run, outlets, control);
        let fed = feed.run(stages);
        let stats = feed.stats;
        drop(feed);
        // A lane that failed closed its channel, which the feed noticed only as "gone": the lane knows why.
        let mut result = fed.map(|()| stats);
        for lane in lanes {
            let lane_result = lane
                .join()
                .unwrap_or_else(|_| Err(Error::bug("a rung's thread panicked")));
            if let Err(e) = lane_result {
                let told = matches!(&result, Err(first) if first.code() != Code::Internal);
                if !told {
                    result = Err(e);
                }
            }
        }
        result
    })
}

struct Outlet<'a, S> {
    wanted: &'a [usize],
    sender: Sender<Shot<S>>,
}

/// Walks the planned frames of the run in step with what the decoder gives out.
struct Feed<'a, S> {
    prepared: &'a Prepared,
    outlets: Vec<Outlet<'a, S>>,
    control: &'a RunControl,
    segment: usize,
    last_segment: usize,
    /// Next planned frame to send.
    cursor: usize,
    end: usize,
    /// The picture before the next one: what conceals a hole.
    previous: Option<Arc<S>>,
    stats: RunStats,
}

/// Whether decoding from an entry point went as the index promised.
enum Entered {
    Done,
    /// The entry did not lead to exact pictures; an earlier one is needed.
    Inexact,
}

impl<'a, S: super::Surface> Feed<'a, S> {
    fn new(
        prepared: &'a Prepared,
        run: &Run,
        outlets: Vec<Outlet<'a, S>>,
        control: &'a RunControl,
    ) -> Self {
        let segments = &prepared.plan.grid.segments;
        let frame = |s: usize| {
            segments.get(s).map_or(prepared.slots.slots.len(), |s| {
                usize::try_from(s.first_frame).unwrap_or(usize::MAX)
            })
        };
        let end = segments
            .get(run.segments.end.saturating_sub(1))
            .map_or(0, |s| {
                usize::try_from(s.frame_range().end).unwrap_or(usize::MAX)
            });
        Self {
            prepared,
            outlets,
            control,
            segment: run.segments.start,
            last_segment: run.segments.end,
            cursor: frame(run.segments.start),
            end,
            previous: None,
            stats: RunStats::default(),
        }
    }

    fn run<T>(&mut self, stages: &T) -> Result<()>
    where
        T: Stages,
        T::Decoder: VideoDecoder<Surface = S>,
    {
        let Some(first) = self.prepared.slots.slots.get(self.cursor) else {
            return Ok(());
        };
        let entries = timeline::entries(
            &self.prepared.index.packets,
            &self.prepared.presentation,
            first.rank,
        );
        for entry in entries {
            if let Entered::Done = self.decode_from(stages, entry)? {
                return Ok(());
            }
            self.stats.reentries += 1;
        }
        Err(Error::bug(
            "the start of the source is always an exact entry",
        ))
    }

    fn decode_from<T>(&mut self, stages: &T, entry: usize) -> Result<Entered>
    where
        T: Stages,
        T::Decoder: VideoDecoder<Surface = S>,
    {
        self.previous = None;
        let mut decoder = stages.decoder(&self.prepared.params)?;
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

    /// At the first picture the run needs: is it the one the plan has there, and whole? `None` before it.
    fn judge(&self, decoded: &Decoded<S>) -> Option<bool> {
        let wanted = i64::from(self.prepared.slots.slots.get(self.cursor)?.rank);
        let rank = decoded.rank?;
        (rank >= wanted).then_some(rank == wanted && !decoded.damaged)
    }

    fn is_finished(&self) -> bool {
        self.cursor >= self.end
            || self.segment >= self.last_segment
            || !self.control.allows(self.segment)
    }

    /// Sends every planned frame up to and including the decoded picture's own.
    fn place(&mut self, decoded: Decoded<S>) -> Result<()> {
        let Some(rank) = decoded.rank else {
            self.stats.surplus += 1;
            return Ok(());
        };
        let surface = Arc::new(decoded.surface);
        let mut used = false;
        while let Some(slot) = self.prepared.slots.slots.get(self.cursor) {
            if self.is_finished() || i64::from(slot.rank) > rank {
                break;
            }
            let own = i64::from(slot.rank) == rank;
            used |= own;
            let shown = match (&self.previous, own) {
                (Some(previous), false) => Arc::clone(previous),
                _ => Arc::clone(&surface),
            };
            self.send(shown, !own)?;
        }
        self.stats.surplus += u64::from(!used);
        self.previous = Some(surface);
        Ok(())
    }

    /// The source ended before the plan did: the last picture stands for what is missing.
    fn conceal_rest(&mut self) -> Result<()> {
        while !self.is_finished() {
            let Some(previous) = self.previous.clone() else {
                return Err(Error::new(
                    Code::EngineFailed,
                    "nothing could be decoded for this part of the source",
                ));
            };
            self.send(previous, true)?;
        }
        Ok(())
    }

    fn send(&mut self, surface: Arc<S>, concealed: bool) -> Result<()> {
        self.control.cancel.check()?;
        let segment = &self.prepared.plan.grid.segments[self.segment];
        let first = self.cursor as u64 == segment.first_frame;
        let ticks = self.prepared.slots.slots[self.cursor].ticks;
        for outlet in &self.outlets {
            if outlet.wanted.binary_search(&self.segment).is_ok() {
                let shot = Shot {
                    segment: self.segment,
                    ticks,
                    first,
                    concealed,
                    surface: Arc::clone(&surface),
                };
                // `Internal` marks "the lane is gone"; the lane itself says why.
                outlet
                    .sender
                    .send(shot)
                    .map_err(|_| Error::bug("a rung's lane ended early"))?;
            }
        }
        self.cursor += 1;
        if self.cursor as u64 >= segment.frame_range().end {
            self.segment += 1;
        }
        Ok(())
    }
}
