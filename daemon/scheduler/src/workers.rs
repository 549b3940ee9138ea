//! Which sessions share a worker process. Not here: starting or stopping one.
//!
//! A worker takes sessions up to its device's limit. A suspect's worker takes only suspects of the same group. One idle
//! worker per device is kept where workers are shared, since a GPU context is slow to make.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::{Device, DeviceId, Epoch, WorkerSlot};

/// Suspects that are tried together.
pub(crate) type Group = u64;

#[derive(Debug)]
struct Worker {
    device: DeviceId,
    group: Option<Group>,
    sessions: BTreeSet<Epoch>,
    /// Sessions it was ever given.
    given: usize,
    /// It takes no more sessions, and is closed with its last.
    retired: bool,
}

/// All workers that are not closed or dead.
#[derive(Debug)]
pub(crate) struct Workers {
    next: u64,
    by_slot: BTreeMap<WorkerSlot, Worker>,
    by_device: BTreeMap<DeviceId, BTreeSet<WorkerSlot>>,
}

impl Workers {
    /// Slots count up from `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self {
            next: first,
            by_slot: BTreeMap::new(),
            by_device: BTreeMap::new(),
        }
    }

    /// The worker for one more session.
    pub(crate) fn host(
        &mut self,
        epoch: Epoch,
        device: &Device,
        group: Option<Group>,
    ) -> WorkerSlot {
        let limit = device.sessions_per_worker;
        let slots = self.by_device.entry(device.id.clone()).or_default();
        let open = slots.iter().copied().find(|slot| {
            let worker = self.by_slot.get(slot);
            worker.is_some_and(|w| w.group == group && w.sessions.len() < limit && !w.retired)
        });
        let slot = open.unwrap_or_else(|| {
            self.next += 1;
            WorkerSlot(self.next)
        });
        slots.insert(slot);
        let worker = self.by_slot.entry(slot).or_insert_with(|| Worker {
            device: device.id.clone(),
            group,
            sessions: BTreeSet::new(),
            given: 0,
            retired: false,
        });
        worker.sessions.insert(epoch);
        worker.given += 1;
        worker.retired |= worker.given >= device.sessions_in_all;
        slot
    }

    /// A slot of its own for what needs no worker: nobody shares it, and it is never closed.
    pub(crate) fn no_worker(&mut self) -> WorkerSlot {
        self.next += 1;
        WorkerSlot(self.next)
    }

    /// A session left its worker; true when the worker is to be closed.
    pub(crate) fn leave(&mut self, slot: WorkerSlot, epoch: Epoch, limit: usize) -> bool {
        let Some(worker) = self.by_slot.get_mut(&slot) else {
            return false;
        };
        worker.sessions.remove(&epoch);
        if !worker.sessions.is_empty() {
            return false;
        }
        let idle = |other: &WorkerSlot| {
            let other = self.by_slot.get(other);
            other.is_some_and(|w| w.group.is_none() && w.sessions.is_empty() && !w.retired)
        };
        let worker = self.by_slot.get(&slot);
        let shared = limit > 1 && worker.is_some_and(|w| w.group.is_none() && !w.retired);
        let slots = worker.and_then(|w| self.by_device.get(&w.device));
        let others = slots.is_some_and(|s| s.iter().any(|other| *other != slot && idle(other)));
        if shared && !others {
            return false;
        }
        self.forget(slot);
        true
    }

    /// The worker gets nothing more.
    pub(crate) fn retire(&mut self, slot: WorkerSlot) {
        if let Some(worker) = self.by_slot.get_mut(&slot) {
            worker.retired = true;
        }
    }

    /// The worker is no more; these sessions were in it.
    pub(crate) fn died(&mut self, slot: WorkerSlot) -> BTreeSet<Epoch> {
        self.forget(slot).map(|w| w.sessions).unwrap_or_default()
    }

    /// Forgets the workers of a device that have no sessions.
    pub(crate) fn close_idle(&mut self, device: &DeviceId) -> Vec<WorkerSlot> {
        let slots = self.by_device.get(device).cloned().unwrap_or_default();
        let idle = |slot: &WorkerSlot| {
            self.by_slot
                .get(slot)
                .is_some_and(|w| w.sessions.is_empty())
        };
        let closed: Vec<WorkerSlot> = slots.into_iter().filter(idle).collect();
        for &slot in &closed {
            self.forget(slot);
        }
        closed
    }

    pub(crate) fn group(&self, slot: WorkerSlot) -> Option<Group> {
        self.by_slot.get(&slot).and_then(|w| w.group)
    }

    fn forget(&mut self, slot: WorkerSlot) -> Option<Worker> {
        let worker = self.by_slot.remove(&slot)?;
        if let Some(slots) = self.by_device.get_mut(&worker.device) {
            slots.remove(&slot);
            if slots.is_empty() {
                self.by_device.remove(&worker.device);
            }
        }
        Some(worker)
    }
}
