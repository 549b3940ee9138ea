//! One rung of a run: scale, encode, assemble, hand over. Runs in a thread of its own.

use std::sync::Arc;

use crossbeam::channel::Receiver;
use newsreel_model::grid::Grid;
use newsreel_model::plan::RungPlan;
use newsreel_model::{Error, Result};

use crate::errors;
use crate::ffi::{Packet, Received, init_segment};

use super::assemble::{Assembler, Expected};
use super::{Scaler, SegmentOutput, SegmentSink, Stages, VideoDecoder, VideoEncoder};

/// One output frame on its way to the rungs.
pub struct Shot<S> {
    pub segment: usize,
    pub ticks: i64,
    /// Whether it is the first frame of its segment.
    pub first: bool,
    pub concealed: bool,
    pub surface: Arc<S>,
}

/// What a lane knows of its run.
pub struct LaneContext<'a, T: Stages> {
    pub stages: &'a T,
    pub rung: usize,
    pub plan: &'a RungPlan,
    pub grid: &'a Grid,
    pub timescale: u32,
    /// The segments this rung needs, ascending.
    pub wanted: &'a [usize],
    pub sink: &'a dyn SegmentSink,
}

type SourceOf<T> = <<T as Stages>::Decoder as VideoDecoder>::Surface;

/// Encodes every wanted shot that arrives until the channel closes.
pub fn work<T: Stages>(
    context: &LaneContext<'_, T>,
    shots: &Receiver<Shot<SourceOf<T>>>,
) -> Result<()> {
    let mut scaler = context.stages.scaler(context.plan)?;
    let mut session: Option<Session<T>> = None;
    let mut last_segment = None;
    for shot in shots {
        let hole = last_segment.is_some_and(|s: usize| s + 1 != shot.segment);
        if shot.first && (hole || context.stages.session_per_segment(context.rung)) {
            // Over a hole of finished segments the frames never reach this lane, so the encoder must not look back.
            if let Some(old) = session.take() {
                old.close(context)?;
            }
        }
        last_segment = Some(shot.segment);
        let active = match &mut session {
            Some(active) => active,
            None => session.insert(Session::open(context)?),
        };
        let picture = scaler.scale(&shot.surface)?;
        let (segment, ticks, first, concealed) =
            (shot.segment, shot.ticks, shot.first, shot.concealed);
        // The decoder's picture is free for reuse as early as can be.
        drop(shot);
        active.encode(context, picture, segment, ticks, first, concealed)?;
    }
    session.map_or(Ok(()), |s| s.close(context))
}

struct Session<T: Stages> {
    encoder: T::Encoder,
    assembler: Assembler,
    packet: Packet,
}

impl<T: Stages> Session<T> {
    fn open(context: &LaneContext<'_, T>) -> Result<Self> {
        let encoder = context.stages.encoder(context.rung)?;
        let failed = errors::engine("opening the encoder");
        let init = init_segment(&encoder.params()?, context.timescale, None).map_err(&failed)?;
        context.sink.init(context.rung, init)?;
        Ok(Self {
            encoder,
            assembler: Assembler::new(context.plan.codec),
            packet: Packet::new().map_err(&failed)?,
        })
    }

    fn encode(
        &mut self,
        context: &LaneContext<'_, T>,
        picture: <T::Scaler as Scaler>::Out,
        segment: usize,
        ticks: i64,
        first: bool,
        concealed: bool,
    ) -> Result<()> {
        if first {
            let s = &context.grid.segments[segment];
            self.assembler.expect(Expected {
                segment,
                start_ticks: s.start_ticks,
                end_ticks: s.end_ticks(),
                frames: s.frames,
                concealed: 0,
            });
        }
        if let Some(current) = self.assembler.current() {
            current.concealed += u32::from(concealed);
        }
        self.encoder.send(picture, ticks, first)?;
        context.sink.frames(1);
        self.drain(context)
    }

    fn drain(&mut self, context: &LaneContext<'_, T>) -> Result<()> {
        while self.encoder.receive(&mut self.packet)? == Received::Output {
            if let Some((done, bytes)) = self.assembler.add(&self.packet)? {
                context.sink.segment(SegmentOutput {
                    rung: context.rung,
                    segment: done.segment,
                    bytes,
                    frames: done.frames,
                    concealed: done.concealed,
                    made_by: context.stages.made_by(context.rung),
                })?;
            }
        }
        Ok(())
    }

    fn close(mut self, context: &LaneContext<'_, T>) -> Result<()> {
        self.encoder.finish()?;
        self.drain(context)?;
        if self.assembler.is_settled() {
            return Ok(());
        }
        // Also so when the feed stopped early; what stopped it is the error that counts.
        Err(Error::bug(
            "the encoder ended before it gave out every frame",
        ))
    }
}
