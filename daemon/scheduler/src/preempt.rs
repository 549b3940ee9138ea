//! How a breaking job gets the place of others. Not here: what else is placed where.
//!
//! It claims a device on which enough work of lower base priority can be cut at the next line (or was already), and takes it
//! once that has ended. Only Encode sessions are cut: Prepare and Finish run to their end.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use newsreel_model::JobId;
use newsreel_model::capacity::Resources;

use crate::demand::{Shape, kind_rank};
use crate::device::Host;
use crate::input::{DeviceId, Epoch};
use crate::place::Why;
use crate::queue::{Lane, Ticket};
use crate::scheduler::Scheduler;
use crate::session::Session;

/// So many kinds of job for which nothing could be cut are remembered.
const MOST_FRUITLESS: usize = 1_000;

impl Scheduler {
    /// Claims a device for a breaking job that fits nowhere; true if the job holds a claim now.
    pub(crate) fn preempt(&mut self, id: JobId, shape: &Shape) -> bool {
        let Some(priority) = self.jobs.get(&id).map(|job| job.entry.priority) else {
            return false;
        };
        if let Some(device) = self.freed_soon(shape, id) {
            return self.claim(id, &device, Why::Freed);
        }
        if let Some((device, victims)) = self.victims(shape, id, priority) {
            for epoch in victims {
                if let Some(job) = self.sessions.get(&epoch).map(|s| s.job)
                    && let Some(job) = self.jobs.get_mut(&job)
                {
                    job.preempted_ms = Some(self.now_ms);
                }
                self.cut(epoch, true);
            }
            return self.claim(id, &device, Why::Freed);
        }
        self.claims.contains_key(&id) || self.stand_first(id, shape)
    }

    /// Keeps what is free from those behind the first in line; false if somebody else is first.
    pub(crate) fn stand_first(&mut self, id: JobId, shape: &Shape) -> bool {
        let mut claims = self.claims.values();
        if claims.any(|claim| claim.why == Why::FirstInLine) {
            return false;
        }
        let device = self.hosts.nearest(shape, id);
        device.is_some_and(|device| self.claim(id, &device, Why::FirstInLine))
    }

    /// Sends the first in line back to the queue if this job goes before it and can take over; true if that was so.
    pub(crate) fn overtake(&mut self, ticket: &Ticket) -> bool {
        let id = ticket.key.2;
        let mut claims = self.claims.iter();
        let first = claims.find(|(_, claim)| claim.why == Why::FirstInLine);
        let Some((&other, _)) = first else {
            return false;
        };
        let theirs = self.jobs.get(&other).and_then(|job| job.waiting.as_ref());
        let later = theirs.is_some_and(|t| (&ticket.lane, ticket.key) < (&t.lane, t.key));
        let mut hosts = self.hosts.by_id.values();
        if later && hosts.any(|host| host.claimable(&ticket.shape, &[id, other]).is_some()) {
            self.refresh(other);
            return true;
        }
        false
    }

    /// What has only just begun may be what a breaking job that still waits can preempt next.
    pub(crate) fn expect_victims(&mut self) {
        let waits = |id: &JobId| {
            let ticket = self.jobs.get(id).and_then(|job| job.waiting.as_ref());
            ticket.is_some_and(|ticket| ticket.lane == Lane::Breaking)
        };
        let mut held = self
            .claims
            .iter()
            .filter(|(_, claim)| claim.why != Why::Freed);
        let queued = self.waiting.shapes(|lane| *lane == Lane::Breaking);
        if !self.fresh.is_empty() && (queued.count() > 0 || held.any(|(id, _)| waits(id))) {
            let at = self.now_ms.saturating_add(self.policy.min_run_ms.max(1));
            self.preempt_at_ms = Some(self.preempt_at_ms.map_or(at, |other| other.min(at)));
        }
    }

    /// A device where what was told to end already makes enough room.
    fn freed_soon(&self, shape: &Shape, id: JobId) -> Option<DeviceId> {
        let ending = self.hosts.by_id.values().filter(|host| {
            let need = host.claimable(shape, &[id]);
            host.ending != Resources::default()
                && need.is_some_and(|need| host.soon(id).covers(&need))
        });
        ending
            .min_by_key(|host| kind_rank(host.device.kind))
            .map(|host| host.device.id.clone())
    }

