//! What sessions bring: plans, finished pieces, their ends. Not what is decided about it (`newsreel-scheduler`).

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::time::Instant;

use newsreel_model::event::{Event, Phase};
use newsreel_model::job::{Finished, JobState};
use newsreel_model::store::Change;
use newsreel_model::{Code, Error, JobId};
use newsreel_scheduler::{Epoch, Input, Outcome, Plan, Task};

use super::core::{Core, Session};
use super::deliver::Stage;
use super::demand;
use super::work::Lacking;
use crate::telemetry::{Published, SessionFailed};
use crate::worker::protocol::Planned;

impl Core {
    pub(super) fn committed(&mut self, job: JobId, pieces: &[Finished]) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        Published(pieces).emit();
        if let Some(live) = &entry.live {
            live.note(pieces);
        }
        entry.job.frames_done += pieces.iter().map(Finished::video_frames).sum::<u64>();
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

    pub(super) fn planned(&mut self, epoch: Epoch, planned: Planned, index: OwnedFd) {
        let Some(session) = self.sessions.get(&epoch).filter(|s| !s.stopping) else {
            return;
        };
        let id = session.job;
        // Its last byte was read.
        self.give_place_back(id);
        let Some(live) = self.jobs.get(&id).and_then(|e| e.live.clone()) else {
            return;
        };
        let (fallback, measures) = (live.job.spec.fallback, live.job.spec.measure);
        let again = live.plan().is_some();
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
        if again {
            changes.clear();
        }
        changes.push((
            Change::Enter {
                job: id,
                phase: Phase::Encoding,
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
                encode: demand::run(&plan, self.cores, self.devices.has_gpu(), fallback),
                finish: demand::finish(&plan, measures),
                splittable: demand::is_splittable(&plan),
                disk_bytes: demand::disk_bytes(Some(&plan), 0),
            },
        });
        // Where preparing was tried again, the runs go on by the plan they have: what they publish may be on its way here.
        if let Some(entry) = self.jobs.get_mut(&id).filter(|e| e.lacking.is_none()) {
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

    pub(super) fn end_session(&mut self, epoch: Epoch, error: Option<Error>) {
        let Some(session) = self.close_books(epoch) else {
            return;
        };
        let publishing = self
            .jobs
            .get(&session.job)
            .and_then(|e| e.live.as_ref())
            .and_then(|l| l.failure());
        let error = publishing.or(error);
        // The store takes nothing more for a job that was cancelled, and is heard of before the cancelling is.
        let ended = error.as_ref().is_some_and(|e| e.code() == Code::Cancelled);
        if ended && !session.stopping {
            self.inputs.push_back(Input::JobCancelled(session.job));
        }
        let class = error
            .as_ref()
            .map(|error| self.weigh(epoch, &session, error));
        let outcome = match &error {
            _ if session.stopping || ended => Outcome::Cut,
            None if matches!(session.task, Task::Encode { .. }) && !self.made_all(&session) => {
                Outcome::Cut
            }
            None => Outcome::Done,
            Some(error) => Outcome::Failed {
                class: class.unwrap_or_else(|| error.class()),
                code: error.code(),
            },
        };
        if let Some(error) = error.filter(|_| !session.stopping && !ended) {
            let job = session.job;
            SessionFailed {
                job,
                epoch,
                error: &error,
            }
            .emit();
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
        lacking.is_none_or(|l| l.run(0, segments.clone(), &HashSet::new()).work.is_empty())
    }

    /// Lets go of a job that ended, once nothing works on it any more.
    pub(super) fn forget_if_idle(&mut self, id: JobId) {
        if self.sessions.values().any(|s| s.job == id) {
            return;
        }
        if self.scheduler.knows(id) {
            return;
        }
        let cancelled = |e: &Error| e.code() == Code::Cancelled;
        let Some(entry) = self.jobs.get(&id) else {
            return;
        };
        let cancelled = entry.error.as_ref().is_some_and(cancelled);
        if matches!(entry.stage, Stage::Awaited) && !cancelled {
            return;
        }
        let Some(entry) = self.jobs.remove(&id) else {
            return;
        };
        if let Some(live) = entry.live.filter(|_| cancelled) {
            live.end(JobState::Cancelled);
        }
    }
}
