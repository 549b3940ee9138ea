//! Uploads in memory. Not here: turns, expiry, quotas; the daemon's own tests have those.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use newsreel_model::UploadId;
use newsreel_model::control::Answer;
use newsreel_model::uploads::{Arriving, NewUpload, UploadView, Uploads, unknown};
use newsreel_model::{Code, Error, Result};

/// The largest that is taken.
pub const MAX_BYTES: u64 = 1000;

type Files = Arc<Mutex<BTreeMap<UploadId, (UploadView, Vec<u8>)>>>;

/// The stand-in.
#[derive(Default)]
pub struct Shelf {
    files: Files,
}

impl Shelf {
    /// What arrived of one.
    pub fn bytes(&self, id: UploadId) -> Vec<u8> {
        self.files.lock().unwrap()[&id].1.clone()
    }
}

struct Piece(Files, UploadId);

fn ready<T: Send + 'static>(made: Result<T>) -> Answer<'static, T> {
    Box::pin(async { made })
}

impl Uploads for Shelf {
    fn max_bytes(&self) -> u64 {
        MAX_BYTES
    }

    fn create(&self, new: NewUpload) -> Answer<'_, UploadView> {
        if new.length > MAX_BYTES {
            return ready(Err(Error::new(Code::RequestTooLarge, "at most 1000 bytes")));
        }
        let view = UploadView {
            id: UploadId::new(),
            tenant: new.tenant,
            length: new.length,
            offset: 0,
            metadata: new.metadata,
            expires_at: Timestamp::UNIX_EPOCH,
        };
        let kept = (view.clone(), Vec::new());
        self.files.lock().unwrap().insert(view.id, kept);
        ready(Ok(view))
    }

    fn upload(&self, id: UploadId) -> Answer<'_, UploadView> {
        let files = self.files.lock().unwrap();
        let found = files.get(&id).map(|(view, _)| view.clone());
        ready(found.ok_or_else(unknown))
    }

    fn resume(&self, id: UploadId, offset: u64) -> Answer<'_, Box<dyn Arriving>> {
        let files = self.files.lock().unwrap();
        ready(match files.get(&id) {
            None => Err(unknown()),
            Some((view, _)) if view.offset != offset => {
                Err(Error::new(Code::UploadConflict, "another offset"))
            }
            Some(_) => Ok(Box::new(Piece(Arc::clone(&self.files), id))),
        })
    }

    fn remove(&self, id: UploadId) -> Answer<'_, ()> {
        let gone = self.files.lock().unwrap().remove(&id);
        ready(gone.map(|_| ()).ok_or_else(unknown))
    }
}

impl Arriving for Piece {
    fn write(&mut self, bytes: Vec<u8>) -> Answer<'_, ()> {
        let mut files = self.0.lock().unwrap();
        let (view, kept) = files.get_mut(&self.1).unwrap();
        kept.extend(bytes);
        view.offset = kept.len() as u64;
        let fits = view.offset <= view.length;
        let too_much = || Error::new(Code::RequestTooLarge, "more than announced");
        ready(fits.then_some(()).ok_or_else(too_much))
    }

    fn end(self: Box<Self>) -> Answer<'static, UploadView> {
        ready(Ok(self.0.lock().unwrap()[&self.1].0.clone()))
    }
}
