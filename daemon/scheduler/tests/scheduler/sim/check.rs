//! What must hold at every moment, kept apart from the scheduler's own books. Not here: when things happen.

use std::collections::{BTreeMap, BTreeSet};

use newsreel_model::capacity::Resources;
use newsreel_model::{Code, JobId};
use newsreel_scheduler::{DeviceId, Epoch, Start, Task, WorkerSlot};

/// A session as the daemon sees it.
#[derive(Clone, Debug)]
pub struct Running {
    pub start: Start,
    /// Segments it still has to make, ascending.
    pub todo: Vec<usize>,
    pub cut_next: bool,
    pub stopping: bool,
    pub next_ms: u64,
    pub started_ms: u64,
}

/// The devices as they were announced, the reserve taken off, with the sessions a worker may host.
pub type Capacities = BTreeMap<DeviceId, (Resources, usize)>;

/// A new session takes no more than there is, shares its worker with no more than may be, has a new number, and has no
/// segment that another session has.
pub fn start(
    start: &Start,
    running: &BTreeMap<Epoch, Running>,
    devices: &Capacities,
    dead: &BTreeSet<WorkerSlot>,
    last: Epoch,
) {
    assert!(start.epoch > last, "epochs increase");
    assert!(
        !dead.contains(&start.worker),
        "{:?} is no more",
        start.worker
    );
    let (capacity, limit) = devices.get(&start.device).expect("a device that is there");
    let on_device = running.values().filter(|r| r.start.device == start.device);
    let used = on_device.fold(start.demand, |sum, r| sum.plus(r.start.demand));
    assert!(capacity.covers(&used), "{} holds {used:?}", start.device);
    let common = start.demand.of_the_machine();
    if common != Resources::default() {
        // All devices of these tests are in one machine.
        let used = running
            .values()
            .fold(common, |sum, r| sum.plus(r.start.demand.of_the_machine()));
        assert!(capacity.covers(&used), "the machine holds {used:?}");
    }
    let in_worker = running.values().filter(|r| r.start.worker == start.worker);
    let in_worker: Vec<_> = in_worker.collect();
    assert!(in_worker.len() < *limit, "too many in {:?}", start.worker);
    assert!(in_worker.iter().all(|r| r.start.device == start.device));
    for other in running
        .values()
        .filter(|r| r.start.job == start.job && !r.stopping)
    {
        match (&start.task, &other.start.task) {
            (Task::Encode { segments }, Task::Encode { .. }) => {
                let shared = other.todo.iter().find(|s| segments.contains(s));
                assert_eq!(shared, None, "a segment in two sessions");
            }
            (Task::Prepare, Task::Encode { .. }) | (Task::Encode { .. }, Task::Prepare) => {}
            pair => panic!("{pair:?} at the same time"),
        }
    }
}

/// What a job is made of, as the daemon's store knows it.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub segments: usize,
    pub planned: bool,
    pub published: BTreeSet<usize>,
    pub end: Option<End>,
    pub preempted: Vec<u64>,
    pub ended_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Complete,
    Failed(Code),
    Cancelled,
}

impl Record {
    pub fn publish(&mut self, job: JobId, segment: usize) {
        assert!(self.end.is_none(), "{job} has ended");
        assert!(
            self.published.insert(segment),
            "{job} {segment} published twice"
        );
    }

    pub fn finish(&mut self, job: JobId, end: End, at_ms: u64) {
        assert_eq!(self.end, None, "{job} ended twice");
        if end == End::Complete {
            assert_eq!(self.published.len(), self.segments, "{job} lacks segments");
        }
        self.end = Some(end);
        self.ended_ms = at_ms;
    }
}
