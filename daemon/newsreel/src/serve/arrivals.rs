//! Jobs whose input still arrives: accepted and durable, they wait until it is there, or until it can be read as it comes. Not
//! here: the bytes (`crate::uploads`, `crate::fetch`), or which may begin early (`early`).

use std::sync::Arc;

use crossbeam::channel::Sender;
use newsreel_model::control::Failure;
use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::store::{Change, Store, StoredJob};
use newsreel_model::{Code, Error, JobId, Result, UploadId};
use parking_lot::Mutex;

use super::early::{Arriving, Early};
use super::inputs::Roots;
use super::message::Message;
use crate::fetch::Fetcher;

/// Who tells the deciding thread of jobs that wait in the queue.
#[derive(Clone)]
pub struct Arrivals {
    pub store: Arc<dyn Store>,
    pub roots: Roots,
    pub tell: Sender<Message>,
    pub fetcher: Fetcher,
    pub early: Early,
    /// Held while a job's state is changed and that is told: what was first made durable is first heard of.
    pub order: Arc<Mutex<()>>,
}

impl Arrivals {
    /// Tells of a job that waits, or leaves that to whoever completes its input. To be called with `order` held where
    /// its input is an upload.
    ///
    /// # Errors
    /// The store cannot be read; the daemon is stopping.
    pub fn queued(&self, job: StoredJob) -> Result<()> {
        if let Some(id) = job.spec.input.upload {
            let upload = self.store.upload(id)?;
            if let Some(upload) = upload.filter(|upload| !upload.complete && !upload.expired) {
                return match self.early.admit(job.id, &upload) {
                    Some(arriving) => self.tell(job, Some(arriving)),
                    None => Ok(()),
                };
            }
        }
        if self.fetcher.lacks(&job) {
            self.fetcher.fetch(job);
            return Ok(());
        }
        self.tell(job, None)
    }

    fn tell(&self, job: StoredJob, arriving: Option<Arriving>) -> Result<()> {
        let stopping = || Error::new(Code::ShuttingDown, "the daemon is stopping");
        let told = self.tell.send(self.roots.queued(job, arriving));
        told.map_err(|_| stopping())
    }

    /// More of an upload is there: the jobs that wait for it may begin, if it can be read as it comes.
    ///
    /// # Errors
    /// As for [`Arrivals::queued`].
    pub fn grown(&self, id: UploadId) -> Result<()> {
        let _in_order = self.order.lock();
        if self.store.upload(id)?.is_none_or(|upload| upload.complete) {
            return Ok(());
        }
        let waiting = self.store.queued_with_upload(id)?;
        waiting.into_iter().try_for_each(|job| self.queued(job))
    }

    /// A job that was begun early waits for more of its upload, or goes on if all of that came meanwhile.
    ///
    /// # Errors
    /// As for [`Arrivals::queued`].
    pub fn put_back(&self, id: JobId) -> Result<()> {
        let _in_order = self.order.lock();
        self.store
            .apply(vec![(Change::Recover { job: id }, None)])?;
        let job = self.store.job(id)?.filter(|j| j.state == JobState::Queued);
        let upload = job.as_ref().and_then(|job| job.spec.input.upload);
        let upload = upload.map(|id| self.store.upload(id)).transpose()?;
        match job {
            Some(job) if upload.flatten().is_none_or(|u| u.complete) => self.queued(job),
            _ => Ok(()),
        }
    }

    /// Every byte of an upload is there: its jobs may begin.
    ///
    /// # Errors
    /// As for [`Arrivals::queued`].
    pub fn arrived(&self, id: UploadId) -> Result<()> {
        let _in_order = self.order.lock();
        self.store.complete_upload(id)?;
        let waiting = self.store.queued_with_upload(id)?;
        waiting.into_iter().try_for_each(|job| self.queued(job))
    }

    /// An upload will never be there: the jobs that wait for it fail.
    ///
    /// # Errors
    /// The store failed.
    pub fn lost(&self, id: UploadId) -> Result<()> {
        let words =
            "the upload it waited for did not arrive in time; send it again and submit a new job";
        let waiting = self.store.queued_with_upload(id)?;
        self.failed(&waiting, &Error::new(Code::UploadExpired, words))
    }

    /// The input of a job was brought: it may begin, if it still waits.
    ///
    /// # Errors
    /// As for [`Arrivals::queued`].
    pub fn fetched(&self, id: JobId) -> Result<()> {
        let _in_order = self.order.lock();
        let job = self.store.job(id)?;
        match job.filter(|job| job.state == JobState::Queued) {
            Some(job) => self.queued(job),
            None => Ok(()),
        }
    }

    /// The input of jobs that wait will never be there: they fail.
    ///
    /// # Errors
    /// The store failed.
    pub fn failed(&self, jobs: &[StoredJob], error: &Error) -> Result<()> {
        let _in_order = self.order.lock();
        let (code, message) = (error.code().name(), error.message());
        let at = jiff::Timestamp::now();
        let ends = jobs.iter().map(|job| {
            let event = Event::Failed {
                code: code.to_owned(),
                message: message.to_owned(),
            };
            let failure = Failure {
                code: code.to_owned(),
                message: message.to_owned(),
            };
            let end = Change::End {
                job: job.id,
                state: JobState::Failed,
                failure: Some(failure),
                at,
            };
            (end, Some(event))
        });
        let ends: Vec<_> = ends.collect();
        match ends.is_empty() {
            true => Ok(()),
            false => self.store.apply(ends).map(|_| ()),
        }
    }
}
