//! The seam to devices: one engine per device, opening sessions for runs. Not a choice between engines.

use std::sync::Arc;

use newsreel_model::Result;
use newsreel_model::grid::Run;
use newsreel_model::plan::Plan;
use newsreel_model::profile::VideoCodec;

use crate::pipeline::{Role, RunControl, RunStats, SegmentSink};
use crate::prepare::Prepared;
use crate::software::SoftwareEncoder;

/// What a device can do; decoding and encoding are probed separately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Codecs it can encode.
    pub encode: Vec<VideoCodec>,
    /// How many runs it can execute at once without slowing each other down.
    pub parallel_runs: usize,
}

/// One device.
pub trait Engine: Send + Sync {
    /// `cpu`, or a device's name.
    fn name(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Makes ready to execute a run of a plan.
    ///
    /// # Errors
    /// The device cannot do what the plan asks for.
    fn open<'a>(&'a self, prepared: &'a Prepared, run: &'a Run) -> Result<Box<dyn Session + 'a>>;
}

impl<E: Engine + ?Sized> Engine for Arc<E> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    fn open<'a>(&'a self, prepared: &'a Prepared, run: &'a Run) -> Result<Box<dyn Session + 'a>> {
        (**self).open(prepared, run)
    }
}

/// A run ready to be executed on a device.
pub trait Session: Send {
    /// Executes it to the end, or to where `control` cuts it.
    ///
    /// # Errors
    /// The first error of any stage.
    fn execute(&mut self, sink: &dyn SegmentSink, control: &RunControl) -> Result<RunStats>;
}

/// The cores' encoders, for an engine whose device decodes and scales but cannot encode a rung.
pub trait HostEncoders: Send + Sync {
    /// Opens a session for a rung of `plan` that takes pictures in planar 4:2:0.
    ///
    /// # Errors
    /// There is no such encoder, or ([`newsreel_model::Code::ParameterSetsDiffer`]) it cannot be opened in this role.
    fn open(&self, plan: &Plan, rung: usize, role: Role) -> Result<SoftwareEncoder>;

    /// Whether a session can only make one segment.
    fn session_per_segment(&self, codec: VideoCodec) -> bool;

    /// libavcodec's name of the encoder, for example `libx264`.
    fn name(&self, codec: VideoCodec) -> &'static str;
}
