//! The simulated daemon: executes actions over a clock of its own, and answers with what happened. Not here: what is checked.

use std::collections::{BTreeMap, BTreeSet};

use newsreel_model::{Class, Code, JobId};
use newsreel_scheduler::{
    Action, CutAt, Decisions, Device, DeviceId, Epoch, Input, JobEntry, Outcome, Plan, Policy,
    Scheduler, Start, Task, WorkerSlot,
};

use super::check::{self, Capacities, End, Record, Running};
use super::now;

/// A scheduler and everything around it.
pub struct World {
    pub scheduler: Scheduler,
    policy: Policy,
    pub at_ms: u64,
    pub running: BTreeMap<Epoch, Running>,
    pub jobs: BTreeMap<JobId, Record>,
    plans: BTreeMap<JobId, Plan>,
    pub devices: Capacities,
    dead: BTreeSet<WorkerSlot>,
    last: Epoch,
    /// Every action, with its time.
    pub log: Vec<(u64, Action)>,
    /// When to tick.
    pub wake_at_ms: Option<u64>,
    /// How long a segment, each half of a Prepare, and a Finish take.
    pub segment_ms: u64,
    /// Jobs that kill their worker at this segment.
    pub killers: BTreeMap<JobId, usize>,
    /// Devices on which every session fails at its first segment.
    pub broken: BTreeSet<DeviceId>,
    /// How often a job's worker died.
    pub deaths: BTreeMap<JobId, usize>,
    /// Whether a dead worker says who was in the codec.
    pub hints: bool,
}

impl World {
    pub fn new(policy: Policy) -> Self {
        Self {
            scheduler: Scheduler::new(policy.clone(), 7 << 32),
            policy,
            at_ms: 0,
            running: BTreeMap::new(),
            jobs: BTreeMap::new(),
            plans: BTreeMap::new(),
            devices: Capacities::new(),
            dead: BTreeSet::new(),
            last: Epoch(7 << 32),
            log: Vec::new(),
            wake_at_ms: None,
            segment_ms: 1_000,
            killers: BTreeMap::new(),
            broken: BTreeSet::new(),
            deaths: BTreeMap::new(),
            hints: false,
        }
    }

    pub fn tell(&mut self, input: Input) -> Vec<Action> {
        let Decisions {
            actions,
            wake_at_ms,
        } = self.scheduler.handle(now(self.at_ms), input);
        self.wake_at_ms = wake_at_ms;
        let again = self.scheduler.handle(now(self.at_ms), Input::Tick);
        assert_eq!(again.actions, [], "what was decided at first was not all");
        for action in &actions {
            self.obey(action);
            self.log.push((self.at_ms, action.clone()));
        }
        actions
    }

    pub fn add(&mut self, device: Device) -> Vec<Action> {
        let usable = device.capacity.minus(self.policy.reserve);
        let limit = device.sessions_per_worker;
        self.devices.insert(device.id.clone(), (usable, limit));
        self.tell(Input::DeviceAdded(device))
    }

    pub fn remove(&mut self, device: &str) -> Vec<Action> {
        self.devices.remove(device);
        self.running.retain(|_, r| &*r.start.device != device);
        self.tell(Input::DeviceRemoved(device.into()))
    }

    pub fn queue(&mut self, entry: JobEntry, plan: Plan) -> Vec<Action> {
        let record = self.jobs.entry(entry.id).or_default();
        record.segments = plan.missing.len();
        self.plans.insert(entry.id, plan);
        self.tell(Input::JobQueued(entry))
    }

    pub fn cancel(&mut self, job: JobId) {
        let record = self.jobs.get_mut(&job).unwrap();
        if record.end.is_none() {
            record.finish(job, End::Cancelled, self.at_ms);
        }
        self.tell(Input::JobCancelled(job));
    }

    fn obey(&mut self, action: &Action) {
        match action {
            Action::Start(start) => self.begin(start),
            Action::Cut { epoch, at } => {
                let session = self.running.get_mut(epoch).unwrap();
                let before = session.todo.len();
                match at {
                    CutAt::NextLine => session.cut_next = true,
                    CutAt::Before(line) => {
                        session.todo.retain(|s| s < line);
                        assert!(!session.todo.is_empty() && session.todo.len() < before);
                    }
                }
            }
            Action::Stop { epoch } => {
                if let Some(session) = self.running.get_mut(epoch) {
                    session.stopping = true;
                    session.next_ms = self.at_ms + 10;
                }
            }
            Action::CloseWorker(slot) => {
                let hosts = |r: &Running| r.start.worker == *slot;
                assert!(!self.running.values().any(hosts), "{slot:?} has sessions");
                assert!(self.dead.insert(*slot), "{slot:?} closed twice");
            }
            Action::CompleteJob(job) => self.end(*job, End::Complete),
            Action::FailJob { job, code } => self.end(*job, End::Failed(*code)),
            Action::Preempted(job) => {
                self.jobs.get_mut(job).unwrap().preempted.push(self.at_ms);
            }
            _ => {}
        }
    }

    fn end(&mut self, job: JobId, end: End) {
        self.jobs
            .get_mut(&job)
            .unwrap()
            .finish(job, end, self.at_ms);
    }