    /// The device with the lowest work to cut, and what to cut there. Where nothing could be cut lately, only devices that gained
    /// something since are looked at, until more can be cut.
    fn victims(
        &mut self,
        shape: &Shape,
        id: JobId,
        priority: u8,
    ) -> Option<(DeviceId, Vec<Epoch>)> {
        let mut later: Option<u64> = None;
        let kind = (shape.clone(), priority);
        let lately = self.fruitless.get_mut(&kind);
        if let Some((until, gained)) = lately.filter(|(until, _)| self.now_ms < *until) {
            let (until, gained) = (*until, std::mem::take(gained));
            self.preempt_at_ms = Some(self.preempt_at_ms.map_or(until, |at| at.min(until)));
            let mut gained = gained.iter();
            return gained.find_map(|device| {
                let host = self.hosts.get(device)?;
                let need = host.claimable(shape, &[id])?;
                let victims = self.victims_on(host, need, id, priority, &mut later)?;
                Some((device.clone(), victims))
            });
        }
        let mut seen = BTreeSet::new();
        let lower = self.cuttable.iter().take_while(|(p, _)| *p < priority);
        let found = lower.into_iter().find_map(|(_, Reverse(epoch))| {
            let host = self.hosts.get(&self.sessions.get(epoch)?.device)?;
            if !seen.insert(&host.device.id) {
                return None;
            }
            let need = host.claimable(shape, &[id])?;
            let victims = self.victims_on(host, need, id, priority, &mut later)?;
            Some((host.device.id.clone(), victims))
        });
        if found.is_none() {
            self.nothing_to_cut(kind, later);
        }
        found
    }

    /// Notes when more can be cut: at `later`, or what begins from now on. The more sessions there are, the rarer all are looked at.
    fn nothing_to_cut(&mut self, kind: (Shape, u8), later: Option<u64>) {
        let pause_ms = self.cuttable.len() as u64 / 10;
        let soonest = self.now_ms.saturating_add(pause_ms);
        let later = later.map(|at| at.max(soonest));
        self.preempt_at_ms = [self.preempt_at_ms, later].into_iter().flatten().min();
        let fresh = self.now_ms.saturating_add(self.policy.min_run_ms);
        let until = later.map_or(fresh, |at| at.min(fresh)).max(soonest);
        // Only a shortcut: shapes that nobody has any more must not pile up.
        if self.fruitless.len() >= MOST_FRUITLESS {
            self.fruitless.clear();
        }
        self.fruitless.insert(kind, (until, BTreeSet::new()));
    }

    /// The fewest sessions from the lowest up whose end makes room for `need`.
    fn victims_on(
        &self,
        host: &Host,
        need: Resources,
        id: JobId,
        priority: u8,
        later: &mut Option<u64>,
    ) -> Option<Vec<Epoch>> {
        let mut candidates: Vec<(u8, Reverse<Epoch>, Resources)> = Vec::new();
        for epoch in &host.sessions {
            let Some(session) = self.sessions.get(epoch) else {
                continue;
            };
            if session.priority >= priority || !session.cuttable() {
                continue;
            }
            let at = self.cuttable_at_ms(session);
            if at <= self.now_ms {
                candidates.push((session.priority, Reverse(*epoch), session.demand));
            } else {
                *later = Some(later.map_or(at, |other| other.min(at)));
            }
        }
        candidates.sort_unstable_by_key(|&(priority, epoch, _)| (priority, epoch));
        let mut room = host.soon(id);
        let mut chosen = Vec::new();
        for candidate in candidates {
            if room.covers(&need) {
                break;
            }
            room = room.plus(candidate.2);
            chosen.push(candidate);
        }
        if !room.covers(&need) {
            return None;
        }
        // Whoever turned out not to be needed stays, the highest first.
        let mut spared = BTreeSet::new();
        for (_, epoch, demand) in chosen.iter().rev() {
            if room.minus(*demand).covers(&need) {
                room = room.minus(*demand);
                spared.insert(epoch.0);
            }
        }
        let epochs = chosen.into_iter().map(|(_, epoch, _)| epoch.0);
        Some(epochs.filter(|epoch| !spared.contains(epoch)).collect())
    }

    /// From when on a session may be preempted: it ran long enough, and its job was left alone long enough.
    fn cuttable_at_ms(&self, session: &Session) -> u64 {
        let ran = session.started_ms.saturating_add(self.policy.min_run_ms);
        let preempted = self.jobs.get(&session.job).and_then(|job| job.preempted_ms);
        let rested = preempted.map_or(0, |at| at.saturating_add(self.policy.preempt_gap_ms));
        // Not in the same breath in which it begins.
        let told = if session.announced {
            0
        } else {
            self.now_ms + 1
        };
        ran.max(rested).max(told)
    }
}
