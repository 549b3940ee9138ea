//! Watched folders in object stores: each object that stays as it is becomes a job, and is moved when that has ended.
//!
//! Nothing is kept here either: which job an object has become is found by the job's external id, made of its address, size, tag
//! and time. Not here: folders on this machine (`folders`), or bringing the object (`crate::fetch`).

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use newsreel_config::{Config, WatchedFolder};
use newsreel_model::control::Control as _;
use newsreel_model::job::JobState;
use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, JobId, Result};
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStoreExt as _};
use tokio::runtime::Runtime;

use super::control::Daemon;
use super::folders::{AGAIN, DONE, FAILED, MAX_FILES, hand_in, why};
use crate::storage::{self, Bucket, Fault, Place, is_s3};
use crate::threads;

/// How often it is looked whether it is time to list.
const LOOK: Duration = Duration::from_secs(1);

/// The largest object that stores copy in one request, in bytes; a larger one stays where it is.
const MAX_COPY: u64 = 5 << 30;

/// The configuration's name of a folder's place, in messages.
const FIELD: &str = "directory";

/// Begins to watch, until the daemon is told to stop.
///
/// # Errors
/// No thread can be started.
pub fn start(daemon: Daemon) -> Result<()> {
    let mut watcher = Watcher {
        daemon,
        runtime: storage::runtime(1)?,
        known: HashMap::new(),
        listed: HashMap::new(),
    };
    threads::start("buckets", move || {
        while watcher.daemon.ready() {
            watcher.look();
            std::thread::sleep(LOOK);
        }
    })
}

struct Watcher {
    daemon: Daemon,
    runtime: Runtime,
    /// By address.
    known: HashMap<String, Known>,
    /// When each folder was last listed.
    listed: HashMap<String, Instant>,
}

/// An object of a folder.
struct Known {
    /// What its job is found by; another one when it was replaced.
    id: String,
    since: Instant,
    job: Option<JobId>,
    refused: Option<Instant>,
}

/// A folder as it can be asked.
struct Folder<'a> {
    name: &'a str,
    settings: &'a WatchedFolder,
    place: Place,
    bucket: Bucket,
}

impl Watcher {
    fn look(&mut self) {
        let config = self.daemon.settings.in_force();
        let every = Duration::from_secs(config.watch.settle_s.into());
        let folders = config.watch.folders.iter();
        let folders: Vec<_> = folders.filter(|(_, f)| is_s3(&f.directory)).collect();
        self.listed
            .retain(|name, _| config.watch.folders.contains_key(name));
        for (name, settings) in folders {
            if self.listed.get(name).is_some_and(|at| at.elapsed() < every) {
                continue;
            }
            self.listed.insert(name.clone(), Instant::now());
            if let Err(error) = self.folder(&config, name, settings, every) {
                tracing::warn!(folder = name, detail = error.detail(), "{error}");
            }
        }
    }

    fn folder(
        &mut self,
        config: &Config,
        name: &str,
        settings: &WatchedFolder,
        settled: Duration,
    ) -> Result<()> {
        let place = Place::parse(FIELD, &settings.directory)?;
        let (section, store) = place.store(FIELD, config, &settings.tenant)?;
        let folder = Folder {
            name,
            settings,
            bucket: Bucket::open(section, store, &place.bucket)?,
            place,
        };
        let objects = self.runtime.block_on(folder.objects())?;
        let seen: HashSet<String> = objects
            .iter()
            .map(|o| folder.address(&o.location))
            .collect();
        let own = format!("{}/", folder.place);
        self.known
            .retain(|address, _| !address.starts_with(&own) || seen.contains(address));
        for object in objects {
            if let Err(error) = self.object(&folder, &object, settled) {
                let key = object.location.as_ref();
                tracing::warn!(folder = name, key, detail = error.detail(), "{error}");
            }
        }
        Ok(())
    }

