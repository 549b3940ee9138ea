//! Single files of a job that was delivered, read from its bucket and put there anew. Not here: delivering (`delivery`), or what
//! is in the files.

use std::time::Duration;

use newsreel_config::Config;
use newsreel_model::job::{JobRecord, layout};
use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, Result};
use object_store::path::Path as Key;
use object_store::{ObjectStoreExt as _, PutOptions};
use tokio::runtime::Runtime;

use super::{Bucket, Fault, Place, kinds, runtime};

/// Somebody waits for the answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Longer than any record we write.
const MAX_RECORD_BYTES: u64 = 64 << 20;

/// Where a job's files are in a bucket.
pub struct Delivered {
    bucket: Bucket,
    place: Place,
    runtime: Runtime,
}

impl Delivered {
    /// Where the job was delivered to; nothing is asked yet.
    ///
    /// # Errors
    /// The store is not in the configuration any more, or its credentials cannot be had.
    pub fn open(job: &StoredJob, config: &Config) -> Result<Self> {
        let field = "destination";
        let place = Place::parse(field, &job.destination)?;
        let (name, store) = place.store(field, config, &job.spec.tenant)?;
        Ok(Self {
            bucket: Bucket::open(name, store, &place.bucket)?,
            place,
            runtime: runtime(1)?,
        })
    }

    /// The record that is there.
    ///
    /// # Errors
    /// There is none, or another job's; or the store's.
    pub fn record(&self, job: &StoredJob) -> Result<JobRecord> {
        let gone = || {
            let words = format!(
                "{} is not the job's any more; it was moved or emptied",
                self.place
            );
            Error::new(Code::JobState, words)
        };
        let bytes = self.read(layout::JOB, MAX_RECORD_BYTES)?.ok_or_else(gone)?;
        let record: JobRecord = serde_json::from_slice(&bytes).map_err(|_| gone())?;
        match record.id == job.id.to_string() {
            true => Ok(record),
            false => Err(gone()),
        }
    }

    /// A file of at most `limit` bytes; none when there is no such file, or a longer one.
    ///
    /// # Errors
    /// The store's.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        let key = self.key(path)?;
        let asked = async {
            let found = self.bucket.store.get(&key).await?;
            match found.meta.size <= limit {
                true => found.bytes().await.map(|bytes| Some(bytes.to_vec())),
                false => Ok(None),
            }
        };
        match self.wait(asked)? {
            Ok(found) => Ok(found),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.judge(&error)),
        }
    }

    /// Puts a file there, in the place of what had its name.
    ///
    /// # Errors
    /// The store's.
    pub fn put(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        let key = self.key(path)?;
        let options = PutOptions {
            attributes: kinds::attributes(path),
            ..PutOptions::default()
        };
        let put = self.bucket.store.put_opts(&key, bytes.into(), options);
        self.wait(put)?.map(|_| ()).map_err(|e| self.judge(&e))
    }

    fn key(&self, path: &str) -> Result<Key> {
        Key::parse(format!("{}/{path}", self.place.key))
            .map_err(|e| Error::bug(format!("{path}: {e}")))
    }

    fn wait<T>(&self, asked: impl Future<Output = T>) -> Result<T> {
        let limited = async { tokio::time::timeout(TIMEOUT, asked).await };
        let seconds = TIMEOUT.as_secs();
        self.runtime
            .block_on(limited)
            .map_err(|_| self.failed(&format!("it did not answer within {seconds} s")))
    }

    fn judge(&self, error: &object_store::Error) -> Error {
        match Fault::of(error, &self.bucket.section) {
            Fault::Passing(why) | Fault::Lasting(why) => self.failed(&why),
            Fault::Missing | Fault::Changed => self.failed("the bucket changed meanwhile"),
        }
    }

    fn failed(&self, why: &str) -> Error {
        let words = format!("{} cannot be changed: {why}. Try again then", self.place);
        Error::new(Code::OutputUnwritable, words)
    }
}
