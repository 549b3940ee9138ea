//! The scheduler's state, the door into it, and where each job stands after a change. Not here: the rules (the modules beside).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use newsreel_model::{Code, JobId};

use crate::action::{Action, Decisions, PauseReason, Start};
use crate::demand::Shape;
use crate::device::Hosts;
use crate::disk::Disk;
use crate::input::{DeviceId, Epoch, Input, JobEntry, Now};
use crate::job::Job;
use crate::misses::Misses;
use crate::place::Claim;
use crate::policy::Policy;
use crate::queue::{Lane, Queues, Ticket};
use crate::session::{Kind, Session};
use crate::tenants::Tenants;
use crate::workers::Workers;

/// Who runs what. Feed it everything that happens, in order, and carry out what it answers.
#[derive(Debug)]
pub struct Scheduler {
    pub(crate) policy: Policy,
    pub(crate) now_ms: u64,
    pub(crate) last_epoch: u64,
    pub(crate) last_group: u64,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) sessions: BTreeMap<Epoch, Session>,
    pub(crate) hosts: Hosts,
    pub(crate) workers: Workers,
    pub(crate) tenants: Tenants,
    pub(crate) disk: Disk,
    /// Jobs that cannot go on without a session.
    pub(crate) waiting: Queues,
    /// Jobs that could use more sessions than they have.
    pub(crate) spreading: Queues,
    /// The jobs of `waiting` outside the breaking band, longest wait first.
    pub(crate) patience: BTreeSet<(u64, JobId)>,
    /// Jobs in a pause after a failure, by its end.
    pub(crate) timers: BTreeSet<(u64, JobId)>,
    /// Jobs that wait for disk or for a device to be added.
    pub(crate) blocked: BTreeSet<JobId>,
    /// Jobs for which a device is kept. They are not in `waiting`.
    pub(crate) claims: BTreeMap<JobId, Claim>,
    /// Sessions that may be cut, those to cut first in front.
    pub(crate) cuttable: BTreeSet<(u8, Reverse<Epoch>)>,
    pub(crate) misses: Misses,
    /// Devices that gained something since the last pass.
    pub(crate) gained: BTreeSet<DeviceId>,
    /// Devices that do not take sessions for the moment.
    pub(crate) unwell: BTreeSet<DeviceId>,
    /// Jobs outside the breaking band that have sessions.
    pub(crate) running: usize,
    pub(crate) relieved_ms: Option<u64>,
    /// When a session that could not be preempted yet can be.
    pub(crate) preempt_at_ms: Option<u64>,
    /// Shapes and priorities for which nothing could be cut, until when that is so, and the devices that gained something since.
    pub(crate) fruitless: BTreeMap<(Shape, u8), (u64, BTreeSet<DeviceId>)>,
    /// Something happened that may let somebody begin: a look at who waits is due.
    pub(crate) look: bool,
    pub(crate) draining: bool,
    pub(crate) drained: bool,
    /// Sessions the daemon has not been told of.
    pub(crate) fresh: Vec<Epoch>,
    pub(crate) out: Vec<Action>,
}

impl Scheduler {
    /// A scheduler without jobs and devices. Epochs and worker slots count up from `first`, which is larger than all an
    /// earlier one gave: the daemon's start number in the upper 32 bits.
    #[must_use]
    pub fn new(policy: Policy, first: u64) -> Self {
        Self {
            now_ms: 0,
            last_epoch: first,
            last_group: 0,
            jobs: BTreeMap::new(),
            sessions: BTreeMap::new(),
            hosts: Hosts::default(),
            workers: Workers::new(first),
            tenants: Tenants::default(),
            disk: Disk::new(policy.disk_reserve_bytes),
            waiting: Queues::default(),
            spreading: Queues::default(),
            patience: BTreeSet::new(),
            timers: BTreeSet::new(),
            blocked: BTreeSet::new(),
            claims: BTreeMap::new(),
            cuttable: BTreeSet::new(),
            misses: Misses::default(),
            gained: BTreeSet::new(),
            unwell: BTreeSet::new(),
            running: 0,
            relieved_ms: None,
            preempt_at_ms: None,
            fruitless: BTreeMap::new(),
            look: false,
            draining: false,
            drained: false,
            fresh: Vec::new(),
            out: Vec::new(),
            policy,
        }
    }

    /// Takes in what happened and says what to do about it. The same inputs always give the same answers.
    pub fn handle(&mut self, now: Now, input: Input) -> Decisions {
        self.now_ms = self.now_ms.max(now.mono_ms);
        // Most inputs are of segments that are done. They leave no device with more than before, so that nobody else fits.
        self.look = !matches!(input, Input::SegmentDone { .. })
            || self.preempt_at_ms.is_some_and(|at| at <= self.now_ms);
        self.wake();
        self.take(now, input);
        if self.look {
            self.pass();
        }
        self.announce();
        Decisions {
            actions: std::mem::take(&mut self.out),
            wake_at_ms: self.wake_at_ms(),
        }
    }

