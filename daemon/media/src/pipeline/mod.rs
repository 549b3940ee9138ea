//! Decode → scale → encode for one run: one decode feeds every rung, and each rung's packets become finished segments.
//!
//! Generic over the surfaces that flow through it, so that each lane of hardware is an instantiation. Not here: what is
//! in a run, which device executes it, or what becomes of a segment afterwards.
//!
//! A decoded picture is split once, where it was decoded, and scaled per rung, in the rung's own thread. In host memory
//! splitting converts colours where they are others; a device splits a picture into every rung's at once and has nothing
//! left to scale.

mod assemble;
pub(crate) mod bitstream;
mod feed;
mod lane;
mod run;

use std::sync::atomic::{AtomicUsize, Ordering};

use newsreel_model::{Cancel, Error, Result};

use crate::ffi::{Packet, Params, Received};

pub(crate) use feed::{Feed, Outlet};
pub(crate) use lane::Shot;
pub use run::{RunStats, execute};

/// A decoded or scaled picture wherever it lives; sharing it copies no samples.
pub trait Surface: Send + Sync + Sized + 'static {
    /// Another handle on the same samples.
    ///
    /// # Errors
    /// Out of memory.
    fn share(&self) -> Result<Self>;
}

/// A picture out of a decoder.
pub struct Decoded<S> {
    /// The rank that went in with its packet, where the decoder carries it.
    pub rank: Option<i64>,
    /// Whether the decoder knows it to be damaged.
    pub damaged: bool,
    /// The picture.
    pub surface: S,
}

/// Turns packets into pictures.
pub trait VideoDecoder: Send {
    /// What it makes.
    type Surface: Surface;

    /// Hands over a packet whose presentation time is a rank, or `None` at the end. Damage is not an error.
    ///
    /// # Errors
    /// The device failed.
    fn send(&mut self, packet: Option<&Packet>) -> Result<()>;

    /// The next picture, `None` when more packets are needed or all is given out.
    ///
    /// # Errors
    /// The device failed.
    fn receive(&mut self) -> Result<Option<Decoded<Self::Surface>>>;
}

/// What is done to a decoded picture once for all rungs of a run; keeps no state between pictures.
pub trait Splitter: Send {
    /// What it takes.
    type In: Surface;
    /// What every rung is given.
    type Out: Send + Sync + 'static;

    /// Splits one picture.
    ///
    /// # Errors
    /// The device failed.
    fn split(&mut self, picture: Self::In) -> Result<Self::Out>;
}

/// Turns what a rung is given into a picture of its size; keeps no state between pictures, or runs would differ.
pub trait Scaler: Send {
    /// What it reads.
    type In: Send + Sync + 'static;
    /// What it makes.
    type Out: Surface;

    /// Scales one picture.
    ///
    /// # Errors
    /// The device failed.
    fn scale(&mut self, picture: &Self::In) -> Result<Self::Out>;
}

/// Turns pictures into packets. A session: it stays open across the segments of its run.
pub trait VideoEncoder: Send {
    /// What it reads.
    type Surface: Surface;

    /// Hands over a picture at `ticks`; `key` demands a closed IDR there.
    ///
    /// # Errors
    /// The device failed.
    fn send(&mut self, picture: Self::Surface, ticks: i64, key: bool) -> Result<()>;

    /// Ends the session; packets may still follow.
    ///
    /// # Errors
    /// The device failed.
    fn finish(&mut self) -> Result<()>;

    /// Takes the next packet out; its presentation time is the ticks its picture went in with.
    ///
    /// # Errors
    /// The device failed.
    fn receive(&mut self, packet: &mut Packet) -> Result<Received>;

    /// Why it is this encoder and not the one its lane would rather have; `None` where it is that one.
    fn instead_because(&self) -> Option<&Error> {
        None
    }

    /// How its stream is coded, for the rung's init segment.
    ///
    /// # Errors
    /// Out of memory.
    fn params(&self) -> Result<Params>;
}

