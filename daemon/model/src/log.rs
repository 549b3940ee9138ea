//! The event log as it is kept: numbered in commit order. Not here: how it is told ([`crate::envelope`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::JobId;

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// Its number, in commit order, without repeats; gaps are possible.
    pub id: u64,
    /// When it was committed.
    pub created_at: Timestamp,
    /// Whose.
    pub job_id: Option<JobId>,
    /// The tenant that job belongs to.
    pub tenant: Option<String>,
    /// What happened.
    pub event: Event,
}

/// Where the event log begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogEnds {
    /// The newest id ever given; 0 for none.
    pub newest: u64,
    /// The newest id of those dropped for their age; 0 for none. Whoever stopped before it has missed some.
    pub dropped: u64,
}
