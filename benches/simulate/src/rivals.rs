//! Plain ways to hand out work, over the same devices, jobs and mishaps. Not here: preemption, splitting, shares of tenants: they
//! have none. What a job has finished when a device fails it is kept, as ours is, so that only the rule differs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Instant;

use newsreel_model::capacity::Resources;

use crate::outcome::{Gauge, Outcome, band};
use crate::workload::{Mishap, Workload};

/// How long a job is looked at before it can be encoded, and how long a lost device is away.
const PREPARE_MS: u64 = 1_000;
const AWAY_MS: u64 = 31_000;
/// How long a finished job is checked.
const FINISH_MS: u64 = 1_000;

/// A way to choose the device. Jobs go in order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The first device with room; nobody passes the first in line.
    FirstCome,
    /// The next device in turn with room; who fits nowhere is passed.
    RoundRobin,
    /// Of the devices with room the one whose encoders have the smallest part in use (by pixel rate); who fits nowhere is passed.
    LeastLoaded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ready(usize),
    Mishap(usize),
    Back(usize),
    End(u64),
}

struct Session {
    job: usize,
    gpu: usize,
    began_ms: u64,
}

struct World<'a> {
    work: &'a Workload,
    rule: Rule,
    now_ms: u64,
    free: Vec<Resources>,
    away: Vec<bool>,
    turn: usize,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    sessions: BTreeMap<u64, Session>,
    last: u64,
    /// By kind, each in order of arrival.
    queues: Vec<BTreeSet<usize>>,
    left: Vec<usize>,
    started: Vec<bool>,
    gauge: Gauge,
    outcome: Outcome,
}

/// Runs the workload to its end.
pub fn run(work: &Workload, rule: Rule) -> Outcome {
    let gpus = &work.devices[..work.gpus];
    let mut world = World {
        work,
        rule,
        now_ms: 0,
        free: gpus.iter().map(|d| d.capacity).collect(),
        away: vec![false; work.gpus],
        turn: 0,
        events: BinaryHeap::new(),
        sessions: BTreeMap::new(),
        last: 0,
        queues: vec![BTreeSet::new(); work.needs.len()],
        left: work.jobs.iter().map(|job| job.segments).collect(),
        started: vec![false; work.jobs.len()],
        gauge: Gauge::new(gpus.iter().map(|d| d.capacity.encode_kpx_s).sum()),
        outcome: Outcome::default(),
    };
    for (job, wanted) in work.jobs.iter().enumerate() {
        world
            .events
            .push(Reverse((wanted.at_ms + PREPARE_MS, Event::Ready(job))));
    }
    for (number, (at_ms, ..)) in work.mishaps.iter().enumerate() {
        world.events.push(Reverse((*at_ms, Event::Mishap(number))));
    }
    while let Some(Reverse((at_ms, event))) = world.events.pop() {
        world.now_ms = at_ms;
        world.gauge.pass(at_ms);
        world.happens(event);
    }
    world.outcome.busy = world.gauge.busy();
    world.outcome
}