    /// Tells the daemon of the sessions that began; only now is their range settled.
    fn announce(&mut self) {
        for epoch in std::mem::take(&mut self.fresh) {
            let Some(session) = self.sessions.get_mut(&epoch) else {
                continue;
            };
            session.announced = true;
            self.out.push(Action::Start(Start {
                epoch,
                job: session.job,
                task: session.task(),
                device: session.device.clone(),
                worker: session.slot,
                demand: session.demand,
            }));
        }
        if self.draining && self.sessions.is_empty() && !self.drained {
            self.drained = true;
            self.out.push(Action::Drained);
        }
    }

    fn wake_at_ms(&self) -> Option<u64> {
        if self.draining {
            return None;
        }
        let unwell = self.unwell.iter().filter_map(|id| self.hosts.get(id));
        let health = unwell.filter_map(|host| host.health.due_ms()).min();
        let timer = self.timers.first().map(|&(at, _)| at);
        [health, timer, self.preempt_at_ms]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes a job in.
    pub(crate) fn begin_job(&mut self, entry: JobEntry, waiting_since_ms: u64) {
        let id = entry.id;
        self.tenants.add_job(&entry.tenant, self.now_ms);
        self.jobs.insert(id, Job::new(entry, waiting_since_ms));
        self.refresh(id);
    }

    /// Finds a job's place anew: in the queues, in a pause, among the blocked, or out of here. To be called after whatever
    /// changes what it wants.
    pub(crate) fn refresh(&mut self, id: JobId) {
        self.look = true;
        self.unqueue(id);
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if job.over {
            if job.sessions.is_empty() {
                self.forget(id);
            }
            return;
        }
        if self.draining {
            return;
        }
        if job.not_before_ms > self.now_ms {
            self.timers.insert((job.not_before_ms, id));
            return;
        }
        let spread = job.splittable() && job.has(Kind::Encode);
        if let Some(kind) = job.wants() {
            self.enqueue(id, kind);
        }
        if spread && let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.over) {
            let ticket = Ticket::new(&job.entry, job.shape(Kind::Encode), &self.policy);
            self.spreading.insert(&ticket);
            job.spreading = Some(ticket);
        }
    }

    fn enqueue(&mut self, id: JobId, kind: Kind) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let shape = job.shape(kind);
        if !self.disk.admits(id, job.entry.disk_bytes) {
            self.block(id, PauseReason::Disk);
        } else if !self.hosts.could_host(&shape) {
            match job.bars.get(&kind).and_then(|bars| bars.code) {
                Some(code) => self.fail(id, code),
                None => self.block(id, PauseReason::NoDevice),
            }
        } else {
            let ticket = Ticket::new(&job.entry, shape, &self.policy);
            self.waiting.insert(&ticket);
            if ticket.lane != Lane::Breaking {
                self.patience.insert((job.waiting_since_ms, id));
            }
            job.waiting = Some(ticket);
        }
    }

    pub(crate) fn block(&mut self, id: JobId, reason: PauseReason) {
        self.blocked.insert(id);
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.paused != Some(reason) {
            job.paused = Some(reason);
            self.out.push(Action::Paused { job: id, reason });
        }
    }

    /// Takes a job out of every queue and gives up its claim.
    fn unqueue(&mut self, id: JobId) {
        self.release_claim(id);
        self.blocked.remove(&id);
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        self.timers.remove(&(job.not_before_ms, id));
        self.patience.remove(&(job.waiting_since_ms, id));
        if let Some(ticket) = job.waiting.take() {
            self.waiting.remove(&ticket);
        }
        if let Some(ticket) = job.spreading.take() {
            self.spreading.remove(&ticket);
        }
    }

    fn forget(&mut self, id: JobId) {
        self.disk.forget(id);
        let Some(job) = self.jobs.remove(&id) else {
            return;
        };
        self.tenants.remove_job(&job.entry.tenant);
        if let Some(entry) = job.again {
            self.begin_job(entry, self.now_ms);
        }
        self.refresh_blocked();
    }

    pub(crate) fn refresh_blocked(&mut self) {
        for id in self.blocked.clone() {
            self.refresh(id);
        }
    }

    pub(crate) fn fail(&mut self, job: JobId, code: Code) {
        if self.end(job) {
            self.out.push(Action::FailJob { job, code });
        }
    }

    /// Ends a job: its sessions are stopped, and it is forgotten once they are gone. False if it had ended or is unknown.
    pub(crate) fn end(&mut self, id: JobId) -> bool {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| !job.over) else {
            return false;
        };
        job.over = true;
        let sessions: Vec<Epoch> = job.sessions.keys().copied().collect();
        for epoch in sessions {
            self.stop(epoch);
        }
        self.refresh(id);
        true
    }
}
