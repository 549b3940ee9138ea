//! Asking for what is still missing of an input in an object store, a stretch at a time. Not here: asking again (`super`).

use std::fs::File;
use std::os::unix::fs::FileExt;

use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, Result};
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStoreExt as _};
use tokio::runtime::Runtime;

use super::request::Came;
use super::room;
use crate::settings::Settings;
use crate::storage::{Bucket, Fault, Place};

/// Bytes asked for at a time.
const STRETCH_BYTES: u64 = 8 << 20;

/// One input on its way.
pub struct Object {
    bucket: Bucket,
    place: Place,
    key: Key,
    runtime: Runtime,
    file: File,
    at: u64,
    /// Length and tag of what the file's rest must be of.
    whole: Option<(u64, Option<String>)>,
    most: u64,
    reserve: u64,
}

impl Object {
    /// Into a file that may hold something of an earlier daemon, which is brought anew.
    ///
    /// # Errors
    /// The store is not in the configuration any more, or its credentials cannot be had.
    pub fn new(settings: &Settings, job: &StoredJob, file: File) -> Result<Self> {
        let (config, field) = (settings.in_force(), "input.url");
        let place = Place::parse(field, &job.spec.input.url)?;
        let (name, store) = place.store(field, &config, &job.spec.tenant)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .map_err(|e| Error::new(Code::WorkerLost, format!("cannot start a thread: {e}")))?;
        Ok(Self {
            bucket: Bucket::open(name, store, &place.bucket)?,
            key: Key::parse(&place.key).map_err(|e| Error::bug(e.to_string()))?,
            place,
            runtime,
            file,
            at: 0,
            whole: None,
            most: config.remote.max_mib << 20,
            reserve: config.storage.disk_reserve_mib << 20,
        })
    }

    /// Bytes that are there.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Puts what came on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> std::io::Result<()> {
        self.file.set_len(self.at)?;
        self.file.sync_all()
    }

    /// Asks for stretches, and keeps them while `wanted`.
    ///
    /// # Errors
    /// What asking again would not help with.
    pub fn attempt(&mut self, wanted: &dyn Fn() -> bool) -> Result<Came> {
        loop {
            if !wanted() {
                return Ok(Came::Unwanted);
            }
            let Some((length, tag)) = self.whole.clone() else {
                match self.look()? {
                    None => continue,
                    Some(why) => return Ok(Came::Part(why)),
                }
            };
            if self.at >= length {
                return Ok(Came::Everything);
            }
            let options = GetOptions {
                if_match: tag,
                range: Some(GetRange::Bounded(
                    self.at..length.min(self.at + STRETCH_BYTES),
                )),
                ..GetOptions::default()
            };
            let store = &self.bucket.store;
            let got = self
                .runtime
                .block_on(async { store.get_opts(&self.key, options).await?.bytes().await });
            match got {
                Ok(bytes) if bytes.is_empty() => {
                    return Ok(Came::Part("its store sent nothing".to_owned()));
                }
                Ok(bytes) => {
                    let written = self.file.write_all_at(&bytes, self.at);
                    written.map_err(|e| Error::writing("the input", &e))?;
                    self.at += bytes.len() as u64;
                }
                Err(error) => return self.judge(&error),
            }
        }
    }

    /// Finds out how long it is; why not, where it may be asked again.
    fn look(&mut self) -> Result<Option<String>> {
        let asked = self.bucket.store.head(&self.key);
        let found = match self.runtime.block_on(asked) {
            Ok(found) => found,
            Err(error) => {
                return match self.judge(&error)? {
                    Came::Part(why) => Ok(Some(why)),
                    _ => Ok(None),
                };
            }
        };
        if found.size > self.most {
            let mib = self.most >> 20;
            return Err(self.unreadable(&format!("it is larger than {mib} MiB (remote.max_mib)")));
        }
        room(&self.file, self.reserve, found.size)?;
        self.whole = Some((found.size, found.e_tag));
        Ok(None)
    }

    fn judge(&mut self, error: &object_store::Error) -> Result<Came> {
        match Fault::of(error, &self.bucket.section) {
            Fault::Passing(why) => Ok(Came::Part(why)),
            Fault::Missing => Err(Error::new(
                Code::InputNotFound,
                format!("there is no such input: the store has no {}", self.place),
            )),
            Fault::Changed => {
                (self.at, self.whole) = (0, None);
                Ok(Came::Part("it was replaced meanwhile".to_owned()))
            }
            Fault::Lasting(why) => Err(self.unreadable(&why)),
        }
    }

    fn unreadable(&self, why: &str) -> Error {
        let words = format!("the input {} cannot be had: {why}", self.place);
        Error::new(Code::InputUnreadable, words)
    }
}
