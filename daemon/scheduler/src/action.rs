//! What the scheduler decides. Not here: how it comes to it.

use std::ops::Range;

use newsreel_model::capacity::Resources;
use newsreel_model::{Code, JobId};

use crate::{DeviceId, Epoch, WorkerSlot};

/// What a session does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Probe, index, plan, thumbnails, sound, head start. Also after a restart or a failure: it resumes.
    Prepare,
    /// Make what is missing of these segments, all rungs, in ascending order.
    Encode {
        /// First segment to the one past the last. Finished ones in between are to be skipped; none belongs to another session.
        segments: Range<usize>,
    },
    /// MP4s, manifests, gate.
    Finish,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its number.
    pub epoch: Epoch,
    /// For which job.
    pub job: JobId,
    /// What to do.
    pub task: Task,
    /// Where.
    pub device: DeviceId,
    /// In which worker: a number not seen before asks for a fresh one. [`Task::Finish`] decodes nothing and needs none; its
    /// number is its own.
    pub worker: WorkerSlot,
    /// What it may use of the device. Rates are cut to what the whole device has.
    pub demand: Resources,
}

/// Where a running Encode session ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutAt {
    /// After the segment it is in; answered by [`crate::Outcome::Cut`], or `Done` if that was its last.
    NextLine,
    /// Make no segment at or after this index, which now belongs to another session; answered by `Done` after the ones before it.
    Before(usize),
}

/// Why a job that could go on does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Its output does not fit on the disk, or the disk's reserve is touched.
    Disk,
    /// No device could ever take it. It waits for one to be added.
    NoDevice,
}

/// What the daemon has to do, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin a session.
    Start(Start),
    /// End an Encode session early.
    Cut {
        /// Which.
        epoch: Epoch,
        /// Where.
        at: CutAt,
    },
    /// End a session at once; nothing it makes from now on counts. Answer with [`crate::Outcome::Cut`].
    Stop {
        /// Which.
        epoch: Epoch,
    },
    /// The worker has no sessions and gets none any more.
    CloseWorker(WorkerSlot),
    /// The job is complete and forgotten here: Finish was done.
    CompleteJob(JobId),
    /// The job has failed and is forgotten here.
    FailJob {
        /// Which.
        job: JobId,
        /// Why.
        code: Code,
    },
    /// The job gave its place to a breaking one and waits to go on.
    Preempted(JobId),
    /// A job goes on elsewhere, since a device failed it.
    FellBack {
        /// Which.
        job: JobId,
        /// The device that failed.
        from: DeviceId,
        /// How it failed.
        code: Code,
    },
    /// A job waits for something other than its turn. Told once, until it runs again.
    Paused {
        /// Which.
        job: JobId,
        /// For what.
        reason: PauseReason,
    },
    /// The device takes nothing new; a self-test follows after a while.
    Quarantine(DeviceId),
    /// Test the device and answer with [`crate::Input::SelfTested`].
    SelfTest(DeviceId),
    /// The device is in use again.
    Restore(DeviceId),
    /// After [`crate::Input::Drain`]: nothing runs any more.
    Drained,
}

/// The answer to one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// What to do, in order.
    pub actions: Vec<Action>,
    /// When to send [`crate::Input::Tick`] unless something happens before: milliseconds of the monotonic clock.
    pub wake_at_ms: Option<u64>,
}
