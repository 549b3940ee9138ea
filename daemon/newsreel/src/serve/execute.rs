//! What a decision of the scheduler takes: processes, directories, the store. Not the decision.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use newsreel_model::event::{Event, Phase};
use newsreel_model::job::JobState;
use newsreel_model::plan::Warning;
use newsreel_model::spec::Fallback;
use newsreel_model::store::{Applied, Change};
use newsreel_model::{Code, Error, JobId, Result};
use newsreel_scheduler::{Action, CutAt, Epoch, PauseReason, Start, Task, WorkerSlot};

use super::core::{Core, HostEntry, Session};
use super::demand;
use super::host::Host;
use super::live::LiveJob;
use super::message::Message;
use super::watch::Pulse;
use crate::telemetry::{DeviceOut, DeviceRestored, Preempted, WorkerStarted};
use crate::threads;
use crate::worker::protocol;

impl Core {
    pub(super) fn execute(&mut self, action: Action) {
        match action {
            Action::Start(start) => self.start(start),
            Action::Cut { epoch, at } => self.cut(epoch, at),
            Action::Stop { epoch } => self.stop(epoch),
            Action::CloseWorker(slot) => {
                if let Some(entry) = self.hosts.get_mut(&slot) {
                    entry.closing = true;
                    entry.host.close();
                }
            }
            Action::CompleteJob(job) => self.finished(job),
            Action::FailJob { job, code } => self.fail(job, code),
            Action::Preempted(job) => {
                Preempted(job).emit();
                self.log(job, Event::Preempted {});
            }
            Action::FellBack { job, from, code } => self.left(job, from, code),
            Action::Paused { job, reason } => self.paused(job, reason),
            Action::Quarantine(device) => {
                DeviceOut(device.as_ref()).emit();
                let device = device.to_string();
                self.log_of_none(Event::DeviceQuarantined { device });
            }
            Action::SelfTest(device) => self.test(device),
            Action::Restore(device) => {
                DeviceRestored(device.as_ref()).emit();
                let device = device.to_string();
                self.log_of_none(Event::DeviceRestored { device });
            }
            Action::Drained => self.drained = true,
        }
    }

    fn start(&mut self, start: Start) {
        let session = Session {
            job: start.job,
            task: start.task.clone(),
            slot: start.worker,
            device: start.device.clone(),
            demand: start.demand,
            refused: 0,
            inits: self.inits(start.job),
            began: Instant::now(),
            stopping: false,
            pulse: None,
        };
        self.sessions.insert(start.epoch, session);
        self.arrived(&start);
        let begun = match &start.task {
            Task::Prepare => self.prepare(&start),
            Task::Encode { segments } => self.encode(&start, segments.clone()),
            Task::Finish => self.finish(&start),
        };
        if let Err(error) = begun {
            // Told through the queue of messages: the scheduler is still in the middle of its answer.
            let ended = Message::Ended {
                epoch: start.epoch,
                error: Some(error),
            };
            let _ = self.tell.send(ended);
        }
    }

