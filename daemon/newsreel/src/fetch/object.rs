//! Asking for what is still missing of an input in an object store, a stretch at a time. Not here: asking again (`super`).

use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, Result};
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStoreExt as _};
use tokio::runtime::Runtime;

use super::Came;
use super::landing::Landing;
use crate::settings::Settings;
use crate::storage::{self, Bucket, Fault, Place};

/// Bytes asked for at a time.
const STRETCH_BYTES: u64 = 8 << 20;

/// One input on its way.
pub struct Object {
    bucket: Bucket,
    place: Place,
    key: Key,
    runtime: Runtime,
    /// Length and tag of what the file's rest must be of.
    whole: Option<(u64, Option<String>)>,
}

impl Object {
    /// Asks for nothing yet.
    ///
    /// # Errors
    /// The store is not in the configuration any more, or its credentials cannot be had.
    pub fn new(settings: &Settings, job: &StoredJob) -> Result<Self> {
        let (config, field) = (settings.in_force(), "input.url");
        let place = Place::parse(field, &job.spec.input.url)?;
        let (name, store) = place.store(field, &config, &job.spec.tenant)?;
        Ok(Self {
            bucket: Bucket::open(name, store, &place.bucket)?,
            key: Key::parse(&place.key).map_err(|e| Error::bug(e.to_string()))?,
            place,
            runtime: storage::runtime(1)?,
            whole: None,
        })
    }

    /// Asks for stretches, and keeps them while `wanted`.
    ///
    /// # Errors
    /// What asking again would not help with.
    pub fn attempt(&mut self, to: &mut Landing, wanted: &dyn Fn() -> bool) -> Result<Came> {
        loop {
            if !wanted() {
                return Ok(Came::Unwanted);
            }
            let Some((length, tag)) = self.whole.clone() else {
                match self.look(to)? {
                    None => continue,
                    Some(why) => return Ok(Came::Part(why)),
                }
            };
            if to.at() >= length {
                return Ok(Came::Everything);
            }
            let options = GetOptions {
                if_match: tag,
                range: Some(GetRange::Bounded(
                    to.at()..length.min(to.at() + STRETCH_BYTES),
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
                Ok(bytes) => to.keep(&bytes)?,
                Err(error) => return self.judge(to, &error),
            }
        }
    }

    /// Finds out how long it is; why not, where it may be asked again.
    fn look(&mut self, to: &mut Landing) -> Result<Option<String>> {
        let asked = self.bucket.store.head(&self.key);
        let found = match self.runtime.block_on(asked) {
            Ok(found) => found,
            Err(error) => {
                return match self.judge(to, &error)? {
                    Came::Part(why) => Ok(Some(why)),
                    _ => Ok(None),
                };
            }
        };
        to.expect(found.size)?;
        self.whole = Some((found.size, found.e_tag));
        Ok(None)
    }

    fn judge(&mut self, to: &mut Landing, error: &object_store::Error) -> Result<Came> {
        match Fault::of(error, &self.bucket.section) {
            Fault::Passing(why) => Ok(Came::Part(why)),
            Fault::Missing => Err(Error::new(
                Code::InputNotFound,
                format!("there is no such input: the store has no {}", self.place),
            )),
            Fault::Changed => {
                to.begin_anew();
                self.whole = None;
                Ok(Came::Part("it was replaced meanwhile".to_owned()))
            }
            Fault::Lasting(why) => Err(Error::new(
                Code::InputUnreadable,
                format!("the input {} cannot be had: {why}", self.place),
            )),
        }
    }
}
