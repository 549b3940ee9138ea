//! The daemon's own scheduler over a clock that is only counted: one scheduler that sees every device of every node.
//!
//! Not here: any rule of its own. A session makes a segment in the time its pace says, wherever it runs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::time::Instant;

use jiff::Timestamp;
use newsreel_model::capacity::Resources;
use newsreel_model::spec::Fallback;
use newsreel_model::{Class, Code, JobId};
use newsreel_scheduler::{
    Action, CutAt, Demand, DeviceId, Epoch, Input, JobEntry, Now, Outcome as End, Plan, Policy,
    Scheduler, SegmentWork, Start, Task,
};

use crate::outcome::{Gauge, Outcome, band};
use crate::workload::{Mishap, Workload};

/// How long each half of a Prepare, a Finish and a self-test take.
const SIDE_TASK_MS: u64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive(usize),
    Mishap(usize),
    Step(Epoch),
    Tested(usize),
}

#[derive(Debug)]
struct Session {
    start: Start,
    todo: VecDeque<usize>,
    cut_next: bool,
    stopping: bool,
    due_ms: u64,
}

struct World<'a> {
    work: &'a Workload,
    scheduler: Scheduler,
    now_ms: u64,
    wake_at_ms: Option<u64>,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    sessions: BTreeMap<Epoch, Session>,
    on_device: BTreeMap<DeviceId, BTreeSet<Epoch>>,
    devices: BTreeMap<DeviceId, usize>,
    missing: Vec<BTreeSet<usize>>,
    planned: Vec<bool>,
    waiting: BTreeSet<usize>,
    /// Orders to cut for a breaking job, and since when such a job waits for what was cut.
    cuts: usize,
    cut_for: BTreeMap<usize, u64>,
    done: usize,
    gauge: Gauge,
    outcome: Outcome,
}

fn id(job: usize) -> JobId {
    JobId::from_bytes((job as u128).to_be_bytes())
}

fn index(id: JobId) -> usize {
    usize::try_from(u128::from_be_bytes(*id.as_bytes())).unwrap_or(usize::MAX)
}

/// On the cores of any node.
fn side_task() -> Demand {
    Demand::cpu_only(Resources {
        cpu_millicores: 500,
        memory_mib: 256,
        ..Resources::default()
    })
}

/// Runs the workload to its end.
pub fn run(work: &Workload) -> Outcome {
    let encoders = work.devices[..work.gpus]
        .iter()
        .map(|d| d.capacity.encode_kpx_s);
    let mut world = World {
        work,
        scheduler: Scheduler::new(Policy::default(), 0),
        now_ms: 0,
        wake_at_ms: None,
        events: BinaryHeap::new(),
        sessions: BTreeMap::new(),
        on_device: BTreeMap::new(),
        devices: work
            .devices
            .iter()
            .enumerate()
            .map(|(n, d)| (d.id.clone(), n))
            .collect(),
        missing: work
            .jobs
            .iter()
            .map(|job| (0..job.segments).collect())
            .collect(),
        planned: vec![false; work.jobs.len()],
        waiting: (0..work.jobs.len()).collect(),
        cuts: 0,
        cut_for: BTreeMap::new(),
        done: 0,
        gauge: Gauge::new(encoders.sum()),
        outcome: Outcome::default(),
    };
    for device in &work.devices {
        world.tell(Input::DeviceAdded(device.clone()));
    }
    // Setting up is no deciding.
    world.outcome = Outcome::default();
    for (job, wanted) in work.jobs.iter().enumerate() {
        world
            .events
            .push(Reverse((wanted.at_ms, Event::Arrive(job))));
    }
    for (number, (at_ms, ..)) in work.mishaps.iter().enumerate() {
        world.events.push(Reverse((*at_ms, Event::Mishap(number))));
    }
    while world.done < work.jobs.len() && world.advance() {}
    world.outcome.busy = world.gauge.busy();
    world.outcome
}

