//! What follows from how a session or a worker ended: retry, go elsewhere, give up, find the culprit. Not here: the breaker's rule.
//!
//! A worker that dies takes all its sessions along. Their jobs are suspects: they start again in fresh workers, half and half
//! (the one last inside the codec apart from the rest), each half halved again if its worker dies too. A suspect that gets past
//! where it was is cleared; one that twice kills a worker it has to itself has failed.

use std::collections::BTreeSet;

use newsreel_model::spec::Fallback;
use newsreel_model::{Class, Code, JobId};

use crate::action::Action;
use crate::input::{DeviceId, Epoch, Outcome, WorkerSlot};
use crate::scheduler::Scheduler;
use crate::session::{Course, Kind, Session};

impl Scheduler {
    pub(crate) fn session_ended(&mut self, epoch: Epoch, outcome: Outcome) {
        let group = self
            .sessions
            .get(&epoch)
            .and_then(|s| self.workers.group(s.slot));
        let Some(session) = self.release(epoch) else {
            return;
        };
        if session.course != Course::Stopping {
            match outcome {
                Outcome::Done => self.session_done(&session, group),
                Outcome::Cut => self.session_cut(&session),
                Outcome::Failed { class, code } => self.session_failed(&session, class, code),
            }
        }
        self.refresh(session.job);
    }

    fn session_done(&mut self, session: &Session, group: Option<u64>) {
        let Some(job) = self.jobs.get_mut(&session.job) else {
            return;
        };
        match session.kind {
            Kind::Prepare if job.plan.is_some() => job.prepared = true,
            Kind::Encode if session.todo.is_empty() => {}
            Kind::Encode if session.course != Course::Running => return self.session_cut(session),
            Kind::Finish => {
                self.end(session.job);
                self.out.push(Action::CompleteJob(session.job));
                return;
            }
            Kind::Prepare | Kind::Encode => return self.bug(session, Code::Internal),
        }
        self.progressed(session.job, group, &session.device);
    }

    fn session_cut(&mut self, session: &Session) {
        match session.course {
            Course::Cutting { preempted } => {
                let job = self.jobs.get(&session.job);
                let stands = job.is_some_and(|j| !j.pending.is_empty() && !j.has(Kind::Encode));
                if preempted && stands {
                    self.out.push(Action::Preempted(session.job));
                }
            }
            // Nobody asked: taken for a fault, or it would begin and stop for ever.
            Course::Running => self.bug(session, Code::Internal),
            Course::Stopping => {}
        }
    }

    fn session_failed(&mut self, session: &Session, class: Class, code: Code) {
        match class {
            Class::Retry => self.retry(session.job, code),
            Class::FallBack => {
                // What is opened once for a worker's sessions stays as it is.
                if matches!(code, Code::DeviceLost | Code::EngineUnavailable) {
                    self.workers.retire(session.slot);
                    self.close_idle(&session.device);
                }
                if code == Code::DeviceLost {
                    self.device_lost(&session.device);
                } else if code.blames_device() {
                    self.device_failed(&session.device, session.job);
                }
                self.fall_back(session, code);
            }
            Class::Reject => self.fail(session.job, code),
            Class::Bug => self.bug(session, code),
        }
    }

