//! The one thread that decides: it tells the scheduler what happened and carries out what it answers.
//!
//! Not here: the rules (`newsreel-scheduler`), what a decision takes in processes and files (`execute`), or HTTP.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};
use newsreel_config::Config;
use newsreel_model::event::Event;
use newsreel_model::job::Finished;
use newsreel_model::store::{Change, PieceCommit, Store, StoredJob};
use newsreel_model::{Code, Error, JobId};
use newsreel_scheduler::{Epoch, Input, JobEntry, Now, Outcome, Plan, Scheduler, Task, WorkerSlot};
use parking_lot::RwLock;

use super::demand;
use super::host::Host;
use super::inputs::Roots;
use super::live::LiveJob;
use super::message::Message;
use super::view::Snapshot;
use super::watch::Pulse;
use super::work::Lacking;

/// How often workers, disk and views are looked at when nothing happens.
const LOOK: Duration = Duration::from_millis(250);

/// Everything the deciding thread knows.
pub struct Core {
    pub(super) scheduler: Scheduler,
    pub(super) store: Arc<dyn Store>,
    pub(super) config: Arc<Config>,
    pub(super) roots: Roots,
    pub(super) cores: usize,
    pub(super) jobs: HashMap<JobId, Entry>,
    pub(super) sessions: BTreeMap<Epoch, Session>,
    pub(super) hosts: HashMap<WorkerSlot, HostEntry>,
    pub(super) tell: Sender<Message>,
    pub(super) inputs: VecDeque<Input>,
    pub(super) drained: bool,
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
    /// When encoding began in this execution, and frames that were finished then.
    pub encoding: Option<(Instant, u64)>,
    /// What went wrong last: the words for a failure that the scheduler knows only by its code.
    pub error: Option<Error>,
}

/// A session that was given out.
pub(super) struct Session {
    pub job: JobId,
    pub task: Task,
    pub slot: WorkerSlot,
    pub stopping: bool,
    pub pulse: Pulse,
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
    pub store: Arc<dyn Store>,
    pub config: Arc<Config>,
    pub roots: Roots,
    pub cores: usize,
    pub tell: Sender<Message>,
    pub snapshot: Arc<RwLock<Snapshot>>,
}

impl Core {
    /// Nothing known yet.
    pub fn new(parts: Parts) -> Self {
        Self {
            scheduler: parts.scheduler,
            store: parts.store,
            config: parts.config,
            roots: parts.roots,
            cores: parts.cores,
            jobs: HashMap::new(),
            sessions: BTreeMap::new(),
            hosts: HashMap::new(),
            tell: parts.tell,
            inputs: VecDeque::new(),
            drained: false,
            began: Instant::now(),
            snapshot: parts.snapshot,
            viewed: None,
        }
    }

    /// Adds a device; before the first message.
    pub fn add_device(&mut self, device: newsreel_scheduler::Device) {
        self.inputs.push_back(Input::DeviceAdded(device));
        self.settle();
    }

