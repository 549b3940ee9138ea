//! The port in its plainest form, in memory: what other implementations are compared with, and a stand-in for tests.
//!
//! Not here: speed or durability. Every method scans everything under one lock.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use newsreel_model::control::JobQuery;
use newsreel_model::event::Event;
use newsreel_model::job::{Finished, JobState};
use newsreel_model::plan::{Fingerprint, Plan};
use newsreel_model::store::{
    Applied, Calibration, Change, Counts, IdempotencyKey, LogEnds, LoggedEvent, NewJob, Store,
    StoreSubmitted, StoredJob,
};
use newsreel_model::uploads::Upload;
use newsreel_model::webhook::{Delivery, EndpointView, NewDelivery, Settled};
use newsreel_model::{Code, Error, JobId, Result};
use parking_lot::Mutex;

use super::accepting::accepted;
use super::entry::{Entry, cut, open};
use super::outgoing::Deliveries;
use super::ring::Ring;
use super::speaking::Spoken;

/// A store in memory.
#[derive(Default)]
pub struct Reference(
    pub(super) Mutex<Held>,
    OnceLock<Box<dyn Fn() + Send + Sync>>,
);

#[derive(Default)]
pub(super) struct Held {
    boots: u32,
    jobs: BTreeMap<JobId, Entry>,
    keys: Vec<(IdempotencyKey, JobId, Timestamp)>,
    events: Vec<LoggedEvent>,
    last_event: u64,
    dropped_event: u64,
    deliveries: Deliveries,
    calibrations: Vec<Calibration>,
    pub(super) ring: Ring,
    pub(super) uploads: Vec<Upload>,
    pub(super) spoken: Spoken,
}

impl Held {
    pub(super) fn all_jobs(&self) -> impl Iterator<Item = &StoredJob> {
        self.jobs.values().map(|entry| &entry.job)
    }

    fn log(&mut self, job_id: Option<JobId>, event: Event) {
        self.last_event += 1;
        let job = job_id.and_then(|id| self.jobs.get(&id));
        let tenant = job.map(|entry| entry.job.spec.tenant.clone());
        self.events.push(LoggedEvent {
            id: self.last_event,
            created_at: cut(Timestamp::now()),
            job_id,
            tenant,
            event,
        });
    }

    fn is_of(&self, job: Option<JobId>, tenant: Option<&str>) -> bool {
        let job = job.and_then(|id| self.jobs.get(&id));
        tenant.is_none_or(|own| job.is_some_and(|entry| entry.job.spec.tenant == own))
    }

