//! What can be asked of the scheduler without changing anything. Not here: any decision.

use newsreel_model::JobId;
use newsreel_model::capacity::Resources;

use crate::input::{DeviceId, Epoch};
use crate::scheduler::Scheduler;
use crate::session::Course;

/// What a device has and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceUse {
    /// Which.
    pub id: DeviceId,
    /// What it can do, the reserve taken off.
    pub capacity: Resources,
    /// What its sessions were promised.
    pub used: Resources,
    /// How many sessions it has.
    pub sessions: usize,
    /// Whether it is out of use until it passes its self-test.
    pub quarantined: bool,
}

impl Scheduler {
    /// Whether a segment may be published for this session: it is the session's own, not done and not given to another.
    /// The daemon asks just before it publishes, and sends [`crate::Input::SegmentDone`] once that is committed.
    #[must_use]
    pub fn may_publish(&self, epoch: Epoch, segment: usize) -> bool {
        let session = self.sessions.get(&epoch);
        session.is_some_and(|s| s.course != Course::Stopping && s.todo.contains_key(&segment))
    }

    /// Whether anything of this session still counts: false once it ended, was stopped, or was never given out.
    #[must_use]
    pub fn is_current(&self, epoch: Epoch) -> bool {
        let session = self.sessions.get(&epoch);
        session.is_some_and(|s| s.course != Course::Stopping)
    }

    /// Jobs that wait for a session, at most `most`, in the order they would get one now.
    #[must_use]
    pub fn next_jobs(&self, most: usize) -> Vec<JobId> {
        let claims = self.claims.keys().copied();
        let waiting = self.waiting.in_order(&self.tenants, self.now_ms);
        claims.chain(waiting).take(most).collect()
    }

    /// Whether the job is known here: it has neither ended nor been cancelled, or its sessions still do.
    #[must_use]
    pub fn knows(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// Every device, by name.
    pub fn devices(&self) -> impl Iterator<Item = DeviceUse> {
        self.hosts.by_id.values().map(|host| DeviceUse {
            id: host.device.id.clone(),
            capacity: host.usable,
            used: host.used,
            sessions: host.sessions.len(),
            quarantined: host.health.quarantined(),
        })
    }
}
