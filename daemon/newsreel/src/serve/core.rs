//! The one thread that decides: it tells the scheduler what happened and carries out what it answers.
//!
//! Not here: the rules (`newsreel-scheduler`), what a decision takes in processes and files (`execute`), or HTTP.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};
use newsreel_config::Config;
use newsreel_model::capacity::Resources;
use newsreel_model::event::{Event, Spent};
use newsreel_model::store::{Change, PieceCommit, Store, StoredJob};
use newsreel_model::{Code, Error, JobId};
use newsreel_scheduler::{DeviceId, Epoch, Input, JobEntry, Now, Scheduler, Task, WorkerSlot};
use parking_lot::RwLock;

use super::arrivals::Arrivals;
use super::deliver::Stage;
use super::demand;
use super::devices::Devices;
use super::early::Arriving;
use super::host::Host;
use super::live::LiveJob;
use super::message::Message;
use super::systemd::Heart;
use super::view::Snapshot;
use super::watch::Pulse;
use super::work::Lacking;
use crate::telemetry::JobPlayable;

/// How often workers, disk and views are looked at when nothing happens.
const LOOK: Duration = Duration::from_millis(250);

/// Everything the deciding thread knows.
pub struct Core {
    pub(super) scheduler: Scheduler,
    pub(super) heart: Heart,
    pub(super) store: Arc<dyn Store>,
    pub(super) config: Arc<Config>,
    pub(super) arrivals: Arrivals,
    pub(super) cores: usize,
    pub(super) devices: Devices,
    pub(super) jobs: HashMap<JobId, Entry>,
    pub(super) sessions: BTreeMap<Epoch, Session>,
    pub(super) hosts: HashMap<WorkerSlot, HostEntry>,
    pub(super) tell: Sender<Message>,
    pub(super) inputs: VecDeque<Input>,
    pub(super) drained: bool,
    /// Bytes, when it was last looked.
    pub(super) disk_free: u64,
    /// Changes the store has not taken yet.
    pub(super) untold: Vec<(Change, Option<Event>)>,
    /// How many those were when it was last said.
    pub(super) complained: usize,
    began: Instant,
    snapshot: Arc<RwLock<Snapshot>>,
    /// When views were last made.
    viewed: Option<Instant>,
}

/// A job that has not ended.
pub(super) struct Entry {
    pub job: StoredJob,
    pub live: Option<Arc<LiveJob>>,
    pub lacking: Option<Lacking>,
    /// While its input still arrives.
    pub arriving: Option<Arriving>,
    /// When encoding began in this execution, and frames that were finished then.
    pub encoding: Option<(Instant, u64)>,
    /// What went wrong last: the words for a failure that the scheduler knows only by its code.
    pub error: Option<Error>,
    /// What it fell back from and why, until it goes on somewhere.
    pub fell_back: Option<(DeviceId, Error)>,
    pub spent: Spent,
    /// How far its delivery is, if its destination is in an object store.
    pub stage: Stage,
    /// Dropped with the entry, which is how whoever waits hears of it.
    pub waiting: Vec<Sender<()>>,
}

/// A session that was given out.
pub(super) struct Session {
    pub job: JobId,
    pub task: Task,
    pub slot: WorkerSlot,
    pub device: DeviceId,
    /// What it was promised of the device.
    pub demand: Resources,
    /// Encoder sessions that the device refused it.
    pub refused: u64,
    /// Init segments of its job that were public when it began.
    pub inits: usize,
    pub began: Instant,
    pub stopping: bool,
    /// Once its worker has it.
    pub pulse: Option<Pulse>,
}

/// A worker process.
pub(super) struct HostEntry {
    pub host: Arc<Host>,
    pub heard: Instant,
    /// It was told to go: its end is no death.
    pub closing: bool,
    /// Why it is being killed.
    pub condemned: Option<(Option<Epoch>, Error)>,
}