    fn counts(&self, counted: impl Fn(&StoredJob) -> bool) -> Counts {
        let mut counts = Counts::default();
        for entry in self.jobs.values().filter(|entry| counted(&entry.job)) {
            *match entry.job.state {
                JobState::Queued => &mut counts.queued,
                JobState::Running => &mut counts.running,
                JobState::Completed => &mut counts.completed,
                JobState::Failed => &mut counts.failed,
                JobState::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        counts
    }

    fn writes_to(&self, destination: &str) -> Option<JobId> {
        let mut open = self.jobs.values().filter(|entry| open(&entry.job));
        open.find(|entry| entry.job.destination == destination)
            .map(|entry| entry.job.id)
    }

    fn change(&mut self, change: Change) -> bool {
        let Some(entry) = self.jobs.get(&change.job()) else {
            return false;
        };
        let ended = !open(&entry.job);
        if let Change::Requeue { job } = change {
            let again = ended && entry.job.state != JobState::Completed;
            if !again || self.writes_to(&entry.job.destination.clone()).is_some() {
                return false;
            }
            if let Some(Entry { job, .. }) = self.jobs.get_mut(&job) {
                job.state = JobState::Queued;
                job.failures = 0;
                job.failure = None;
                job.ended_at = None;
            }
            return true;
        }
        let entry = self.jobs.get_mut(&change.job());
        !ended && entry.is_some_and(|entry| entry.change(change))
    }
}

impl Reference {
    fn committed(&self) {
        if let Some(told) = self.1.get() {
            told();
        }
    }
}

impl Store for Reference {
    fn begin(&self) -> Result<u32> {
        let mut held = self.0.lock();
        held.boots += 1;
        Ok(held.boots)
    }

    fn submit(
        &self,
        new: NewJob,
        key: Option<IdempotencyKey>,
        queued_limit: u64,
    ) -> Result<StoreSubmitted> {
        let mut held = self.0.lock();
        let now = cut(new.created_at);
        let lives = |made: &Timestamp| now.duration_since(*made) < SignedDuration::from_hours(24);
        if let Some(key) = &key {
            let earlier = held.keys.iter().find(|(kept, _, made)| {
                (&kept.caller, &kept.key) == (&key.caller, &key.key) && lives(made)
            });
            match earlier {
                Some((kept, job, _)) if kept == key => {
                    return Ok(StoreSubmitted {
                        job: held.jobs[job].view(),
                        repeated: true,
                    });
                }
                Some(_) => return Err(Error::new(Code::IdempotencyConflict, "another request")),
                None => {}
            }
        }
        let waiting = held
            .jobs
            .values()
            .filter(|entry| entry.job.state == JobState::Queued);
        if u64::try_from(waiting.count()).unwrap() >= queued_limit {
            return Err(Error::new(Code::QueueFull, "full"));
        }
        if let Some(other) = held.writes_to(&new.destination) {
            return Err(Error::new(Code::OutputBusy, format!("job {other}")));
        }
        if let Some(key) = key {
            held.keys
                .retain(|(kept, ..)| (&kept.caller, &kept.key) != (&key.caller, &key.key));
            held.keys.push((key, new.id, now));
        }
        let job = StoredJob {
            created_at: now,
            ..accepted(new)
        };
        let entry = Entry {
            job: job.clone(),
            plan: None,
            pieces: Vec::new(),
        };
        held.jobs.insert(job.id, entry);
        held.log(Some(job.id), Event::Queued {});
        drop(held);
        self.committed();
        Ok(StoreSubmitted {
            job,
            repeated: false,
        })
    }

    fn job(&self, id: JobId) -> Result<Option<StoredJob>> {
        Ok(self.0.lock().jobs.get(&id).map(Entry::view))
    }

    fn jobs(&self, query: &JobQuery) -> Result<Vec<StoredJob>> {
        let asked = |job: &StoredJob| {
            query.state.is_none_or(|state| job.state == state)
                && query
                    .tenant
                    .as_ref()
                    .is_none_or(|tenant| job.spec.tenant == *tenant)
                && (query.external_id.is_none() || job.spec.external_id == query.external_id)
                && query.before.is_none_or(|before| job.id < before)
        };
        let held = self.0.lock();
        let newest_first = held.jobs.values().rev().map(Entry::view).filter(asked);
        Ok(newest_first
            .take(usize::try_from(query.limit).unwrap())
            .collect())
    }

    fn unfinished(&self) -> Result<Vec<StoredJob>> {
        let held = self.0.lock();
        Ok(held.jobs.values().map(Entry::view).filter(open).collect())
    }

    fn counts(&self) -> Result<Counts> {
        Ok(self.0.lock().counts(|_| true))
    }

    fn counts_of(&self, tenant: &str) -> Result<Counts> {
        Ok(self.0.lock().counts(|job| job.spec.tenant == tenant))
    }

    fn plan(&self, id: JobId) -> Result<Option<(Fingerprint, Plan)>> {
        Ok(self
            .0
            .lock()
            .jobs
            .get(&id)
            .and_then(|entry| entry.plan.clone()))
    }

    fn pieces(&self, id: JobId) -> Result<Vec<Finished>> {
        let held = self.0.lock();
        Ok(held
            .jobs
            .get(&id)
            .map_or_else(Vec::new, |entry| entry.pieces.clone()))
    }

    fn apply(&self, changes: Vec<(Change, Option<Event>)>) -> Result<Vec<Applied>> {
        let mut held = self.0.lock();
        let mut applied = Vec::new();
        for (change, event) in changes {
            let job = change.job();
            let made = held.change(change);
            if let Some(event) = event.filter(|_| made) {
                held.log(Some(job), event);
            }
            applied.push(if made { Applied::Yes } else { Applied::No });
        }
        drop(held);
        self.committed();
        Ok(applied)
    }

    fn log(&self, events: Vec<Event>) -> Result<()> {
        let mut held = self.0.lock();
        events.into_iter().for_each(|event| held.log(None, event));
        drop(held);
        self.committed();
        Ok(())
    }

    fn delete(&self, id: JobId) -> Result<bool> {
        let mut held = self.0.lock();
        if held.jobs.get(&id).is_none_or(|entry| open(&entry.job)) {
            return Ok(false);
        }
        held.jobs.remove(&id);
        held.spoken.forget(id);
        held.keys.retain(|(_, job, _)| *job != id);
        held.events.retain(|logged| logged.job_id != Some(id));
        Ok(true)
    }

    fn events(&self, after: u64, limit: u32, job: Option<JobId>) -> Result<Vec<LoggedEvent>> {
        let held = self.0.lock();
        let later = held.events.iter().filter(|logged| logged.id > after);
        let asked = later.filter(|logged| job.is_none() || logged.job_id == job);
        Ok(asked
            .take(usize::try_from(limit).unwrap())
            .cloned()
            .collect())
    }

    fn log_ends(&self) -> Result<LogEnds> {
        let held = self.0.lock();
        Ok(LogEnds {
            newest: held.last_event,
            dropped: held.dropped_event,
        })
    }

    fn on_commit(&self, told: Box<dyn Fn() + Send + Sync>) {
        let _ = self.1.set(told);
    }

    fn routed(&self) -> Result<u64> {
        Ok(self.0.lock().deliveries.routed)
    }

    fn route(&self, upto: u64, new: Vec<NewDelivery>) -> Result<()> {
        self.0.lock().deliveries.add(upto, new);
        Ok(())
    }

    fn due(&self, endpoint: &str, now: Timestamp, limit: u32) -> Result<Vec<Delivery>> {
        Ok(self.0.lock().deliveries.due(endpoint, now, limit))
    }

    fn awaited(&self) -> Result<Vec<String>> {
        Ok(self.0.lock().deliveries.awaited())
    }

    fn settle(&self, attempts: Vec<(u64, Settled)>) -> Result<()> {
        let deliveries = &mut self.0.lock().deliveries;
        for (id, settled) in attempts {
            deliveries.settle(id, settled);
        }
        Ok(())
    }

    fn endpoints(&self, tenant: Option<&str>) -> Result<Vec<EndpointView>> {
        let held = self.0.lock();
        Ok(held.deliveries.endpoints(|job| held.is_of(job, tenant)))
    }

    fn replay(&self, endpoint: &str, tenant: Option<&str>, now: Timestamp) -> Result<u64> {
        let held = &mut *self.0.lock();
        let mut deliveries = std::mem::take(&mut held.deliveries);
        let again = deliveries.replay(endpoint, now, |job| held.is_of(job, tenant));
        held.deliveries = deliveries;
        Ok(again)
    }

    fn calibrate(&self, mut new: Calibration) -> Result<()> {
        let mut held = self.0.lock();
        new.measured_at = cut(new.measured_at);
        held.calibrations
            .retain(|kept| (&kept.device, &kept.driver) != (&new.device, &new.driver));
        held.calibrations.push(new);
        held.calibrations.sort_by(|a, b| {
            let place =
                |one: &Calibration| (one.device.clone(), one.measured_at, one.driver.clone());
            place(a).cmp(&place(b))
        });
        Ok(())
    }

    fn calibrations(&self) -> Result<Vec<Calibration>> {
        Ok(self.0.lock().calibrations.clone())
    }

    fn trim(&self, now: Timestamp, events_before: Timestamp) -> Result<()> {
        let mut held = self.0.lock();
        let day = SignedDuration::from_hours(24);
        held.keys
            .retain(|(.., made)| cut(now).duration_since(*made) < day);
        let old = |logged: &&LoggedEvent| logged.created_at < events_before;
        let newest = held.events.iter().filter(old).map(|logged| logged.id).max();
        held.dropped_event = held.dropped_event.max(newest.unwrap_or(0));
        held.events
            .retain(|logged| logged.created_at >= events_before);
        held.ring.trim(now);
        Ok(())
    }
}