    /// Opening reads what an earlier execution left, which may take a while: not in this thread.
    fn prepare(&mut self, start: &Start) -> Result<()> {
        let entry = self.jobs.get_mut(&start.job);
        let entry = entry.ok_or_else(|| Error::bug("a job that is not known is started"))?;
        let (epoch, job) = (start.epoch, start.job);
        let first = entry.job.state == JobState::Queued;
        entry.job.state = JobState::Running;
        entry.job.phase = Some(Phase::Probing);
        // Of an earlier try that was ended, or lost its way to the disk, nothing is taken over but what the store has.
        let again = entry.lacking.is_some();
        let fit = |live: &Arc<LiveJob>| !live.has_ended() && (again || live.failure().is_none());
        entry.live = entry.live.take().filter(fit);
        let live = entry.live.clone();
        let (stored, roots) = (entry.job.clone(), self.arrivals.roots.clone());
        let promised = entry.arriving.as_ref().map(|arriving| arriving.length);
        let config = Arc::clone(&self.config);
        let (store, tell) = (Arc::clone(&self.store), self.tell.clone());
        let at = jiff::Timestamp::now();
        let mut changes = vec![(Change::Start { job, at }, None)];
        if first {
            // A job that is tried again has what its earlier try finished.
            let pieces = self.store.pieces(job)?;
            changes[0].1 = Some(Event::Started {
                job_id: job.to_string(),
                segments_reused: pieces.iter().filter(|p| p.path.ends_with(".m4s")).count(),
            });
        }
        changes.push((
            Change::Enter {
                job,
                phase: Phase::Probing,
            },
            None,
        ));
        if self.store.apply(changes)?.first() != Some(&Applied::Yes) {
            return Err(Error::new(Code::Cancelled, "the job has ended"));
        }
        threads::start("open", move || {
            let live = match live {
                Some(live) => Ok(live),
                None => {
                    LiveJob::open(stored, promised, &roots, &config, &store, &tell).map(Arc::new)
                }
            };
            let _ = tell.send(Message::Opened { epoch, job, live });
        })
    }

    pub(super) fn opened(&mut self, epoch: Epoch, job: JobId, live: Result<Arc<LiveJob>>) {
        let Some(session) = self.sessions.get(&epoch) else {
            return;
        };
        let (slot, stopping) = (session.slot, session.stopping);
        let device = session.device.clone();
        let live = match live {
            Ok(live) if !stopping => live,
            other => return self.end_session(epoch, other.err()),
        };
        let Some(entry) = self.jobs.get_mut(&job) else {
            return self.end_session(epoch, None);
        };
        entry.live = Some(Arc::clone(&live));
        let finished = match live.finished_paths() {
            Ok(finished) => finished,
            Err(error) => return self.end_session(epoch, Some(error)),
        };
        let task = protocol::Task::Programme {
            profile_name: live.job.spec.profile.clone(),
            profile: live.job.profile.clone(),
            finished,
            known: live.plan(),
            limits: self.config.limits.clone(),
            threads_per_encoder: self.config.cpu.threads_per_encoder,
            // Waiting for a session would hold up everything that is made once.
            spill: live.job.spec.fallback == Fallback::Any,
            inits: live.inits(),
            sidecars: live.sidecars.clone(),
            promised: live.source.promise(),
        };
        let begun = self
            .host(slot, &device)
            .and_then(|host| host.begin(epoch, &live, &task, 0..0, None));
        if let Err(error) = begun {
            self.end_session(epoch, Some(error));
        } else if let Some(session) = self.sessions.get_mut(&epoch) {
            session.pulse = Some(Pulse::new());
        }
    }

    fn encode(&mut self, start: &Start, segments: std::ops::Range<usize>) -> Result<()> {
        let missing = || Error::bug("a job is encoded before it is planned");
        let entry = self.jobs.get(&start.job).ok_or_else(missing)?;
        let live = entry.live.clone().ok_or_else(missing)?;
        let (planned, index) = live.settled().ok_or_else(missing)?;
        let lacking = entry.lacking.as_ref().ok_or_else(missing)?;
        // A number within the job: the lower half of the epoch is one.
        let id = u32::try_from(start.epoch.0 & u64::from(u32::MAX)).unwrap_or(0);
        live.begin_publishing(&planned.plan)?;
        let run = lacking.run(id, segments.clone(), &live.underway());
        if run.work.is_empty() {
            // Whoever had these segments before made them all; they are finished in a moment.
            let (tell, epoch) = (self.tell.clone(), start.epoch);
            return threads::start("flush", move || {
                let error = live.flush().err();
                drop(live);
                let _ = tell.send(Message::Ended { epoch, error });
            });
        }
        let task = protocol::Task::Run {
            run,
            cores: demand::cores_of_run(&planned.plan, self.cores),
            plan: planned.plan.clone(),
            limits: self.config.limits.clone(),
            threads_per_encoder: self.config.cpu.threads_per_encoder,
            spill: live.job.spec.fallback == Fallback::Any
                && start.demand.encoder_sessions < demand::encoder_sessions(&planned.plan),
            inits: live.inits(),
        };
        live.count_run();
        let host = self.host(start.worker, &start.device)?;
        host.begin(start.epoch, &live, &task, segments, Some(&index))?;
        if let Some(session) = self.sessions.get_mut(&start.epoch) {
            session.pulse = Some(Pulse::new());
        }
        Ok(())
    }

