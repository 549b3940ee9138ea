//! Jobs whose destination is in an object store: they are complete when all is there. Not here: how it gets there
//! (`crate::storage::delivery`).

use std::path::Path;
use std::time::Duration;

use crossbeam::channel::Sender;
use newsreel_config::Config;
use newsreel_model::event::{Event, Phase};
use newsreel_model::job::{Finished, layout};
use newsreel_model::store::{Change, StoredJob};
use newsreel_model::{Code, Error, JobId, Result};

use super::core::Core;
use super::live::LiveJob;
use super::message::Message;
use crate::job::files;
use crate::storage::delivery::{Delivered, Delivery, Order};
use crate::storage::{self, Bucket, Place};

/// What a job has beside its directory when it is delivered elsewhere.
pub struct Outbound {
    delivery: Delivery,
    destination: String,
    keep_local: bool,
}

/// How far the delivery of a job is that is finished here.
#[derive(Debug, Default)]
pub enum Stage {
    /// It is not finished here.
    #[default]
    Early,
    /// It is finished here, but not there.
    Awaited,
    /// It was told how it ended.
    Told(Option<Error>),
}

impl Outbound {
    /// Begins to deliver, if the job's destination is in an object store. Its record has to be in `dir`.
    ///
    /// # Errors
    /// The store is not in the configuration any more, or its credentials cannot be had.
    pub fn begin(
        job: &StoredJob,
        config: &Config,
        dir: &Path,
        pieces: &[Finished],
    ) -> Result<Option<Self>> {
        if !storage::is_s3(&job.destination) {
            return Ok(None);
        }
        let field = "destination";
        let place = Place::parse(field, &job.destination)?;
        let (name, store) = place.store(field, config, &job.spec.tenant)?;
        let order = Order {
            job: job.id,
            dir: dir.to_owned(),
            bucket: Bucket::open(name, store, &place.bucket)?,
            place,
            give_up: Duration::from_secs(store.give_up_s.into()),
        };
        Ok(Some(Self {
            delivery: Delivery::start(order, pieces.to_vec())?,
            destination: job.destination.clone(),
            keep_local: store.keep_local,
        }))
    }

    /// Takes note of finished pieces.
    pub fn note(&self, pieces: &[Finished]) {
        self.delivery.note(pieces);
    }

    /// Why it will not go on.
    pub fn failure(&self) -> Option<Error> {
        self.delivery.failure()
    }

    /// Ends it after what is under way.
    pub fn stop(&self) {
        self.delivery.stop();
    }

    /// Whether what was delivered may go here.
    pub fn goes(&self) -> bool {
        !self.keep_local
    }

    /// Has everything delivered that the record in `dir` names, that and the report; `tell` hears how it ended.
    ///
    /// # Errors
    /// The record cannot be read back.
    pub fn finish(
        &self,
        job: JobId,
        dir: &Path,
        journal: &[Finished],
        tell: &Sender<Message>,
    ) -> Result<()> {
        let mut all = journal.to_vec();
        for path in [layout::REPORT, layout::JOB] {
            let bytes = std::fs::read(dir.join(path)).map_err(|e| Error::writing(path, &e))?;
            all.retain(|file| file.path != path);
            all.push(files::describe(path, &bytes));
        }
        let (tell, destination) = (tell.clone(), self.destination.clone());
        let told = move |outcome: Result<Delivered>| {
            let outcome = outcome.map(|Delivered { files, bytes }| Event::Delivered {
                destination,
                files,
                bytes,
            });
            // The scheduler's thread ends only with the process.
            let _ = tell.send(Message::Delivered { job, outcome });
        };
        self.delivery.finish(all, Box::new(told));
        Ok(())
    }
}

impl Core {
    /// The scheduler has nothing more to do for a job: it is complete, or as soon as it is delivered.
    pub(super) fn finished(&mut self, job: JobId) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        if !entry.live.as_ref().is_some_and(|live| live.is_delivered()) {
            return self.complete(job);
        }
        match std::mem::replace(&mut entry.stage, Stage::Awaited) {
            Stage::Told(outcome) => self.conclude(job, outcome),
            Stage::Early | Stage::Awaited => {
                let phase = Phase::Delivering;
                entry.job.phase = Some(phase);
                self.apply(vec![(Change::Enter { job, phase }, None)]);
            }
        }
    }

    /// A delivery ended, maybe before the scheduler knows that the job is finished.
    pub(super) fn delivered(&mut self, job: JobId, outcome: Result<Event>) {
        let outcome = match outcome {
            Ok(event) => {
                self.log(job, event);
                None
            }
            Err(error) => Some(error),
        };
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        match entry.stage {
            Stage::Awaited => self.conclude(job, outcome),
            Stage::Early | Stage::Told(_) => entry.stage = Stage::Told(outcome),
        }
    }

    fn conclude(&mut self, job: JobId, outcome: Option<Error>) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        entry.stage = Stage::Early;
        match outcome {
            None => self.complete(job),
            // Whoever cancelled it was told already.
            Some(error) if error.code() == Code::Cancelled => {}
            Some(error) => {
                let code = error.code();
                entry.error = Some(error);
                self.fail(job, code);
            }
        }
    }
}

impl LiveJob {
    /// Whether its files go elsewhere.
    pub fn is_delivered(&self) -> bool {
        self.outbound.is_some()
    }

    /// Why its files will not all get there.
    pub(super) fn undelivered(&self) -> Option<Error> {
        self.outbound.as_ref().and_then(Outbound::failure)
    }

    /// Everything was made: has the rest delivered.
    ///
    /// # Errors
    /// The record cannot be read back.
    pub(super) fn deliver(&self, journal: &[Finished], tell: &Sender<Message>) -> Result<()> {
        let finish = |o: &Outbound| o.finish(self.job.id, self.dir(), journal, tell);
        self.outbound.as_ref().map_or(Ok(()), finish)
    }

    /// Takes note of finished pieces.
    pub fn note(&self, pieces: &[Finished]) {
        if let Some(outbound) = &self.outbound {
            outbound.note(pieces);
        }
    }
}