/// What the deciding thread is made from.
pub struct Parts {
    pub scheduler: Scheduler,
    pub heart: Heart,
    pub store: Arc<dyn Store>,
    pub config: Arc<Config>,
    pub arrivals: Arrivals,
    pub cores: usize,
    pub devices: Devices,
    pub tell: Sender<Message>,
    pub snapshot: Arc<RwLock<Snapshot>>,
}

impl Core {
    /// Nothing known yet.
    pub fn new(parts: Parts) -> Self {
        Self {
            scheduler: parts.scheduler,
            heart: parts.heart,
            store: parts.store,
            config: parts.config,
            arrivals: parts.arrivals,
            cores: parts.cores,
            devices: parts.devices,
            jobs: HashMap::new(),
            sessions: BTreeMap::new(),
            hosts: HashMap::new(),
            tell: parts.tell,
            inputs: VecDeque::new(),
            drained: false,
            disk_free: 0,
            untold: Vec::new(),
            complained: 0,
            began: Instant::now(),
            snapshot: parts.snapshot,
            viewed: None,
        }
    }

    /// Works until everything is drained, or nobody can say anything any more.
    pub fn run(mut self, messages: &Receiver<Message>) {
        if !self.learn_devices(messages) {
            return;
        }
        let mut looked = Instant::now();
        while !self.drained {
            self.heart.beat();
            match messages.recv_timeout(LOOK.saturating_sub(looked.elapsed())) {
                Ok(message) => {
                    let mut all: Vec<Message> = std::iter::once(message)
                        .chain(messages.try_iter())
                        .collect();
                    // What is finished comes first: nobody is to be given work that is done.
                    all.sort_by_key(|m| !matches!(m, Message::Committed { .. }));
                    all.into_iter().for_each(|m| self.hear(m));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.tell_store();
                self.look_after_workers();
                self.inputs.push_back(Input::Tick);
            }
            self.settle();
            self.show();
        }
    }

    /// Waits for what devices there are: a job that was queued before must not be told that there are none. False if nobody
    /// can say any more.
    fn learn_devices(&mut self, messages: &Receiver<Message>) -> bool {
        let mut early = Vec::new();
        loop {
            match messages.recv() {
                Ok(Message::Inventory(inventory)) => {
                    self.take_inventory(inventory);
                    early.into_iter().for_each(|message| self.hear(message));
                    return true;
                }
                Ok(message) => early.push(message),
                Err(_) => return false,
            }
        }
    }

    /// Feeds the scheduler until it has nothing more to say.
    pub(super) fn settle(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            let now = Now {
                mono_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
                wall: jiff::Timestamp::now(),
            };
            // The wake-up is not needed: time is told every quarter of a second.
            for action in self.scheduler.handle(now, input).actions {
                self.execute(action);
            }
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Queued {
                job,
                input_bytes,
                arriving,
            } => self.queue(*job, input_bytes, arriving),
            Message::Cancelled(job) => {
                if let Some(entry) = self.jobs.get_mut(&job) {
                    entry.error = Some(Error::new(Code::Cancelled, "stopped on request"));
                }
                self.give_place_back(job);
                self.tell_of_cancelled(job);
                self.inputs.push_back(Input::JobCancelled(job));
                self.settle();
                self.forget_if_idle(job);
            }
            Message::Prioritised { job, priority } => {
                if let Some(entry) = self.jobs.get_mut(&job) {
                    entry.job.spec.priority = priority;
                }
                self.inputs
                    .push_back(Input::JobPrioritised { job, priority });
            }
            Message::Opened { epoch, job, live } => self.opened(epoch, job, live),
            Message::Committed { job, pieces } => self.committed(job, &pieces),
            Message::Event { job, event } => self.log(job, event),
            Message::Planned {
                epoch,
                planned,
                index,
            } => self.planned(epoch, *planned, index),
            Message::Inventory(inventory) => self.take_inventory(inventory),
            Message::Tested { device, passed } => {
                self.inputs.push_back(Input::SelfTested { device, passed });
            }
            Message::FellBack { epoch, fallback } => self.spilled(epoch, fallback),
            Message::Beat { slot, done } => self.beat(slot, &done),
            Message::Ended { epoch, error } => self.end_session(epoch, error),
            Message::WorkerGone { slot, why } => self.worker_gone(slot, &why),
            Message::LetGo { job, waiting } => {
                if let Some(entry) = self.jobs.get_mut(&job) {
                    entry.waiting.push(waiting);
                }
            }
            Message::Configured(config) => {
                self.inputs.push_back(Input::Policy(super::policy(&config)));
                self.config = config;
                self.assess_devices();
            }
            Message::Delivered { job, outcome } => self.delivered(job, outcome),
            Message::Drain => self.inputs.push_back(Input::Drain),
        }
        self.settle();
    }

