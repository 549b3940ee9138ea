//! What fits on the disk. Not here: measuring it.

use std::collections::BTreeMap;

use newsreel_model::JobId;

/// What is free and what the jobs that began may still write.
#[derive(Debug)]
pub(crate) struct Disk {
    free: u64,
    reserve: u64,
    promised: u64,
    jobs: BTreeMap<JobId, u64>,
}

impl Disk {
    pub(crate) fn new(reserve: u64) -> Self {
        Self {
            free: u64::MAX,
            reserve,
            promised: 0,
            jobs: BTreeMap::new(),
        }
    }

    pub(crate) fn set_free(&mut self, bytes: u64) {
        self.free = bytes;
    }

    pub(crate) fn set_reserve(&mut self, bytes: u64) {
        self.reserve = bytes;
    }

    /// Whether the reserve is touched: then nobody may write.
    pub(crate) fn low(&self) -> bool {
        self.free < self.reserve
    }

    /// Whether a job may go on, or begin: a job that was let in once is only held back by a low disk.
    pub(crate) fn admits(&self, job: JobId, bytes: u64) -> bool {
        let left = self.free.saturating_sub(self.reserve);
        let fits = left.saturating_sub(self.promised) >= bytes;
        !self.low() && (self.jobs.contains_key(&job) || fits)
    }

    /// Lets a job in, or corrects what it will write.
    pub(crate) fn promise(&mut self, job: JobId, bytes: u64) {
        self.forget(job);
        self.jobs.insert(job, bytes);
        self.promised = self.promised.saturating_add(bytes);
    }

    pub(crate) fn forget(&mut self, job: JobId) {
        if let Some(bytes) = self.jobs.remove(&job) {
            self.promised = self.promised.saturating_sub(bytes);
        }
    }
}
