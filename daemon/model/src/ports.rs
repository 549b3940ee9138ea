//! The doors between rooms: what one room asks of another, without knowing who answers.

use crate::Result;
use crate::event::Event;
use crate::job::Finished;

/// Takes events in the order they happen. Must not block for long: it is called between frames.
pub trait EventSink: Send + Sync {
    /// Tells everyone who listens.
    fn emit(&self, event: &Event);
}

/// Remembers which pieces of a job are finished, durably.
pub trait Checkpoints: Send {
    /// Everything recorded so far, in commit order.
    fn finished(&self) -> &[Finished];

    /// Records pieces whose files are already durable under their final names. Returns once the record is durable too.
    ///
    /// # Errors
    /// [`crate::Code::DiskFull`] or [`crate::Code::OutputUnwritable`].
    fn commit(&mut self, pieces: &[Finished]) -> Result<()>;
}