    fn object(
        &mut self,
        folder: &Folder<'_>,
        object: &ObjectMeta,
        settled: Duration,
    ) -> Result<()> {
        let address = folder.address(&object.location);
        let id = external_id(&address, object);
        let fresh = || Known {
            id: id.clone(),
            since: Instant::now(),
            job: None,
            refused: None,
        };
        let known = self.known.entry(address.clone()).or_insert_with(fresh);
        if known.id != id {
            *known = fresh();
        }
        let waits = known.refused.is_some_and(|at| at.elapsed() < AGAIN);
        if known.since.elapsed() < settled || waits {
            return Ok(());
        }
        let named = object.location.filename().unwrap_or_default();
        let refused = |known: &mut Known| known.refused = Some(Instant::now());
        let job = match known.job {
            Some(job) => self.daemon.store.job(job)?,
            None => {
                let of = (folder.name, folder.settings);
                let job = hand_in(&self.daemon, of, (address, named), id);
                Some(job.inspect_err(|_| refused(known))?)
            }
        };
        known.job = job.as_ref().map(|job| job.id);
        let Some(job) = job.filter(|job| job.ended_at.is_some()) else {
            return Ok(());
        };
        let moved = self.runtime.block_on(folder.put_away(object, &job));
        moved.inspect_err(|_| refused(known))
    }
}

/// What a job over this object is found by.
fn external_id(address: &str, object: &ObjectMeta) -> String {
    let tag = object.e_tag.as_deref().unwrap_or_default();
    let (size, at) = (object.size, object.last_modified.timestamp_micros());
    let text = format!("{address}\0{size}\0{tag}\0{at}");
    format!("watch:{}", blake3::hash(text.as_bytes()).to_hex())
}

impl Folder<'_> {
    fn address(&self, key: &Key) -> String {
        format!("s3://{}/{key}", self.place.bucket)
    }

    /// The objects right below it that are neither hidden nor empty.
    async fn objects(&self) -> Result<Vec<ObjectMeta>> {
        let prefix = self.key(&self.place.key)?;
        let listed = self.bucket.store.list_with_delimiter(Some(&prefix)).await;
        let objects = listed.map_err(|e| self.failed(&e))?.objects.into_iter();
        let shown = objects.filter(|object| {
            let name = object.location.filename().unwrap_or(".");
            !name.starts_with('.') && object.size > 0
        });
        Ok(shown.take(MAX_FILES).collect())
    }

    /// Moves an object whose job has ended, with the reason beside it where it failed.
    async fn put_away(&self, object: &ObjectMeta, job: &StoredJob) -> Result<()> {
        let (store, from) = (&self.bucket.store, &object.location);
        let failed = |e: object_store::Error| self.failed(&e);
        if object.size > MAX_COPY {
            let words = "it has more than 5 GiB, which stores do not copy in one request; its job has ended, and it stays where it is: move it by hand";
            return Err(Error::new(Code::RequestTooLarge, words));
        }
        let there = store.head(from).await.map_err(failed)?;
        // Not every store says the tag when it lists.
        let has_other_tag = object.e_tag.is_some() && there.e_tag != object.e_tag;
        if there.size != object.size || has_other_tag {
            // What replaced it becomes a job of its own.
            return Ok(());
        }
        let to = match job.state {
            JobState::Completed => DONE,
            _ => FAILED,
        };
        let name = from.filename().unwrap_or_default();
        let mut place = self.key(&format!("{}/{to}/{name}", self.place.key))?;
        if store.head(&place).await.is_ok() {
            // What lies there already is another object of that name.
            place = self.key(&format!("{}/{to}/{}-{name}", self.place.key, job.id))?;
        }
        if job.state != JobState::Completed {
            let reason = self.key(&format!("{place}.txt"))?;
            store.put(&reason, why(job).into()).await.map_err(failed)?;
        }
        store.copy(from, &place).await.map_err(failed)?;
        store.delete(from).await.map_err(failed)
    }

    fn key(&self, key: &str) -> Result<Key> {
        Key::parse(key).map_err(|e| {
            let words = format!("{} cannot be watched: {e}", self.place);
            Error::new(Code::RequestInvalid, words)
        })
    }

    fn failed(&self, error: &object_store::Error) -> Error {
        let why = match Fault::of(error, &self.bucket.section) {
            Fault::Passing(why) | Fault::Lasting(why) => why,
            Fault::Missing | Fault::Changed => {
                "what was looked for is not there any more".to_owned()
            }
        };
        let words = format!("the watched folder {}: {why}", self.place);
        Error::new(Code::InputUnreadable, words).with_detail(error.to_string())
    }
}
