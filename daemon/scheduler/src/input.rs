//! What the scheduler is told. Not here: what it makes of it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use newsreel_model::capacity::{DeviceKind, Resources};
use newsreel_model::spec::Fallback;
use newsreel_model::{Class, Code, JobId};

use crate::{Demand, Policy};

/// A device's stable name, for example `cpu`.
pub type DeviceId = Arc<str>;

/// One assignment of work. Unique and increasing, over restarts too: the upper half is the daemon's start number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One worker process. Never used again once its worker is closed or dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerSlot(pub u64);

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back; one that does is held.
    pub mono_ms: u64,
    /// The time of day: only tells how old a job is when it is queued.
    pub wall: Timestamp,
}

/// A job that waits to be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEntry {
    /// Its id.
    pub id: JobId,
    /// Base priority, 0–100, higher first.
    pub priority: u8,
    /// Who shares the devices fairly with others.
    pub tenant: Arc<str>,
    /// When it should be complete.
    pub deadline: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Where it may go on when a device fails it.
    pub fallback: Fallback,
    /// What [`crate::Task::Prepare`] needs.
    pub prepare: Demand,
    /// Bytes it will write in all; counted in full until the job is over.
    pub disk_bytes: u64,
}

/// What a segment still takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentWork {
    /// Index in the job's grid.
    pub index: usize,
    /// Frames to encode over all rungs that lack it; 1 or more. Used to split work evenly.
    pub frames: u64,
}

/// What is left to do for a planned job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Every segment that lacks at least one piece. From here on Prepare makes none of them. May be empty.
    pub missing: Vec<SegmentWork>,
    /// What each Encode session needs.
    pub encode: Demand,
    /// What Finish needs.
    pub finish: Demand,
    /// Whether several sessions may share the segments; false: one session makes them all.
    pub splittable: bool,
    /// As in [`JobEntry::disk_bytes`], better known now.
    pub disk_bytes: u64,
}

/// A place to run sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its stable name.
    pub id: DeviceId,
    /// Its kind: GPUs are filled before CPUs.
    pub kind: DeviceKind,
    /// The machine it is in: its devices have cores and main memory in common, and each names all of those as its own.
    pub machine: Arc<str>,
    /// What it can do; [`crate::Policy::reserve`] is taken off.
    pub capacity: Resources,
    /// Sessions one worker may host at a time, 1 or more.
    pub sessions_per_worker: usize,
    /// Sessions one worker may host one after the other, 1 or more; then another takes its place.
    pub sessions_in_all: usize,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All it was given (and not cut away since) is done; every [`Input::SegmentDone`] came before.
    Done,
    /// It stopped because it was told to. What it did not finish is given out again.
    Cut,
    /// It failed. What it did not finish is given out again where the class allows.
    Failed {
        /// Decides what happens next.
        class: Class,
        /// Only passed on, in [`crate::Action::FailJob`].
        code: Code,
    },
}

/// Something that happened. Whatever names an epoch, job, slot or device that is not (or no longer) known is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "each is made once and read once")]
pub enum Input {
    /// A job was accepted, recovered or is to be tried again. Ignored while the same job is being worked on.
    JobQueued(JobEntry),
    /// The plan is frozen and durable. Encode may start at once, beside Prepare. A second plan is ignored.
    JobPlanned {
        /// The Prepare session that made it.
        epoch: Epoch,
        /// What is left to do.
        plan: Plan,
    },
    /// All missing pieces of a segment are published. Ask [`crate::Scheduler::may_publish`] before publishing.
    SegmentDone {
        /// By which session.
        epoch: Epoch,
        /// Index in the grid.
        segment: usize,
    },
    /// A session is over and its worker holds nothing of it.
    SessionEnded {
        /// Which.
        epoch: Epoch,
        /// How.
        outcome: Outcome,
    },
    /// A worker died or was killed: all its sessions are over. Send no [`Input::SessionEnded`] for them.
    WorkerDied {
        /// Which.
        slot: WorkerSlot,
        /// The session last inside the codec, where that is known: tried alone first.
        last_inside: Option<Epoch>,
    },
    /// The job is to be forgotten, whatever it is at.
    JobCancelled(JobId),
    /// A job has another base priority, 0–100: it finds its place anew, and its sessions may be cut for others', or no more.
    JobPrioritised {
        /// Which.
        job: JobId,
        /// What it is now.
        priority: u8,
    },
    /// A device is there. For a known one: its capacity changed.
    DeviceAdded(Device),
    /// A device is gone, and every session on it.
    DeviceRemoved(DeviceId),
    /// The self-test asked for has ended.
    SelfTested {
        /// Of which device.
        device: DeviceId,
        /// Whether all is well.
        passed: bool,
    },
    /// Bytes free where jobs write. Unlimited until told.
    DiskFree(u64),
    /// The knobs were turned: every job finds its place anew, and what runs goes on.
    Policy(Policy),
    /// Start nothing any more, cut what runs.
    Drain,
    /// Time has passed: `wake_at_ms` was reached.
    Tick,
}
