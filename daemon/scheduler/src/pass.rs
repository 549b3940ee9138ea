//! One pass over everyone who waits, after each input. Not here: preempting and spreading, which it calls.

use std::collections::BTreeSet;

use newsreel_model::JobId;

use crate::demand::Shape;
use crate::input::DeviceId;
use crate::place::Why;
use crate::queue::Lane;
use crate::scheduler::Scheduler;

/// So many of those that starve are looked at in one pass: the others wait for them.
const MOST_OVERDUE: usize = 100;

impl Scheduler {
    pub(crate) fn pass(&mut self) {
        self.preempt_at_ms = None;
        if self.draining || self.disk.low() {
            return;
        }
        loop {
            self.place_claims();
            self.relieve();
            self.hold_place();
            self.place_waiting();
            // A claim that ended in between leaves room for those already looked at.
            if self.gained.is_empty() {
                break;
            }
        }
        self.spread();
        self.expect_victims();
    }

    /// Who has a claim goes first, on its own device or on another that gained something.
    fn place_claims(&mut self) {
        let gained = std::mem::take(&mut self.gained);
        let mut holders: Vec<_> = self
            .claims
            .keys()
            .filter_map(|id| self.jobs.get(id)?.waiting.clone())
            .collect();
        holders.sort_by(|a, b| (&a.lane, a.key).cmp(&(&b.lane, b.key)));
        for ticket in holders {
            let id = ticket.key.2;
            let Some(claim) = self.claims.get(&id).cloned() else {
                continue;
            };
            let mut devices: Vec<DeviceId> = vec![claim.device.clone()];
            devices.extend(gained.iter().cloned());
            let fits = |device: &&DeviceId| {
                let host = self.hosts.get(device);
                host.is_some_and(|host| host.fits(&ticket.shape, Some(id)))
            };
            if let Some(device) = devices.iter().find(fits).filter(|_| self.may_run(id)) {
                let device = device.clone();
                self.start(id, &device);
            } else if ticket.lane == Lane::Breaking && claim.why != Why::Freed {
                self.preempt(id, &ticket.shape);
            }
        }
    }

    /// One placement for whoever waited longest, if that was too long and the last such placement is long enough ago.
    fn relieve(&mut self) {
        let patience_ms = self.policy.starvation_ms;
        let since = |at: u64| self.now_ms.saturating_sub(at);
        if self.relieved_ms.is_some_and(|at| since(at) < patience_ms) {
            return;
        }
        let overdue = self
            .patience
            .iter()
            .take_while(|&&(at, _)| since(at) >= patience_ms);
        let overdue: Vec<JobId> = overdue.take(MOST_OVERDUE).map(|&(_, id)| id).collect();
        let mut hopeless: BTreeSet<Shape> = BTreeSet::new();
        for id in overdue {
            let ticket = self.jobs.get(&id).and_then(|job| job.waiting.as_ref());
            let Some(ticket) = ticket.filter(|t| !hopeless.contains(&t.shape)).cloned() else {
                continue;
            };
            if !self.may_run(id) {
                continue;
            }
            if let Some(device) = self.find(id, &ticket.shape) {
                self.start(id, &device);
            } else {
                let device = self.hosts.nearest(&ticket.shape, id);
                if !device.is_some_and(|device| self.claim(id, &device, Why::Starved)) {
                    hopeless.insert(ticket.shape);
                    continue;
                }
            }
            self.relieved_ms = Some(self.now_ms);
            return;
        }
    }

    /// Once the first outside the breaking band has waited too long, smaller ones no longer pass it.
    fn hold_place(&mut self) {
        let patience_ms = self.policy.patience_ms;
        let overdue = |at: u64| self.now_ms.saturating_sub(at) >= patience_ms;
        let mut claims = self.claims.values();
        let held = claims.any(|claim| claim.why == Why::FirstInLine);
        let nobody = !self.patience.first().is_some_and(|&(at, _)| overdue(at));
        if held || nobody || !self.room_for_more() {
            return;
        }
        let rest = |(): &(), lane: &Lane| *lane != Lane::Breaking;
        let first = self.waiting.first(&self.tenants, self.now_ms, |_| (), rest);
        let Some(ticket) = first else {
            return;
        };
        let id = ticket.key.2;
        let waited = self.jobs.get(&id).map(|job| job.waiting_since_ms);
        if waited.is_some_and(overdue) && self.find(id, &ticket.shape).is_none() {
            self.stand_first(id, &ticket.shape);
        }
    }

    /// In order, whoever fits. A breaking job that does not claims a device; others let smaller ones pass.
    fn place_waiting(&mut self) {
        let mut closed: BTreeSet<Shape> = BTreeSet::new();
        loop {
            let room = self.room_for_more();
            let known = |shape: &Shape| (closed.contains(shape), self.misses.nowhere(shape));
            let open = |&(closed, nowhere): &(bool, bool), lane: &Lane| match lane {
                Lane::Breaking => !closed,
                Lane::Deadline | Lane::Tenant(_) => room && !nowhere,
            };
            let first = self.waiting.first(&self.tenants, self.now_ms, known, open);
            let Some(ticket) = first else {
                break;
            };
            let id = ticket.key.2;
            if let Some(device) = self.find(id, &ticket.shape) {
                self.start(id, &device);
                continue;
            }
            if ticket.lane == Lane::Breaking && self.overtake(&ticket) {
                continue;
            }
            if ticket.lane == Lane::Breaking && !self.preempt(id, &ticket.shape) {
                closed.insert(ticket.shape);
            }
        }
    }
}