    fn retry(&mut self, id: JobId, code: Code) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        let (count, most) = if code.is_contention() {
            (&mut job.refusals, self.policy.max_refusals)
        } else {
            (&mut job.failures, self.policy.max_failures)
        };
        *count = count.saturating_add(1);
        let count = *count;
        if count >= most.max(1) {
            return self.fail(id, code);
        }
        job.not_before_ms = self.now_ms.saturating_add(self.policy.backoff_ms(count));
    }

    fn fall_back(&mut self, session: &Session, code: Code) {
        let Some(job) = self.jobs.get_mut(&session.job).filter(|job| !job.over) else {
            return;
        };
        if job.entry.fallback == Fallback::Never {
            return self.fail(session.job, code);
        }
        let bars = job.bars.entry(session.kind).or_default();
        bars.gpu_only |= job.entry.fallback == Fallback::Gpu;
        bars.devices.insert(session.device.clone());
        bars.code = Some(code);
        if !self.hosts.could_host(&job.shape(session.kind)) {
            return self.fail(session.job, code);
        }
        self.out.push(Action::FellBack {
            job: session.job,
            from: session.device.clone(),
            code,
        });
    }

    /// Once more, elsewhere if there is an elsewhere; the second time the job fails.
    fn bug(&mut self, session: &Session, code: Code) {
        let Some(job) = self.jobs.get_mut(&session.job) else {
            return;
        };
        job.bugs = job.bugs.saturating_add(1);
        if job.bugs > 1 {
            return self.fail(session.job, code);
        }
        let mut elsewhere = job.shape(session.kind);
        elsewhere.barred.insert(session.device.clone());
        if self.hosts.could_host(&elsewhere) {
            let bars = job.bars.entry(session.kind).or_default();
            bars.devices.insert(session.device.clone());
            bars.code = Some(code);
        }
    }

    /// Nothing new would do better there: it is out of use until a test says otherwise.
    fn device_lost(&mut self, id: &DeviceId) {
        if self.hosts.get(id).is_some_and(|host| host.health.good()) {
            self.out_of_use(id);
        }
    }

    fn out_of_use(&mut self, id: &DeviceId) {
        let mut others = self.hosts.by_id.values();
        let last = !others.any(|other| other.device.id != *id && other.health.good());
        self.unwell.insert(id.clone());
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        let blamed = host.health.take_failures();
        if last {
            host.health.rest(&self.policy, self.now_ms);
        } else {
            host.health.quarantine(&self.policy, self.now_ms);
            self.out.push(Action::Quarantine(id.clone()));
            self.close_idle(id);
            self.forgive(&blamed);
        }
        self.drop_claims(id);
    }

    /// Counts a job's failure against its device. The last good device is never quarantined: it only rests for a moment.
    fn device_failed(&mut self, id: &DeviceId, job: JobId) {
        let Some(host) = self.hosts.get_mut(id) else {
            return;
        };
        if host.health.failed(job, &self.policy, self.now_ms) {
            self.out_of_use(id);
        }
    }

    /// The device is to blame for the dead workers, not these jobs. Only once: several bad files on one device look the same.
    fn forgive(&mut self, jobs: &[JobId]) {
        for id in jobs {
            if let Some(job) = self.jobs.get_mut(id)
                && !job.forgiven
                && job.solo_deaths > 0
            {
                job.forgiven = true;
                job.solo_deaths = 0;
            }
        }
    }

    pub(crate) fn worker_died(&mut self, slot: WorkerSlot, last_inside: Option<Epoch>) {
        let tried_before = self.workers.group(slot).is_some();
        let epochs = self.workers.died(slot);
        let hint = last_inside.filter(|epoch| epochs.contains(epoch) && !tried_before);
        let hint = hint
            .and_then(|epoch| self.sessions.get(&epoch))
            .map(|s| s.job);
        let mut hosted: Vec<JobId> = Vec::new();
        let mut device = None;
        for epoch in epochs {
            let Some(session) = self.release(epoch) else {
                continue;
            };
            if !hosted.contains(&session.job) {
                hosted.push(session.job);
            }
            device = Some(session.device);
        }
        let over = |id: &JobId| self.jobs.get(id).is_none_or(|job| job.over);
        let suspects: Vec<JobId> = hosted.iter().copied().filter(|id| !over(id)).collect();
        match (hosted.as_slice(), device) {
            ([alone], Some(device)) if suspects.contains(alone) => self.solo_death(*alone, &device),
            _ => self.bisect(&suspects, hint),
        }
        for id in hosted {
            self.refresh(id);
        }
    }

    fn solo_death(&mut self, id: JobId, device: &DeviceId) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.solo_deaths = job.solo_deaths.saturating_add(1);
        }
        self.device_failed(device, id);
        let group = self.new_group();
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.solo_deaths >= self.policy.max_solo_deaths.max(1) {
            return self.fail(id, Code::InputKillsWorker);
        }
        job.suspicion = Some(group);
        job.not_before_ms = self
            .now_ms
            .saturating_add(self.policy.backoff_ms(job.solo_deaths));
    }

    fn bisect(&mut self, suspects: &[JobId], hint: Option<JobId>) {
        let first: BTreeSet<JobId> = match hint {
            Some(hint) => [hint].into(),
            None => suspects.iter().copied().take(suspects.len() / 2).collect(),
        };
        let groups = [self.new_group(), self.new_group()];
        for id in suspects {
            if let Some(job) = self.jobs.get_mut(id) {
                job.suspicion = Some(groups[usize::from(!first.contains(id))]);
            }
        }
    }

    fn new_group(&mut self) -> u64 {
        self.last_group += 1;
        self.last_group
    }
}
