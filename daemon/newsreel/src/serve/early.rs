//! Jobs that begin before their upload is whole: which may, how many at a time, and what becomes of one whose bytes stay away.
//!
//! Not here: the bytes (`crate::uploads`), or what is read of them early (a worker, which waits for those that are not there).

use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use newsreel_media::arriving::{self, Verdict};
use newsreel_model::uploads::Upload;
use newsreel_model::{JobId, UploadId};
use newsreel_scheduler::{Input, Task};
use parking_lot::Mutex;

use super::core::Core;
use crate::settings::Settings;
use crate::uploads;

/// Who says which jobs may begin early. Clones share the places there are.
#[derive(Clone)]
pub struct Early {
    dir: PathBuf,
    settings: Arc<Settings>,
    places: Arc<Mutex<HashSet<JobId>>>,
}

/// An input that still arrives, and the place its job has among those that began early.
pub struct Arriving {
    /// Bytes it will have.
    pub length: u64,
    /// Bytes it had when that last changed, and when that was.
    seen: (u64, Instant),
    job: JobId,
    places: Arc<Mutex<HashSet<JobId>>>,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.places.lock().remove(&self.job);
    }
}

impl Early {
    /// Over the folder of all uploads.
    pub fn new(dir: PathBuf, settings: &Arc<Settings>) -> Self {
        Self {
            dir,
            settings: Arc::clone(settings),
            places: Arc::default(),
        }
    }

    /// A place for a job whose upload is not whole; `None` where it can not be read as it comes, where that cannot be told yet,
    /// or where no place is free. It is asked again as more arrives.
    pub fn admit(&self, job: JobId, upload: &Upload) -> Option<Arriving> {
        let most = self.settings.in_force().uploads.early;
        let is_free = |places: &HashSet<JobId>| places.len() < most && !places.contains(&job);
        let may_be = is_free(&self.places.lock());
        if !may_be || !self.is_readable(upload.id) {
            return None;
        }
        let mut places = self.places.lock();
        is_free(&places).then(|| {
            places.insert(job);
            Arriving {
                length: upload.length,
                seen: (0, Instant::now()),
                job,
                places: Arc::clone(&self.places),
            }
        })
    }

    fn is_readable(&self, id: UploadId) -> bool {
        let look = || {
            let file = File::open(uploads::path(&self.dir, id))?;
            let there = file.metadata()?.len();
            arriving::verdict(there, |buffer, at| file.read_at(buffer, at))
        };
        // What cannot be looked at now waits until it is whole.
        look().is_ok_and(|verdict| verdict == Verdict::Readable)
    }
}

impl Arriving {
    /// For how long nothing has arrived; `None` when everything is there.
    fn stalled_for(&mut self, there: u64) -> Option<Duration> {
        if self.seen.0 != there {
            self.seen = (there, Instant::now());
        }
        (there < self.length).then(|| self.seen.1.elapsed())
    }
}

impl Core {
    /// A worker that waits for bytes is not slow; but a job whose bytes stay away gives its place back.
    pub(super) fn look_after_arrivals(&mut self) {
        let longest = Duration::from_secs(self.config.uploads.early_stall_s.into());
        let mut stalled = Vec::new();
        let prepares = self.sessions.values_mut();
        for session in prepares.filter(|s| s.task == Task::Prepare && !s.stopping) {
            let Some(entry) = self.jobs.get_mut(&session.job) else {
                continue;
            };
            let (Some(arriving), Some(live)) = (&mut entry.arriving, &entry.live) else {
                continue;
            };
            let Some(nothing_for) = arriving.stalled_for(live.source.there()) else {
                continue;
            };
            session.pulse.iter_mut().for_each(|pulse| pulse.excuse());
            if nothing_for > longest {
                stalled.push(session.job);
            }
        }
        stalled.into_iter().for_each(|job| self.put_back(job));
    }

    /// A job is begun early no more: all is there, or it ends, or it waits again.
    pub(super) fn give_place_back(&mut self, job: JobId) {
        if let Some(entry) = self.jobs.get_mut(&job) {
            entry.arriving = None;
        }
    }

    /// Ends what was begun early of a job; what it published stays. It waits for its upload again.
    fn put_back(&mut self, job: JobId) {
        tracing::info!(%job, "its upload stands still; it waits for the rest");
        self.give_place_back(job);
        self.inputs.push_back(Input::JobCancelled(job));
        self.settle();
        if let Err(error) = self.arrivals.put_back(job) {
            tracing::warn!(%job, detail = error.detail(), "{error}");
        }
        self.forget_if_idle(job);
    }
}