    /// Finishing decodes nothing in the daemon itself.
    fn finish(&mut self, start: &Start) -> Result<()> {
        let job = start.job;
        let live = self.jobs.get(&job).and_then(|e| e.live.clone());
        let live = live.ok_or_else(|| Error::bug("a job is finished before it is opened"))?;
        let phase = Phase::Packaging;
        self.store
            .apply(vec![(Change::Enter { job, phase }, None)])?;
        let (tell, epoch, config) = (self.tell.clone(), start.epoch, Arc::clone(&self.config));
        threads::start("finish", move || {
            let error = live.finish(&config).err();
            // Whoever hears of the end may open the job anew, and finds its directory free.
            drop(live);
            let _ = tell.send(Message::Ended { epoch, error });
        })
    }

    fn host(&mut self, slot: WorkerSlot, device: &str) -> Result<Arc<Host>> {
        if let Some(entry) = self.hosts.get(&slot) {
            return Ok(Arc::clone(&entry.host));
        }
        let known = self.devices.get(device);
        let shares = known.map_or(1, |known| known.sessions_per_worker());
        let memory_mib = self.config.worker.memory_mib * u64::try_from(shares).unwrap_or(1);
        let limits = (memory_mib, self.config.worker.nice);
        let cache = &self.devices.kernel_cache;
        let settings = &self.config.devices;
        let tell_device = |worker: &mut Command| {
            if let Some(known) = known {
                known.tell(worker, cache, settings);
            }
        };
        let host = Host::start(slot, limits, tell_device, self.tell.clone())?;
        let pid = host.pid();
        WorkerStarted { slot, pid }.emit();
        let entry = HostEntry {
            host: Arc::clone(&host),
            heard: Instant::now(),
            closing: false,
            condemned: None,
        };
        self.hosts.insert(slot, entry);
        Ok(host)
    }

    fn paused(&mut self, job: JobId, reason: PauseReason) {
        let (code, message) = match reason {
            PauseReason::Disk => (
                "waited_for_disk",
                "there was too little space on the disk, so the job waited; free some, or lower storage.disk_reserve_mib",
            ),
            PauseReason::NoDevice => (
                "waited_for_device",
                "no device of this machine could take the job, so it waited for one",
            ),
        };
        tracing::warn!(%job, code, "{message}");
        let warning = Warning::new(code, message);
        let event = Event::Warning {
            warning: warning.clone(),
        };
        self.apply(vec![(Change::Warn { job, warning }, Some(event))]);
    }

    fn cut(&mut self, epoch: Epoch, at: CutAt) {
        let Some(session) = self.sessions.get_mut(&epoch) else {
            return;
        };
        if let (CutAt::Before(before), Task::Encode { segments }) = (at, &mut session.task) {
            segments.end = segments.end.min(before);
        }
        if let Some(entry) = self.hosts.get(&session.slot) {
            match at {
                CutAt::NextLine => entry.host.cut_at_next_line(epoch),
                CutAt::Before(before) => entry.host.cut(epoch, before),
            }
        }
    }

    fn stop(&mut self, epoch: Epoch) {
        let Some(session) = self.sessions.get_mut(&epoch) else {
            return;
        };
        session.stopping = true;
        if let Some(entry) = self.hosts.get(&session.slot) {
            entry.host.revoke(epoch);
        }
    }
}