impl World<'_> {
    fn happens(&mut self, event: Event) {
        match event {
            Event::Ready(job) => {
                self.queues[self.work.jobs[job].kind].insert(job);
            }
            Event::Back(gpu) => self.away[gpu] = false,
            Event::Mishap(number) => self.mishap(number),
            Event::End(session) => {
                let Some(job) = self.leave(session) else {
                    return;
                };
                self.left[job] = 0;
                self.outcome.makespan_ms = self.now_ms + FINISH_MS;
            }
        }
        let began = Instant::now();
        self.place();
        self.outcome.spent += began.elapsed();
        self.outcome.inputs += 1;
    }

    /// What a session of this kind is charged: at most all the device has.
    fn need(&self, kind: usize, gpu: usize) -> Resources {
        let (need, has) = (self.work.needs[kind], self.work.devices[gpu].capacity);
        Resources {
            decode_kpx_s: need.decode_kpx_s.min(has.decode_kpx_s),
            encode_kpx_s: need.encode_kpx_s.min(has.encode_kpx_s),
            encoder_sessions: need.encoder_sessions.min(has.encoder_sessions),
            cpu_millicores: 0,
            memory_mib: 0,
            ..need
        }
    }

    fn fits(&self, kind: usize, gpu: usize) -> bool {
        !self.away[gpu] && self.free[gpu].covers(&self.need(kind, gpu))
    }

    fn choose(&self, kind: usize) -> Option<usize> {
        let all = self.work.gpus;
        match self.rule {
            Rule::FirstCome => (0..all).find(|gpu| self.fits(kind, *gpu)),
            Rule::RoundRobin => (0..all)
                .map(|step| (self.turn + step) % all)
                .find(|gpu| self.fits(kind, *gpu)),
            Rule::LeastLoaded => {
                let loaded = |gpu: &usize| {
                    let all = self.work.devices[*gpu].capacity.encode_kpx_s;
                    (all - self.free[*gpu].encode_kpx_s) * 1_000_000 / all
                };
                let fitting = (0..all).filter(|gpu| self.fits(kind, *gpu));
                fitting.min_by_key(loaded)
            }
        }
    }

    fn place(&mut self) {
        let mut full = vec![false; self.queues.len()];
        loop {
            let heads = self
                .queues
                .iter()
                .enumerate()
                .filter(|(kind, _)| !full[*kind]);
            let first = heads
                .filter_map(|(kind, queue)| Some((*queue.first()?, kind)))
                .min();
            let Some((job, kind)) = first else { return };
            match self.choose(kind) {
                Some(gpu) => self.begin(job, kind, gpu),
                None if self.rule == Rule::FirstCome => return,
                None => full[kind] = true,
            }
        }
    }

    fn begin(&mut self, job: usize, kind: usize, gpu: usize) {
        self.queues[kind].remove(&job);
        self.turn = gpu + 1;
        let need = self.need(kind, gpu);
        self.free[gpu] = self.free[gpu].minus(need);
        self.gauge.begin(need.encode_kpx_s);
        let wanted = &self.work.jobs[job];
        if !std::mem::replace(&mut self.started[job], true) {
            self.outcome.waits_ms[band(wanted.priority)].push(self.now_ms - wanted.at_ms);
        }
        self.outcome.starts += 1;
        self.last += 1;
        let takes_ms = self.left[job] as u64 * self.work.segment_ms;
        let session = Session {
            job,
            gpu,
            began_ms: self.now_ms,
        };
        self.sessions.insert(self.last, session);
        self.events
            .push(Reverse((self.now_ms + takes_ms, Event::End(self.last))));
    }

    /// Takes a session out; its job.
    fn leave(&mut self, session: u64) -> Option<usize> {
        let session = self.sessions.remove(&session)?;
        let need = self.need(self.work.jobs[session.job].kind, session.gpu);
        self.free[session.gpu] = self.free[session.gpu].plus(need);
        self.gauge.end(need.encode_kpx_s);
        let made = (self.now_ms - session.began_ms) / self.work.segment_ms;
        let left = &mut self.left[session.job];
        *left = left.saturating_sub(usize::try_from(made).unwrap_or(usize::MAX));
        Some(session.job)
    }

    fn mishap(&mut self, number: usize) {
        let (_, mishap, gpu) = self.work.mishaps[number];
        let here = self.sessions.iter().filter(|(_, s)| s.gpu == gpu);
        let mut here: Vec<u64> = here.map(|(session, _)| *session).collect();
        match mishap {
            Mishap::DeviceLost => {
                self.away[gpu] = true;
                let back = (self.now_ms + AWAY_MS, Event::Back(gpu));
                self.events.push(Reverse(back));
            }
            // As many as a worker hosts at the most.
            Mishap::WorkerDied => here.truncate(8),
            Mishap::Refused => here = here.pop().into_iter().collect(),
        }
        for session in here {
            if let Some(job) = self.leave(session) {
                self.left[job] = self.left[job].max(1);
                self.queues[self.work.jobs[job].kind].insert(job);
            }
        }
    }
}