impl World<'_> {
    /// What happens next; false when nothing does.
    fn advance(&mut self) -> bool {
        let next = self.events.peek().map(|Reverse((at, _))| *at);
        let Some(at_ms) = [next, self.wake_at_ms].into_iter().flatten().min() else {
            return false;
        };
        self.now_ms = self.now_ms.max(at_ms);
        self.gauge.pass(self.now_ms);
        if next != Some(at_ms) {
            self.tell(Input::Tick);
            return true;
        }
        match self.events.pop() {
            Some(Reverse((_, Event::Arrive(job)))) => self.arrive(job),
            Some(Reverse((_, Event::Mishap(number)))) => self.mishap(number),
            Some(Reverse((_, Event::Tested(device)))) => {
                let device = self.work.devices[device].id.clone();
                self.tell(Input::SelfTested {
                    device,
                    passed: true,
                });
            }
            Some(Reverse((at, Event::Step(epoch)))) if self.due(epoch, at) => self.step(epoch),
            _ => {}
        }
        true
    }

    /// Whether that is when the session was last said to be heard of again.
    fn due(&self, epoch: Epoch, at_ms: u64) -> bool {
        let session = self.sessions.get(&epoch);
        session.is_some_and(|session| session.due_ms == at_ms)
    }

    fn tell(&mut self, input: Input) {
        let wall = i64::try_from(self.now_ms).unwrap_or(0);
        let now = Now {
            mono_ms: self.now_ms,
            wall: Timestamp::from_millisecond(wall).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        let began = Instant::now();
        let answer = self.scheduler.handle(now, input);
        self.outcome.spent += began.elapsed();
        self.outcome.inputs += 1;
        self.wake_at_ms = answer.wake_at_ms;
        for action in answer.actions {
            self.obey(action);
        }
    }

    fn arrive(&mut self, job: usize) {
        let wanted = &self.work.jobs[job];
        let at = i64::try_from(wanted.at_ms).unwrap_or(0);
        self.tell(Input::JobQueued(JobEntry {
            id: id(job),
            priority: wanted.priority,
            tenant: wanted.tenant.clone(),
            deadline: None,
            created_at: Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH),
            fallback: Fallback::Any,
            prepare: side_task(),
            disk_bytes: 0,
        }));
    }

    fn obey(&mut self, action: Action) {
        match action {
            Action::Start(start) => self.begin(start),
            Action::Cut { epoch, at } => {
                let Some(session) = self.sessions.get_mut(&epoch) else {
                    return;
                };
                match at {
                    CutAt::NextLine => {
                        session.cut_next = true;
                        self.cuts += 1;
                    }
                    CutAt::Before(line) => session.todo.retain(|segment| *segment < line),
                }
            }
            Action::Stop { epoch } => {
                if let Some(session) = self.sessions.get_mut(&epoch) {
                    session.stopping = true;
                    self.again(epoch, 10);
                }
            }
            Action::SelfTest(device) => {
                let device = Event::Tested(self.devices[&device]);
                self.events
                    .push(Reverse((self.now_ms + SIDE_TASK_MS, device)));
            }
            Action::CompleteJob(_) | Action::FailJob { .. } => {
                self.done += 1;
                self.outcome.makespan_ms = self.now_ms;
            }
            _ => {}
        }
    }

    fn begin(&mut self, start: Start) {
        self.outcome.starts += 1;
        let (job, epoch) = (index(start.job), start.epoch);
        let (mut todo, mut takes_ms) = (VecDeque::new(), SIDE_TASK_MS);
        if let Task::Encode { segments } = &start.task {
            todo.extend(self.missing[job].range(segments.clone()));
            takes_ms = self.work.segment_ms;
            let wanted = &self.work.jobs[job];
            let band = band(wanted.priority);
            if self.waiting.remove(&job) {
                self.outcome.waits_ms[band].push(self.now_ms - wanted.at_ms);
            }
            if let Some(cut_ms) = self.cut_for.remove(&job) {
                self.outcome.preempted_ms.push(self.now_ms - cut_ms);
            }
        }
        self.gauge.begin(start.demand.encode_kpx_s);
        self.on_device
            .entry(start.device.clone())
            .or_default()
            .insert(epoch);
        let session = Session {
            start,
            todo,
            cut_next: false,
            stopping: false,
            due_ms: 0,
        };
        self.sessions.insert(epoch, session);
        self.again(epoch, takes_ms);
    }

    /// The session is heard of again after so long.
    fn again(&mut self, epoch: Epoch, after_ms: u64) {
        if let Some(session) = self.sessions.get_mut(&epoch) {
            session.due_ms = self.now_ms + after_ms;
            self.events
                .push(Reverse((session.due_ms, Event::Step(epoch))));
        }
    }

    /// Takes a session out of the world.
    fn over(&mut self, epoch: Epoch) {
        if let Some(session) = self.sessions.remove(&epoch) {
            self.gauge.end(session.start.demand.encode_kpx_s);
            if let Some(here) = self.on_device.get_mut(&session.start.device) {
                here.remove(&epoch);
            }
        }
    }

    fn ended(&mut self, epoch: Epoch, outcome: End) {
        self.over(epoch);
        self.tell(Input::SessionEnded { epoch, outcome });
    }

    /// A session comes to its next line or its end.
    fn step(&mut self, epoch: Epoch) {
        let Some(session) = self.sessions.get_mut(&epoch) else {
            return;
        };
        let job = index(session.start.job);
        if session.stopping {
            return self.ended(epoch, End::Cut);
        }
        if session.start.task == Task::Prepare && !self.planned[job] {
            self.planned[job] = true;
            let plan = self.plan(job);
            self.again(epoch, SIDE_TASK_MS);
            let before = self.cuts;
            self.tell(Input::JobPlanned { epoch, plan });
            if self.cuts > before {
                self.cut_for.insert(job, self.now_ms);
            }
            return;
        }
        let Some(segment) = session.todo.pop_front() else {
            return self.ended(epoch, End::Done);
        };
        self.missing[job].remove(&segment);
        self.tell(Input::SegmentDone { epoch, segment });
        match self
            .sessions
            .get(&epoch)
            .map(|s| (s.todo.is_empty(), s.cut_next, s.stopping))
        {
            Some((_, _, true)) | None => {}
            Some((true, ..)) => self.ended(epoch, End::Done),
            Some((_, true, _)) => self.ended(epoch, End::Cut),
            Some(_) => self.again(epoch, self.work.segment_ms),
        }
    }

    fn plan(&self, job: usize) -> Plan {
        let missing = self.missing[job].iter();
        Plan {
            missing: missing
                .map(|&index| SegmentWork { index, frames: 100 })
                .collect(),
            encode: self.work.demand(self.work.jobs[job].kind),
            finish: side_task(),
            splittable: true,
            disk_bytes: 0,
        }
    }

    fn mishap(&mut self, number: usize) {
        let (_, mishap, gpu) = self.work.mishaps[number];
        let device = &self.work.devices[gpu].id;
        let here: Vec<Epoch> = self
            .on_device
            .get(device)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let Some(&last) = here.last() else { return };
        match mishap {
            Mishap::DeviceLost => {
                let (class, code) = (Class::FallBack, Code::DeviceLost);
                here.into_iter()
                    .for_each(|epoch| self.ended(epoch, End::Failed { class, code }));
            }
            Mishap::Refused => {
                let (class, code) = (Class::Retry, Code::EncoderSessionsExhausted);
                self.ended(last, End::Failed { class, code });
            }
            Mishap::WorkerDied => {
                let slot = self.sessions[&last].start.worker;
                let hosted = here
                    .iter()
                    .filter(|epoch| self.sessions[*epoch].start.worker == slot);
                let hosted: Vec<Epoch> = hosted.copied().collect();
                hosted.into_iter().for_each(|epoch| self.over(epoch));
                let last_inside = None;
                self.tell(Input::WorkerDied { slot, last_inside });
            }
        }
    }
}
