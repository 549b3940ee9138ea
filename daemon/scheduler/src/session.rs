//! One running session. Not here: when it starts or ends.

use std::ops::Range;
use std::sync::Arc;

use newsreel_model::JobId;
use newsreel_model::capacity::Resources;

use crate::action::Task;
use crate::input::{DeviceId, WorkerSlot};
use crate::work::Segments;

/// The part of a job's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Prepare,
    Encode,
    Finish,
}

/// Whether a session was told to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    Running,
    /// Ends at the next line: to make room for a breaking job, or for another reason.
    Cutting {
        preempted: bool,
    },
    /// Ends at once and counts no more.
    Stopping,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub job: JobId,
    pub tenant: Arc<str>,
    pub priority: u8,
    pub kind: Kind,
    pub device: DeviceId,
    pub slot: WorkerSlot,
    /// Charged to the device.
    pub demand: Resources,
    /// Of the device, in parts per million, charged to the tenant.
    pub share: u64,
    pub started_ms: u64,
    /// Segments that are this session's alone and not done.
    pub todo: Segments,
    pub course: Course,
    /// Whether the daemon knows of it. Until then its range can still change without a cut.
    pub announced: bool,
}

impl Session {
    pub(crate) fn range(&self) -> Range<usize> {
        let first = self.todo.first_key_value().map_or(0, |(&index, _)| index);
        let last = self
            .todo
            .last_key_value()
            .map_or(first, |(&index, _)| index + 1);
        first..last
    }

    pub(crate) fn task(&self) -> Task {
        match self.kind {
            Kind::Prepare => Task::Prepare,
            Kind::Finish => Task::Finish,
            Kind::Encode => Task::Encode {
                segments: self.range(),
            },
        }
    }

    /// Whether it may be cut at a line and was not yet told to.
    pub(crate) fn cuttable(&self) -> bool {
        self.kind == Kind::Encode && self.course == Course::Running
    }
}
