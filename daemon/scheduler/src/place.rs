//! Putting a job's next task on a device, and keeping a device for a job. Not here: which job, or which device.

use std::cmp::Reverse;

use newsreel_model::JobId;

use crate::demand::{Shape, dominant_share};
use crate::input::{DeviceId, Epoch};
use crate::scheduler::Scheduler;
use crate::session::{Course, Kind, Session};
use crate::work::{Segments, take_run};

/// A device that takes nothing more until this job fits.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub device: DeviceId,
    pub why: Why,
}

/// Why a device is kept for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Enough of what runs there was told to end.
    Freed,
    /// The job was starved.
    Starved,
    /// Nobody goes before it. There is one such claim at a time, and it ends when somebody does.
    FirstInLine,
}

impl Scheduler {
    /// Starts what the job wants on a device where it fits.
    pub(crate) fn start(&mut self, id: JobId, device: &DeviceId) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let Some(kind) = job.wants() else {
            return self.refresh(id);
        };
        // Others may have begun since it was queued.
        if !self.disk.admits(id, job.entry.disk_bytes) {
            self.refresh(id);
            return;
        }
        let todo = match kind {
            Kind::Encode => self.take_run(id),
            Kind::Prepare | Kind::Finish => Segments::new(),
        };
        self.start_session(id, kind, device, todo);
        self.refresh(id);
    }

    /// Takes the first stretch of a job's pending segments.
    pub(crate) fn take_run(&mut self, id: JobId) -> Segments {
        let Some(job) = self.jobs.get_mut(&id) else {
            return Segments::new();
        };
        let sessions = &self.sessions;
        let firsts: Vec<usize> = job
            .sessions
            .keys()
            .filter_map(|epoch| sessions.get(epoch)?.todo.first_key_value())
            .map(|(&index, _)| index)
            .collect();
        let barrier = |first: usize| {
            let later = firsts.iter().copied().filter(|&index| index > first);
            later.min().unwrap_or(usize::MAX)
        };
        let whole = job.plan.as_ref().is_some_and(|plan| !plan.splittable);
        let bridge = if whole {
            usize::MAX
        } else {
            self.policy.min_segments_per_run
        };
        take_run(&mut job.pending, barrier, bridge)
    }

    pub(crate) fn start_session(
        &mut self,
        id: JobId,
        kind: Kind,
        device: &DeviceId,
        todo: Segments,
    ) {
        let (Some(job), Some(host)) = (self.jobs.get_mut(&id), self.hosts.get_mut(device)) else {
            return;
        };
        let Some(demand) = host.need(&job.shape(kind)) else {
            job.pending.extend(todo);
            return;
        };
        self.last_epoch += 1;
        let epoch = Epoch(self.last_epoch);
        let place = host.device.clone();
        let share = dominant_share(demand, host.usable).max(1);
        host.sessions.insert(epoch);
        self.hosts.book(device, demand, |host, part| {
            host.used = host.used.plus(part);
        });
        let slot = match kind {
            // No worker could die of it, nor take it along.
            Kind::Finish => self.workers.no_worker(),
            Kind::Prepare | Kind::Encode => self.workers.host(epoch, &place, job.suspicion),
        };
        let breaking = self.policy.breaking(job.entry.priority);
        if job.sessions.is_empty() && !breaking {
            self.running += 1;
        }
        job.sessions.insert(epoch, kind);
        job.paused = None;
        let tenant = job.entry.tenant.clone();
        let priority = job.entry.priority;
        self.disk.promise(id, job.entry.disk_bytes);
        self.tenants
            .begin(&tenant, share, self.policy.min_run_ms, self.now_ms);
        if kind == Kind::Encode {
            self.cuttable.insert((priority, Reverse(epoch)));
        }
        let session = Session {
            job: id,
            tenant,
            priority,
            kind,
            device: device.clone(),
            slot,
            demand,
            share,
            started_ms: self.now_ms,
            todo,
            course: Course::Running,
            announced: false,
        };
        self.sessions.insert(epoch, session);
        self.fresh.push(epoch);
        self.served(id);
    }

    /// The job has just had something: its wait is counted from now.
    pub(crate) fn served(&mut self, id: JobId) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if self.patience.remove(&(job.waiting_since_ms, id)) {
            self.patience.insert((self.now_ms, id));
        }
        job.waiting_since_ms = self.now_ms;
    }

    /// The best device for a job that waits, if it fits anywhere now.
    pub(crate) fn find(&mut self, id: JobId, shape: &Shape) -> Option<DeviceId> {
        if self.misses.nowhere(shape) {
            return None;
        }
        let among = self.misses.among(shape);
        let found = self.hosts.best(shape, id, among, |_| true);
        if found.is_none() {
            self.misses.missed(shape);
        }
        found
    }

    /// A device has more to give than before: what fitted nowhere may fit there.
    pub(crate) fn gain(&mut self, id: &DeviceId) {
        if let Some(host) = self.hosts.get(id) {
            self.look = true;
            self.misses.gained(host);
            for (_, gained) in self.fruitless.values_mut() {
                gained.insert(id.clone());
            }
            self.gained.insert(id.clone());
        }
    }

    /// Keeps a device for a waiting job, which leaves the queue. False if the device cannot be kept.
    pub(crate) fn claim(&mut self, id: JobId, device: &DeviceId, why: Why) -> bool {
        let (Some(job), Some(host)) = (self.jobs.get(&id), self.hosts.get(device)) else {
            return false;
        };
        let Some(ticket) = job.waiting.clone() else {
            return false;
        };
        let since_ms = job.waiting_since_ms;
        let Some(need) = host.claimable(&ticket.shape, &[id]) else {
            return false;
        };
        self.release_claim(id);
        if let Some(host) = self.hosts.get_mut(device) {
            host.claims.insert(id, need);
        }
        self.waiting.remove(&ticket);
        self.patience.remove(&(since_ms, id));
        let device = device.clone();
        self.claims.insert(id, Claim { device, why });
        true
    }

    pub(crate) fn release_claim(&mut self, id: JobId) {
        if let Some(claim) = self.claims.remove(&id) {
            if let Some(host) = self.hosts.get_mut(&claim.device) {
                host.claims.remove(&id);
            }
            self.gain(&claim.device);
        }
    }

    /// The device is not what it was: whoever claimed it has to look again.
    pub(crate) fn drop_claims(&mut self, device: &DeviceId) {
        let holders: Vec<JobId> = self
            .hosts
            .get(device)
            .map(|host| host.claims.keys().copied().collect())
            .unwrap_or_default();
        for id in holders {
            self.refresh(id);
        }
    }

    /// Whether a job that is no job of the breaking band may get its first session.
    pub(crate) fn room_for_more(&self) -> bool {
        self.running < self.policy.max_running_jobs.max(1)
    }

    /// Whether the limit on running jobs lets this one begin.
    pub(crate) fn may_run(&self, id: JobId) -> bool {
        let job = self.jobs.get(&id);
        job.is_some_and(|job| {
            !job.sessions.is_empty()
                || self.policy.breaking(job.entry.priority)
                || self.room_for_more()
        })
    }
}