    fn queue(&mut self, job: StoredJob, input_bytes: u64, arriving: Option<Arriving>) {
        if self.jobs.get(&job.id).is_some_and(|e| e.arriving.is_some()) {
            // It was begun before its last byte was there, and goes on.
            return;
        }
        let prepare = match arriving {
            Some(_) => demand::while_arriving,
            None => demand::prepare,
        };
        let entry = JobEntry {
            id: job.id,
            priority: job.spec.priority,
            tenant: job.spec.tenant.as_str().into(),
            deadline: job.spec.deadline,
            created_at: job.created_at,
            fallback: job.spec.fallback,
            prepare: prepare(self.devices.has_gpu(), job.spec.fallback),
            disk_bytes: demand::disk_bytes(None, input_bytes),
        };
        // What is left of an earlier try may still be ending; its directory is still open then.
        let known = self.jobs.remove(&job.id);
        let fresh = Entry {
            live: known.and_then(|k| k.live),
            arriving,
            job,
            lacking: None,
            encoding: None,
            error: None,
            fell_back: None,
            spent: Spent::default(),
            stage: Stage::default(),
            waiting: Vec::new(),
        };
        self.jobs.insert(fresh.job.id, fresh);
        self.inputs.push_back(Input::JobQueued(entry));
    }

    pub(super) fn log(&mut self, job: JobId, event: Event) {
        if self.was_told(job, &event) {
            return;
        }
        let change = match &event {
            Event::Playable { .. } => {
                if let Some(entry) = self.jobs.get_mut(&job) {
                    entry.job.playable = true;
                    let after_s = since(entry.job.created_at);
                    JobPlayable { job, after_s }.emit();
                }
                Change::Playable { job }
            }
            // Nothing of the job changes by these.
            Event::ThumbnailsReady { .. }
            | Event::Preempted {}
            | Event::FellBack { .. }
            | Event::Delivered { .. } => Change::Pieces(PieceCommit {
                job,
                pieces: Vec::new(),
            }),
            Event::Warning { warning } => Change::Warn {
                job,
                warning: warning.clone(),
            },
            _ => return,
        };
        self.apply(vec![(change, Some(event))]);
    }

    /// Whether something that happens once to a job was told already: a job that goes on after a restart comes by it again.
    fn was_told(&self, job: JobId, event: &Event) -> bool {
        match event {
            Event::Playable { .. } => self.jobs.get(&job).is_some_and(|e| e.job.playable),
            Event::ThumbnailsReady { .. } | Event::Delivered { .. } => {
                let logged = self.store.events(0, u32::MAX, Some(job));
                let same =
                    |other: &Event| std::mem::discriminant(other) == std::mem::discriminant(event);
                // A log that cannot be read now may be told twice: better than never.
                let mut all = logged.into_iter().flatten();
                all.any(|logged| same(&logged.event))
            }
            _ => false,
        }
    }

    fn show(&mut self) {
        let due = self.viewed.is_none_or(|at| at.elapsed() >= LOOK);
        if due {
            self.viewed = Some(Instant::now());
            let snapshot = Snapshot::of(self);
            *self.snapshot.write() = snapshot;
        }
    }
}

/// Seconds since a moment of the wall clock.
pub(super) fn since(moment: jiff::Timestamp) -> f64 {
    let elapsed = jiff::Timestamp::now() - moment;
    elapsed.total(jiff::Unit::Second).unwrap_or(0.0)
}
