//! What each input changes. Not here: failures, and what is decided afterwards.

use newsreel_model::JobId;

use crate::Policy;
use crate::action::{Action, CutAt};
use crate::health::Due;
use crate::input::{Device, DeviceId, Epoch, Input, JobEntry, Now, Plan};
use crate::job::Job;
use crate::scheduler::Scheduler;
use crate::session::{Course, Kind, Session};

impl Scheduler {
    pub(crate) fn take(&mut self, now: Now, input: Input) {
        match input {
            Input::JobQueued(entry) => self.job_queued(now, entry),
            Input::JobPlanned { epoch, plan } => self.job_planned(epoch, &plan),
            Input::SegmentDone { epoch, segment } => self.segment_done(epoch, segment),
            Input::SessionEnded { epoch, outcome } => self.session_ended(epoch, outcome),
            Input::WorkerDied { slot, last_inside } => self.worker_died(slot, last_inside),
            Input::JobCancelled(job) => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.again = None;
                }
                self.end(job);
            }
            Input::JobPrioritised { job, priority } => self.prioritised(job, priority),
            Input::DeviceAdded(device) => self.device_added(device),
            Input::DeviceRemoved(device) => self.device_removed(&device),
            Input::SelfTested { device, passed } => self.self_tested(&device, passed),
            Input::DiskFree(bytes) => self.disk_free(bytes),
            Input::Policy(policy) => self.policy_changed(policy),
            Input::Drain => self.drain(),
            Input::Tick => {}
        }
    }

    /// Ends every pause that is over.
    pub(crate) fn wake(&mut self) {
        while let Some(&(at, id)) = self.timers.first() {
            if at > self.now_ms {
                break;
            }
            self.timers.pop_first();
            self.refresh(id);
        }
        for id in self.unwell.clone() {
            let Some(host) = self.hosts.get_mut(&id) else {
                self.unwell.remove(&id);
                continue;
            };
            match host.health.wake(self.now_ms) {
                Some(Due::SelfTest) => self.out.push(Action::SelfTest(id)),
                Some(Due::Rested) => self.recovered(&id),
                None => {}
            }
        }
    }

    fn job_queued(&mut self, now: Now, entry: JobEntry) {
        match self.jobs.get_mut(&entry.id) {
            Some(job) if job.over => job.again = Some(entry),
            Some(_) => {}
            None => {
                let age = now.wall.as_millisecond() - entry.created_at.as_millisecond();
                let age = u64::try_from(age).unwrap_or(0);
                self.begin_job(entry, self.now_ms.saturating_sub(age));
            }
        }
    }

    fn prioritised(&mut self, id: JobId, priority: u8) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.entry.priority = priority;
        if let Some(again) = &mut job.again {
            again.priority = priority;
        }
        for epoch in job.sessions.keys() {
            let Some(session) = self.sessions.get_mut(epoch) else {
                continue;
            };
            let before = std::mem::replace(&mut session.priority, priority);
            let place = |priority| (priority, std::cmp::Reverse(*epoch));
            if self.cuttable.remove(&place(before)) {
                self.cuttable.insert(place(priority));
            }
        }
        self.count_running();
        self.refresh(id);
    }

    /// Who is breaking changed: counts the jobs outside that band that have sessions, and what can be cut is to be looked for anew.
    fn count_running(&mut self) {
        self.fruitless.clear();
        let outside =
            |job: &&Job| !job.sessions.is_empty() && !self.policy.breaking(job.entry.priority);
        self.running = self.jobs.values().filter(outside).count();
    }

    /// The session, unless it counts no more.
    fn live(&self, epoch: Epoch) -> Option<&Session> {
        let session = self.sessions.get(&epoch)?;
        (session.course != Course::Stopping).then_some(session)
    }

    fn job_planned(&mut self, epoch: Epoch, plan: &Plan) {
        let session = self.live(epoch).filter(|s| s.kind == Kind::Prepare);
        let Some(id) = session.map(|s| s.job) else {
            return;
        };
        if self.jobs.get_mut(&id).is_some_and(|job| job.set_plan(plan)) {
            self.disk.promise(id, plan.disk_bytes);
            self.refresh(id);
        }
    }

    fn segment_done(&mut self, epoch: Epoch, segment: usize) {
        if self.live(epoch).is_none() {
            return;
        }
        let Some(session) = self.sessions.get_mut(&epoch) else {
            return;
        };
        if session.todo.remove(&segment).is_some() {
            let (job, slot, device) = (session.job, session.slot, session.device.clone());
            let group = self.workers.group(slot);
            self.progressed(job, group, &device);
        }
    }

    /// Real work was done: what failed before is forgotten, and a suspect that got past where its worker died is cleared.
    pub(crate) fn progressed(&mut self, id: JobId, group: Option<u64>, device: &DeviceId) {
        if let Some(host) = self.hosts.get_mut(device) {
            host.health.progressed();
        }
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.failures = 0;
        job.refusals = 0;
        if job.suspicion.is_some() && job.suspicion == group {
            job.suspicion = None;
            job.solo_deaths = 0;
            self.refresh(id);
        }
    }

    /// Takes a session out of every book; what it did not finish is pending again.
    pub(crate) fn release(&mut self, epoch: Epoch) -> Option<Session> {
        let session = self.sessions.remove(&epoch)?;
        self.cuttable
            .remove(&(session.priority, std::cmp::Reverse(epoch)));
        self.tenants
            .end(&session.tenant, session.share, self.now_ms);
        let mut limit = 1;
        if let Some(host) = self.hosts.get_mut(&session.device) {
            limit = host.device.sessions_per_worker;
            host.sessions.remove(&epoch);
        }
        let was_ending = session.course != Course::Running;
        let concerned = self
            .hosts
            .book(&session.device, session.demand, |host, part| {
                host.used = host.used.minus(part);
                if was_ending {
                    host.ending = host.ending.minus(part);
                }
            });
        if self.workers.leave(session.slot, epoch, limit) {
            self.out.push(Action::CloseWorker(session.slot));
        }
        if let Some(job) = self.jobs.get_mut(&session.job) {
            job.sessions.remove(&epoch);
            job.pending.extend(session.todo.iter());
            if job.sessions.is_empty() && !self.policy.breaking(session.priority) {
                self.running = self.running.saturating_sub(1);
            }
        }
        self.served(session.job);
        concerned.iter().for_each(|device| self.gain(device));
        Some(session)
    }

    fn course(&mut self, epoch: Epoch, course: Course) -> bool {
        let Some(session) = self.sessions.get_mut(&epoch) else {
            return false;
        };
        if session.course == Course::Running {
            self.hosts
                .book(&session.device, session.demand, |host, part| {
                    host.ending = host.ending.plus(part);
                });
        }
        session.course = course;
        self.cuttable
            .remove(&(session.priority, std::cmp::Reverse(epoch)));
        true
    }

    /// Has a session end at its next line, if it can.
    pub(crate) fn cut(&mut self, epoch: Epoch, preempted: bool) {
        if self.sessions.get(&epoch).is_some_and(Session::cuttable)
            && self.course(epoch, Course::Cutting { preempted })
        {
            let at = CutAt::NextLine;
            self.out.push(Action::Cut { epoch, at });
        }
    }

    pub(crate) fn stop(&mut self, epoch: Epoch) {
        if self.sessions.get(&epoch).is_some_and(|s| !s.announced) {
            self.release(epoch);
        } else if self.course(epoch, Course::Stopping) {
            self.out.push(Action::Stop { epoch });
        }
    }

    fn device_added(&mut self, device: Device) {
        let id = device.id.clone();
        let usable = device.capacity.minus(self.policy.reserve);
        match self.hosts.get_mut(&id) {
            Some(host) => {
                host.device = device;
                host.usable = usable;
            }
            None => self.hosts.add(device, self.policy.reserve),
        }
        self.refresh_unstarted();
        self.gain(&id);
    }

    fn device_removed(&mut self, id: &DeviceId) {
        let Some(host) = self.hosts.get(id) else {
            return;
        };
        for epoch in host.sessions.clone() {
            self.out.push(Action::Stop { epoch });
            if let Some(session) = self.release(epoch) {
                self.refresh(session.job);
            }
        }
        self.close_idle(id);
        self.hosts.remove(id);
        self.unwell.remove(id);
        self.gained.remove(id);
        self.refresh_unstarted();
    }

    /// The devices changed: whoever waits may fit elsewhere, or nowhere.
    fn refresh_unstarted(&mut self) {
        let mut jobs = self.blocked.clone();
        jobs.extend(self.claims.keys());
        jobs.extend(self.patience.iter().map(|&(_, id)| id));
        for id in jobs {
            self.refresh(id);
        }
    }

    pub(crate) fn close_idle(&mut self, id: &DeviceId) {
        let closed = self.workers.close_idle(id);
        self.out.extend(closed.into_iter().map(Action::CloseWorker));
    }

    fn self_tested(&mut self, id: &DeviceId, passed: bool) {
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        if host.health.tested(passed, &self.policy, self.now_ms) {
            self.out.push(Action::Restore(id.clone()));
            self.recovered(id);
        }
    }

    fn recovered(&mut self, id: &DeviceId) {
        self.unwell.remove(id);
        self.gain(id);
    }

    fn disk_free(&mut self, bytes: u64) {
        self.disk.set_free(bytes);
        if self.disk.low() {
            self.cut_all();
        }
        self.refresh_blocked();
    }

    /// Who is breaking news, and what the disk admits, may be otherwise now.
    fn policy_changed(&mut self, policy: Policy) {
        self.disk.set_reserve(policy.disk_reserve_bytes);
        for host in self.hosts.by_id.values_mut() {
            host.usable = host.device.capacity.minus(policy.reserve);
        }
        self.policy = policy;
        self.count_running();
        let jobs: Vec<JobId> = self.jobs.keys().copied().collect();
        jobs.into_iter().for_each(|id| self.refresh(id));
        let devices: Vec<DeviceId> = self.hosts.by_id.keys().cloned().collect();
        devices.iter().for_each(|id| self.gain(id));
        if self.disk.low() {
            self.cut_all();
        }
    }

    fn drain(&mut self) {
        self.draining = true;
        self.cut_all();
    }

    fn cut_all(&mut self) {
        let all: Vec<Epoch> = self.cuttable.iter().map(|(_, epoch)| epoch.0).collect();
        for epoch in all {
            self.cut(epoch, false);
        }
    }
}
