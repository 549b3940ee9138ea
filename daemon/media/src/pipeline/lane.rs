//! One rung of a run: scale, encode, assemble, hand over. Runs in a thread of its own.

use std::sync::Arc;

use crossbeam::channel::Receiver;
use newsreel_model::grid::Grid;
use newsreel_model::plan::RungPlan;
use newsreel_model::{Code, Error, Result};

use crate::captions::Placed;
use crate::errors;
use crate::ffi::{Packet, Received, init_segment};

use super::assemble::{Assembler, Expected};
use super::{Role, Scaler, SegmentOutput, SegmentSink, Splitter, Stages, VideoEncoder};

/// One output frame on its way to the rungs.
pub struct Shot<S> {
    pub place: Place,
    pub picture: Arc<S>,
}

/// Which frame of the programme it is, and what it is to the rung.
#[derive(Clone, Copy)]
pub struct Place {
    pub segment: usize,
    /// Output frame number.
    pub frame: usize,
    pub ticks: i64,
    /// Whether it is the first frame of its segment.
    pub first: bool,
    /// Whether it is only there for the encoder's rate control and lookahead: what comes of it is thrown away.
    pub warm_up: bool,
    pub concealed: bool,
}

/// What a lane knows of its run.
pub struct LaneContext<'a, T: Stages> {
    pub stages: &'a T,
    pub rung: usize,
    pub plan: &'a RungPlan,
    pub grid: &'a Grid,
    pub timescale: u32,
    /// What the rung's pictures carry.
    pub captions: Arc<Placed>,
    /// The segments this rung needs, ascending.
    pub wanted: &'a [usize],
    pub sink: &'a dyn SegmentSink,
}

/// What a lane's rungs are given of a decoded picture.
pub type SplitOf<T> = <<T as Stages>::Splitter as Splitter>::Out;

/// Encodes every wanted shot that arrives until the channel closes.
pub fn work<T: Stages>(
    context: &LaneContext<'_, T>,
    shots: &Receiver<Shot<SplitOf<T>>>,
) -> Result<()> {
    let mut scaler = context.stages.scaler(context.rung)?;
    let mut session: Option<Session<T>> = None;
    let mut expected = None;
    for Shot { place, picture } in shots {
        // Over a hole of finished segments the frames never reach this lane, so the encoder must not look back.
        let hole = expected.is_some_and(|frame: usize| frame != place.frame);
        let alone = place.first && context.stages.session_per_segment(context.rung);
        if (hole || alone)
            && let Some(old) = session.take()
        {
            old.close(context)?;
        }
        expected = Some(place.frame + 1);
        let active = match &mut session {
            Some(active) => active,
            None => session.insert(Session::open(context, place)?),
        };
        let scaled = scaler.scale(&picture)?;
        // The decoder's picture is free for reuse as early as can be.
        drop(picture);
        active.encode(context, scaled, place)?;
    }
    session.map_or(Ok(()), |s| s.close(context))
}

struct Session<T: Stages> {
    encoder: T::Encoder,
    assembler: Assembler,
    packet: Packet,
}

impl<T: Stages> Session<T> {
    fn open(context: &LaneContext<'_, T>, place: Place) -> Result<Self> {
        // Where another encoder began the rung: it may have left room for this one, or this lane may have one like it.
        let differs = |opened: &Result<Self>| matches!(opened, Err(e) if e.code() == Code::ParameterSetsDiffer);
        let mut opened = Self::open_as(context, Role::Own);
        for role in [Role::StandIn, Role::Beginner] {
            if differs(&opened) {
                opened = Self::open_as(context, role);
            }
        }
        let session = opened?;
        if let Some(reason) = session.encoder.instead_because() {
            let made_by = context.stages.made_by(context.rung, &session.encoder);
            let wanted = context.wanted.iter().find(|&&s| s >= place.segment);
            let segment = wanted.copied().unwrap_or(place.segment);
            context.sink.moved(context.rung, segment, &made_by, reason);
        }
        Ok(session)
    }

    fn open_as(context: &LaneContext<'_, T>, role: Role) -> Result<Self> {
        let encoder = context.stages.encoder(context.rung, role)?;
        let failed = errors::engine("opening the encoder");
        let init = init_segment(&encoder.params()?, context.timescale, None).map_err(&failed)?;
        context.sink.init(context.rung, init)?;
        Ok(Self {
            encoder,
            assembler: Assembler::new(context.plan.codec, Arc::clone(&context.captions)),
            packet: Packet::new().map_err(&failed)?,
        })
    }

    fn encode(
        &mut self,
        context: &LaneContext<'_, T>,
        picture: <T::Scaler as Scaler>::Out,
        place: Place,
    ) -> Result<()> {
        if place.warm_up {
            self.assembler.ignore(place.ticks);
        } else if place.first {
            let s = &context.grid.segments[place.segment];
            self.assembler.expect(Expected {
                segment: place.segment,
                start_ticks: s.start_ticks,
                end_ticks: s.end_ticks(),
                frames: s.frames,
                concealed: 0,
            });
        }
        if !place.warm_up {
            context.sink.frames(1);
            if let Some(current) = self.assembler.current() {
                current.concealed += u32::from(place.concealed);
            }
        }
        self.encoder.send(picture, place.ticks, place.first)?;
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
                    made_by: context.stages.made_by(context.rung, &self.encoder),
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