    fn begin(&mut self, start: &Start) {
        check::start(start, &self.running, &self.devices, &self.dead, self.last);
        self.last = start.epoch;
        let record = &self.jobs[&start.job];
        let todo = match &start.task {
            Task::Encode { segments } => {
                let missing = segments.clone().filter(|s| !record.published.contains(s));
                missing.collect()
            }
            Task::Prepare | Task::Finish => Vec::new(),
        };
        let session = Running {
            start: start.clone(),
            todo,
            cut_next: false,
            stopping: false,
            next_ms: self.at_ms + self.segment_ms,
            started_ms: self.at_ms,
        };
        self.running.insert(start.epoch, session);
    }

    pub fn ended(&mut self, epoch: Epoch, outcome: Outcome) -> Vec<Action> {
        self.running.remove(&epoch);
        self.tell(Input::SessionEnded { epoch, outcome })
    }

    pub fn fail(&mut self, epoch: Epoch, class: Class, code: Code) -> Vec<Action> {
        self.ended(epoch, Outcome::Failed { class, code })
    }

    /// Kills a worker and everything in it. What finishes has none to be killed.
    pub fn kill(&mut self, slot: WorkerSlot, last_inside: Option<Epoch>) -> Vec<Action> {
        let is_worker = |r: &Running| r.start.worker != slot || r.start.task != Task::Finish;
        if !self.running.values().all(is_worker) {
            return Vec::new();
        }
        for session in self.running.values().filter(|r| r.start.worker == slot) {
            *self.deaths.entry(session.start.job).or_default() += 1;
        }
        self.running.retain(|_, r| r.start.worker != slot);
        self.dead.insert(slot);
        self.tell(Input::WorkerDied { slot, last_inside })
    }

    /// What happens next, be it a session's or the clock's.
    fn next_ms(&self) -> Option<u64> {
        let sessions = self.running.values().map(|r| r.next_ms).min();
        [sessions, self.wake_at_ms].into_iter().flatten().min()
    }

    /// Lets time pass up to `until_ms`.
    pub fn run_until(&mut self, until_ms: u64) {
        while let Some(next) = self.next_ms().filter(|next| *next <= until_ms) {
            self.at_ms = self.at_ms.max(next);
            let due = self.running.values().find(|r| r.next_ms <= self.at_ms);
            match due.map(|r| r.start.epoch) {
                Some(epoch) => self.advance(epoch),
                None => {
                    self.tell(Input::Tick);
                    let again = self.wake_at_ms.is_some_and(|at| at <= self.at_ms);
                    assert!(!again, "a wake-up that changes nothing");
                }
            }
            self.test_devices();
        }
        self.at_ms = until_ms;
    }

    /// Answers every self-test asked for at this moment; a second answer to one is ignored.
    fn test_devices(&mut self) {
        let latest = self.log.iter().rev();
        let latest = latest.take_while(|(at, _)| *at == self.at_ms);
        let asked = latest.filter_map(|(_, action)| match action {
            Action::SelfTest(device) => Some(device.clone()),
            _ => None,
        });
        for device in asked.collect::<Vec<_>>() {
            let passed = !self.broken.contains(&device);
            self.tell(Input::SelfTested { device, passed });
        }
    }

    /// A session comes to its next line or its end.
    fn advance(&mut self, epoch: Epoch) {
        let session = self.running[&epoch].clone();
        let job = session.start.job;
        if session.stopping {
            self.ended(epoch, Outcome::Cut);
        } else if self.broken.contains(&session.start.device) {
            self.fail(epoch, Class::FallBack, Code::EngineFailed);
        } else if session.start.task == Task::Prepare && !self.jobs[&job].planned {
            self.planned(epoch, job);
        } else if let Some(&segment) = session.todo.first() {
            if self.killers.get(&job) == Some(&segment) {
                let hint = self.hints.then_some(epoch);
                self.kill(session.start.worker, hint);
            } else {
                self.publish(epoch, segment);
            }
        } else {
            self.ended(epoch, Outcome::Done);
        }
    }

    fn planned(&mut self, epoch: Epoch, job: JobId) {
        let record = self.jobs.get_mut(&job).unwrap();
        record.planned = true;
        let mut plan = self.plans[&job].clone();
        plan.missing
            .retain(|s| !record.published.contains(&s.index));
        self.running.get_mut(&epoch).unwrap().next_ms = self.at_ms + self.segment_ms;
        self.tell(Input::JobPlanned { epoch, plan });
    }

    fn publish(&mut self, epoch: Epoch, segment: usize) {
        assert!(self.scheduler.may_publish(epoch, segment));
        let session = self.running.get_mut(&epoch).unwrap();
        session.todo.retain(|s| *s != segment);
        session.next_ms = self.at_ms + self.segment_ms;
        let job = session.start.job;
        self.jobs.get_mut(&job).unwrap().publish(job, segment);
        self.tell(Input::SegmentDone { epoch, segment });
        // The answer may have cut or stopped it.
        let Some(session) = self.running.get(&epoch).filter(|s| !s.stopping) else {
            return;
        };
        if session.todo.is_empty() {
            self.ended(epoch, Outcome::Done);
        } else if session.cut_next {
            self.ended(epoch, Outcome::Cut);
        }
    }

    /// The sessions of one job.
    pub fn sessions(&self, job: JobId) -> Vec<&Running> {
        let all = self.running.values();
        all.filter(|r| r.start.job == job).collect()
    }

    pub fn end_of(&self, job: JobId) -> Option<End> {
        self.jobs[&job].end
    }
}