    /// Works until everything is drained, or nobody can say anything any more.
    pub fn run(mut self, messages: &Receiver<Message>) {
        let mut looked = Instant::now();
        while !self.drained {
            match messages.recv_timeout(LOOK.saturating_sub(looked.elapsed())) {
                Ok(message) => {
                    self.hear(message);
                    // What came at the same time is decided on together.
                    while let Ok(message) = messages.try_recv() {
                        self.hear(message);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.look_after_workers();
                self.inputs.push_back(Input::Tick);
            }
            self.settle();
            self.show();
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
            Message::Queued(job) => self.queue(*job),
            Message::Cancelled(job) => {
                if let Some(entry) = self.jobs.get_mut(&job) {
                    entry.error = Some(Error::new(Code::Cancelled, "stopped on request"));
                }
                self.inputs.push_back(Input::JobCancelled(job));
                self.settle();
                self.forget_if_idle(job);
            }
            Message::Opened { epoch, job, live } => self.opened(epoch, job, live),
            Message::Committed { job, pieces } => self.committed(job, &pieces),
            Message::Event { job, event } => self.log(job, event),
            Message::Planned {
                epoch,
                planned,
                index,
            } => self.planned(epoch, *planned, index),
            Message::Beat { slot, done } => self.beat(slot, &done),
            Message::Ended { epoch, error } => self.ended(epoch, error),
            Message::WorkerGone { slot, why } => self.worker_gone(slot, &why),
            Message::Drain => self.inputs.push_back(Input::Drain),
        }
        self.settle();
    }

    fn queue(&mut self, job: StoredJob) {
        let bytes = std::fs::metadata(self.roots.input(&job.spec.input.url).unwrap_or_default())
            .map_or(0, |m| m.len());
        let entry = JobEntry {
            id: job.id,
            priority: job.spec.priority,
            tenant: job.spec.tenant.as_str().into(),
            deadline: job.spec.deadline,
            created_at: job.created_at,
            fallback: job.spec.fallback,
            prepare: demand::prepare(),
            disk_bytes: demand::disk_bytes(None, bytes),
        };
        self.jobs.entry(job.id).or_insert(Entry {
            job,
            live: None,
            lacking: None,
            encoding: None,
            error: None,
        });
        self.inputs.push_back(Input::JobQueued(entry));
    }

    fn committed(&mut self, job: JobId, pieces: &[Finished]) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        let frames: u64 = pieces
            .iter()
            .filter(|p| p.path.starts_with("video/"))
            .map(|p| u64::from(p.frames))
            .sum();
        entry.job.frames_done += frames;
        let Some(lacking) = &mut entry.lacking else {
            return;
        };
        let done: Vec<usize> = pieces
            .iter()
            .filter_map(|p| lacking.note(&p.path))
            .collect();
        for segment in done {
            let owner =
                self.sessions.keys().copied().find(|e| {
                    self.sessions[e].job == job && self.scheduler.may_publish(*e, segment)
                });
            if let Some(epoch) = owner {
                self.inputs.push_back(Input::SegmentDone { epoch, segment });
                // The next segment may have the same owner only after this one is told.
                self.settle();
            }
        }
    }

    pub(super) fn log(&self, job: JobId, event: Event) {
        let change = match &event {
            Event::Playable { .. } => Change::Playable { job },
            // Nothing of the job changes by these.
            Event::ThumbnailsReady { .. } | Event::Preempted {} => Change::Pieces(PieceCommit {
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

    /// Tells the store. It is the truth: what it cannot take now is taken up from it again after a restart.
    pub(super) fn apply(&self, changes: Vec<(Change, Option<Event>)>) {
        if let Err(error) = self.store.apply(changes) {
            tracing::error!(
                code = error.code().name(),
                detail = error.detail(),
                "{error}"
            );
        }
    }

    fn planned(
        &mut self,
        epoch: Epoch,
        planned: crate::worker::protocol::Planned,
        index: std::os::fd::OwnedFd,
    ) {
        let Some(session) = self.sessions.get(&epoch).filter(|s| !s.stopping) else {
            return;
        };
        let id = session.job;
        let Some(live) = self.jobs.get(&id).and_then(|e| e.live.clone()) else {
            return;
        };
        let plan = planned.plan.clone();
        let finished = match self.store.pieces(id) {
            Ok(pieces) => pieces.into_iter().map(|p| p.path).collect(),
            Err(error) => return self.fail_session(epoch, error),
        };
        if let Err(error) = live.settle(planned, index) {
            return self.fail_session(epoch, error);
        }
        let lacking = Lacking::new(&plan, &finished);
        let (total, done) = lacking.frames();
        let mut changes = vec![(
            Change::Plan {
                job: id,
                fingerprint: live.fingerprint.clone(),
                plan: plan.clone(),
                frames_total: total,
            },
            None,
        )];
        for warning in &plan.warnings {
            let change = Change::Warn {
                job: id,
                warning: warning.clone(),
            };
            changes.push((
                change,
                Some(Event::Warning {
                    warning: warning.clone(),
                }),
            ));
        }
        if live.known.is_some() {
            changes.clear();
        }
        changes.push((
            Change::Enter {
                job: id,
                phase: newsreel_model::event::Phase::Encoding,
            },
            None,
        ));
        if let Err(error) = self.store.apply(changes) {
            return self.fail_session(epoch, error);
        }
        self.inputs.push_back(Input::JobPlanned {
            epoch,
            plan: Plan {
                missing: lacking.segments(),
                encode: demand::run(&plan, self.cores),
                finish: demand::finish(),
                splittable: demand::is_splittable(&plan),
                disk_bytes: demand::disk_bytes(Some(&plan), 0),
            },
        });
        if let Some(entry) = self.jobs.get_mut(&id) {
            entry.job.frames_total = total;
            entry.job.frames_done = done;
            entry.encoding = Some((Instant::now(), done));
            entry.lacking = Some(lacking);
        }
    }

    /// A session cannot go on for a reason of ours.
    pub(super) fn fail_session(&mut self, epoch: Epoch, error: Error) {
        if let Some(session) = self.sessions.get(&epoch)
            && let Some(host) = self.hosts.get(&session.slot)
        {
            host.host.revoke(epoch);
        }
        self.end_session(epoch, Some(error));
    }

    fn ended(&mut self, epoch: Epoch, error: Option<Error>) {
        self.end_session(epoch, error);
    }

    pub(super) fn end_session(&mut self, epoch: Epoch, error: Option<Error>) {
        let Some(session) = self.sessions.remove(&epoch) else {
            return;
        };
        let publishing = self
            .jobs
            .get(&session.job)
            .and_then(|e| e.live.as_ref())
            .and_then(|l| l.failure());
        let error = publishing.or(error);
        let outcome = match &error {
            _ if session.stopping => Outcome::Cut,
            None if matches!(session.task, Task::Encode { .. }) && !self.made_all(&session) => {
                Outcome::Cut
            }
            None => Outcome::Done,
            Some(error) => Outcome::Failed {
                class: error.class(),
                code: error.code(),
            },
        };
        if let Some(error) = error.filter(|_| !session.stopping) {
            tracing::warn!(
                job = %session.job,
                epoch = epoch.0,
                code = error.code().name(),
                detail = error.detail(),
                "a session failed: {error}"
            );
            if let Some(entry) = self.jobs.get_mut(&session.job) {
                entry.error = Some(error);
            }
            self.apply(vec![(Change::Failure { job: session.job }, None)]);
        }
        self.inputs
            .push_back(Input::SessionEnded { epoch, outcome });
        self.settle();
        self.forget_if_idle(session.job);
    }

    /// Whether nothing is left of a run's range as it is now.
    fn made_all(&self, session: &Session) -> bool {
        let Task::Encode { segments } = &session.task else {
            return true;
        };
        let lacking = self.jobs.get(&session.job).and_then(|e| e.lacking.as_ref());
        lacking.is_none_or(|l| l.run(0, segments.clone()).work.is_empty())
    }

    /// A job whose way to the disk is broken is opened anew; one that ended is let go.
    pub(super) fn forget_if_idle(&mut self, id: JobId) {
        if self.sessions.values().any(|s| s.job == id) {
            return;
        }
        let known = self.scheduler.knows(id);
        let Some(entry) = self.jobs.get_mut(&id) else {
            return;
        };
        let cancelled = entry
            .error
            .as_ref()
            .is_some_and(|e| e.code() == Code::Cancelled);
        if let Some(live) = &entry.live {
            if !known && cancelled {
                live.end(newsreel_model::job::JobState::Cancelled);
            }
            if !known || live.failure().is_some() {
                entry.live = None;
            }
        }
        if !known {
            self.jobs.remove(&id);
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
