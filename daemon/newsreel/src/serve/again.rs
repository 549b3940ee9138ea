//! What is tried again: changes that a full store could not take, and jobs whose way to the disk broke.

use std::time::{Duration, Instant};

use newsreel_model::event::Event;
use newsreel_model::store::{Change, StoredJob};
use newsreel_model::{Code, Error, JobId};
use newsreel_scheduler::Input;

use super::core::{Core, Entry};

/// The most changes kept for a store that cannot take them.
const MAX_UNTOLD: usize = 10_000;

impl Core {
    /// Tells the store. What it cannot take now (its disk is full) is kept in order and told again.
    pub(super) fn apply(&mut self, changes: Vec<(Change, Option<Event>)>) {
        self.untold.extend(changes);
        self.tell_store();
    }

    pub(super) fn tell_store(&mut self) {
        if self.untold.is_empty() {
            return;
        }
        match self.store.apply(self.untold.clone()) {
            Ok(_) => {
                self.untold.clear();
                self.complained = 0;
            }
            // Once for each change that is added, not for each time it is tried.
            Err(_) if self.complained == self.untold.len() => {}
            Err(error) => {
                self.complained = self.untold.len();
                tracing::error!(
                    code = error.code().name(),
                    detail = error.detail(),
                    waiting = self.untold.len(),
                    "{error}"
                );
                // A restart finds out anew what became of each job.
                let beyond = self.untold.len().saturating_sub(MAX_UNTOLD);
                self.untold.drain(..beyond);
            }
        }
    }

    /// A job whose pieces could not be made public is taken from the scheduler, and given to it anew after a pause: it is
    /// opened again then, and what became of its last pieces is looked at.
    fn begin_again(&mut self, id: JobId, failure: &Error) {
        self.inputs.push_back(Input::JobCancelled(id));
        self.settle();
        let most = self.config.queue.max_failures;
        let Some(entry) = self.jobs.get_mut(&id) else {
            return;
        };
        entry.lacking = None;
        entry.broken += 1;
        entry.error = Some(failure.clone());
        if entry.broken >= most {
            return self.fail(id, failure.code());
        }
        let pause = Duration::from_secs(1 << entry.broken.min(6));
        entry.again_at = Some(Instant::now() + pause);
    }

    /// Queues the jobs again whose pause is over.
    pub(super) fn reopen(&mut self) {
        let now = Instant::now();
        let due = |e: &&mut Entry| e.again_at.is_some_and(|at| at <= now);
        let jobs: Vec<StoredJob> = self
            .jobs
            .values_mut()
            .filter(due)
            .map(|entry| {
                entry.again_at = None;
                entry.job.clone()
            })
            .collect();
        jobs.into_iter().for_each(|job| self.queue(job));
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
            let failure = live.failure();
            if !known || failure.is_some() {
                entry.live = None;
            }
            if let Some(failure) = failure.filter(|_| known) {
                return self.begin_again(id, &failure);
            }
        }
        let pausing = self.jobs.get(&id).is_some_and(|e| e.again_at.is_some());
        if !known && !pausing {
            self.jobs.remove(&id);
        }
    }
}
