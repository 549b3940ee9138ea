//! Giving idle devices a part of what already runs, where nobody else waits for them. Not here: splitting a run in two.

use std::collections::BTreeSet;

use newsreel_model::JobId;
use newsreel_model::capacity::DeviceKind;

use crate::action::{Action, CutAt};
use crate::demand::Shape;
use crate::device::Host;
use crate::queue::Lane;
use crate::scheduler::Scheduler;
use crate::session::{Course, Kind};
use crate::work::{Segments, can_split, split};

const KINDS: [DeviceKind; 3] = [DeviceKind::Nvidia, DeviceKind::Vaapi, DeviceKind::Cpu];

impl Scheduler {
    /// Spreads jobs in their order over the kinds of device that nobody waits for.
    pub(crate) fn spread(&mut self) {
        let idle = self.kinds_nobody_waits_for();
        if idle.is_empty() {
            return;
        }
        let mut closed: BTreeSet<Shape> = BTreeSet::new();
        loop {
            let open = |shape: &Shape| {
                let usable = idle.iter().any(|kind| shape.demand.on(*kind).is_some());
                usable && !closed.contains(shape) && !self.misses.nowhere(shape)
            };
            let first = self
                .spreading
                .first(&self.tenants, self.now_ms, open, |open, _| *open);
            let Some(ticket) = first else {
                return;
            };
            let id = ticket.key.2;
            let among = self.misses.among(&ticket.shape);
            let nobody_waits = |host: &Host| idle.contains(&host.device.kind);
            let Some(device) = self.hosts.best(&ticket.shape, id, among, nobody_waits) else {
                if idle.len() == KINDS.len() {
                    self.misses.missed(&ticket.shape);
                }
                closed.insert(ticket.shape);
                continue;
            };
            let todo = self.more_work(id);
            if todo.is_empty() {
                self.spreading.remove(&ticket);
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.spreading = None;
                }
            } else {
                self.start_session(id, Kind::Encode, &device, todo);
            }
        }
    }

    fn kinds_nobody_waits_for(&self) -> Vec<DeviceKind> {
        let claimed = self.claims.keys().filter_map(|id| {
            let ticket = self.jobs.get(id)?.waiting.as_ref()?;
            Some(&ticket.shape)
        });
        // Those that the limit on running jobs holds back could not use a device anyway.
        let room = self.room_for_more();
        let waiting = self.waiting.shapes(|lane| room || *lane == Lane::Breaking);
        let mut idle = KINDS.to_vec();
        for shape in claimed.chain(waiting) {
            idle.retain(|kind| shape.demand.on(*kind).is_none());
        }
        idle
    }

    /// Work for one more session of a job: what no session has, or the second half of its longest run.
    fn more_work(&mut self, id: JobId) -> Segments {
        let Some(job) = self.jobs.get(&id) else {
            return Segments::new();
        };
        if !job.pending.is_empty() {
            return self.take_run(id);
        }
        let least = self.policy.min_segments_per_run;
        let runs = job.sessions.keys().filter_map(|&epoch| {
            let session = self.sessions.get(&epoch)?;
            let whole = session.course == Course::Running && session.kind == Kind::Encode;
            let frames: u64 = session.todo.values().sum();
            (whole && can_split(&session.todo, least)).then_some((frames, epoch))
        });
        let Some((_, epoch)) =
            runs.max_by_key(|&(frames, epoch)| (frames, std::cmp::Reverse(epoch)))
        else {
            return Segments::new();
        };
        let Some(session) = self.sessions.get_mut(&epoch) else {
            return Segments::new();
        };
        let second = split(&mut session.todo, least);
        if let (true, Some((&line, _))) = (session.announced, second.first_key_value()) {
            let at = CutAt::Before(line);
            self.out.push(Action::Cut { epoch, at });
        }
        second
    }
}