/// In which of two roles an encoder of a rung is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As the rung's own.
    Own,
    /// In the place of another encoder that the rung was begun with: its parameter sets carry other numbers, so that
    /// they can stand beside that one's in the init segment. What was published then stays true.
    StandIn,
    /// As the encoder of the cores that began the rung, on a lane that would not have begun it there.
    Beginner,
}

/// What a lane of hardware is made of: opens the stages for a run.
pub trait Stages: Sync {
    /// Its decoder.
    type Decoder: VideoDecoder;
    /// What it does for all rungs at once.
    type Splitter: Splitter<In = <Self::Decoder as VideoDecoder>::Surface>;
    /// Its scaler.
    type Scaler: Scaler<In = <Self::Splitter as Splitter>::Out>;
    /// Its encoder.
    type Encoder: VideoEncoder<Surface = <Self::Scaler as Scaler>::Out>;

    /// Opens a decoder for the source.
    ///
    /// # Errors
    /// The device cannot decode it.
    fn decoder(&self, params: &Params) -> Result<Self::Decoder>;

    /// Opens a splitter for these rungs, by their index in the plan.
    ///
    /// # Errors
    /// The device cannot make one of them.
    fn splitter(&self, rungs: &[usize]) -> Result<Self::Splitter>;

    /// Opens a scaler for a rung.
    ///
    /// # Errors
    /// The device cannot make it.
    fn scaler(&self, rung: usize) -> Result<Self::Scaler>;

    /// Opens an encoder session for a rung.
    ///
    /// # Errors
    /// The device cannot encode it, has no session left, or ([`newsreel_model::Code::ParameterSetsDiffer`]) cannot be a stand-in.
    fn encoder(&self, rung: usize, role: Role) -> Result<Self::Encoder>;

    /// Whether a session can only make one segment: its encoder ignores demands for key frames.
    fn session_per_segment(&self, rung: usize) -> bool;

    /// What the report calls the maker of what `encoder` gave out, for example `cpu/libx264`.
    fn made_by(&self, rung: usize, encoder: &Self::Encoder) -> String;
}

/// A finished segment of a rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentOutput {
    /// Index into the plan's rungs.
    pub rung: usize,
    /// Index into the grid.
    pub segment: usize,
    /// The whole CMAF segment.
    pub bytes: Vec<u8>,
    /// Frames in it.
    pub frames: u32,
    /// Frames in it that repeat the one before because the source's own could not be decoded.
    pub concealed: u32,
    /// What made it.
    pub made_by: String,
}

/// Takes what a run makes, from several threads at once.
pub trait SegmentSink: Sync {
    /// A session's init segment, before the first segment of that session. The sink refuses one whose parameter sets
    /// are not among those that the rung has already published.
    ///
    /// # Errors
    /// [`newsreel_model::Code::ParameterSetsDiffer`], or the destination failed.
    fn init(&self, rung: usize, bytes: Vec<u8>) -> Result<()>;

    /// A finished segment. Blocks while the destination is behind.
    ///
    /// # Errors
    /// The destination failed.
    fn segment(&self, segment: SegmentOutput) -> Result<()>;

    /// From `segment` on, `rung` is made by `made_by` in the place of an encoder that refused it for `reason`.
    fn moved(&self, rung: usize, segment: usize, made_by: &str, reason: &Error);

    /// Frames handed to the encoder since the last call, for progress.
    fn frames(&self, count: u64);
}

/// How a run is steered from outside: stop at once, or after a segment.
#[derive(Debug)]
pub struct RunControl {
    /// Stop at once; the current segments are lost.
    pub cancel: Cancel,
    /// The first segment not to start any more: a run is cut at a grid line by lowering it.
    end: AtomicUsize,
}

impl RunControl {
    /// A run that goes to its own end unless told otherwise.
    #[must_use]
    pub fn new(cancel: Cancel) -> Self {
        Self {
            cancel,
            end: AtomicUsize::new(usize::MAX),
        }
    }

    /// Cuts the run: segment `end` and all after it are not started.
    pub fn cut_before(&self, end: usize) {
        self.end.fetch_min(end, Ordering::SeqCst);
    }

    fn allows(&self, segment: usize) -> bool {
        segment < self.end.load(Ordering::Relaxed)
    }
}
