//! Uploads: which there are, where their bytes lie, and when they go. Not here: the protocol (`newsreel-api`), or writing (`writer`).
//!
//! How much of one has arrived is the length of its file and is kept nowhere else, so that no crash can tell them apart.

mod writer;

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use newsreel_model::access::Grant;
use newsreel_model::control::Answer;
use newsreel_model::store::Store;
use newsreel_model::uploads::{Arriving, NewUpload, Room, Upload, UploadView, Uploads, unknown};
use newsreel_model::{Code, Error, Result, UploadId};
use parking_lot::Mutex;

use self::writer::{Turn, Writer};
use crate::serve::arrivals::Arrivals;
use crate::settings::Settings;

/// Where the files lie, below the daemon's own directory.
pub const FOLDER: &str = "uploads";

/// What answers for uploads. Clones share everything.
#[derive(Clone)]
pub struct Desk {
    dir: PathBuf,
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
    arrivals: Arrivals,
    /// Whose turn it is to write to which upload.
    turns: Arc<Mutex<HashMap<UploadId, Arc<Mutex<Turn>>>>>,
}

impl Desk {
    /// Over a folder that is there; takes up what an earlier daemon left.
    ///
    /// # Errors
    /// The store or the folder cannot be read.
    pub fn open(dir: PathBuf, settings: Arc<Settings>, arrivals: Arrivals) -> Result<Self> {
        let desk = Self {
            dir,
            store: Arc::clone(&arrivals.store),
            settings,
            arrivals,
            turns: Arc::default(),
        };
        desk.take_up()?;
        Ok(desk)
    }

    /// What has all its bytes is complete, and files that nobody knows are removed.
    fn take_up(&self) -> Result<()> {
        let mut known = HashSet::new();
        for upload in self.store.uploads()?.into_iter().filter(|one| !one.expired) {
            let there = std::fs::metadata(self.path(upload.id)).map(|data| data.len());
            if !upload.complete && there.is_ok_and(|bytes| bytes == upload.length) {
                self.store.complete_upload(upload.id)?;
            }
            known.insert(upload.id.to_string());
        }
        let entries = std::fs::read_dir(&self.dir).map_err(|e| self.failed(&e))?;
        for entry in entries.flatten() {
            if !known.contains(&*entry.file_name().to_string_lossy()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Removes what is kept no longer.
    ///
    /// # Errors
    /// The store failed.
    pub fn expire(&self) -> Result<()> {
        let now = Timestamp::now();
        let before = now.checked_sub(self.keep()).unwrap_or(Timestamp::MIN);
        for id in self.store.expire_uploads(now, before)? {
            tracing::info!(upload = %id, "an upload is kept no longer");
            self.drop_file(id);
            self.arrivals.lost(id)?;
        }
        Ok(())
    }

    /// Lets a job read an upload, for whoever may see it; it lasts long enough for the job to be accepted.
    ///
    /// # Errors
    /// [`Code::InputNotFound`]: it is not there, not theirs, or not there any more.
    pub fn claim(&self, id: UploadId, grant: &Grant) -> Result<()> {
        let upload = self.known(id).and_then(|upload| {
            let seen = grant.covers(&upload.tenant) && self.prolong(id)?;
            seen.then_some(()).ok_or_else(unknown)
        });
        upload.map_err(|error| match error.code() {
            Code::UploadUnknown | Code::UploadExpired => {
                Error::new(Code::InputNotFound, error.message()).in_field("input.upload")
            }
            _ => error,
        })
    }

    fn path(&self, id: UploadId) -> PathBuf {
        path(&self.dir, id)
    }

    fn keep(&self) -> SignedDuration {
        let hours = self.settings.in_force().uploads.keep_h;
        SignedDuration::from_hours(i64::from(hours))
    }

    fn until(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.keep()).unwrap_or(Timestamp::MAX)
    }

    /// It is kept from now on as long as one that has just come.
    fn prolong(&self, id: UploadId) -> Result<bool> {
        self.store.prolong_upload(id, self.until())
    }

    /// An upload whose time has not run out.
    fn known(&self, id: UploadId) -> Result<Upload> {
        let upload = self.store.upload(id)?.ok_or_else(unknown)?;
        let late = !upload.complete && upload.expires_at <= Timestamp::now();
        if upload.expired || late {
            let words = "the upload's time ran out, and it is kept no longer; send it again";
            return Err(Error::new(Code::UploadExpired, words));
        }
        Ok(upload)
    }

    fn view(&self, upload: Upload) -> Result<UploadView> {
        let data = std::fs::metadata(self.path(upload.id)).map_err(|e| self.failed(&e))?;
        Ok(UploadView {
            id: upload.id,
            tenant: upload.tenant,
            length: upload.length,
            offset: data.len(),
            metadata: upload.metadata,
            expires_at: upload.expires_at,
        })
    }

    fn show(&self, id: UploadId) -> Result<UploadView> {
        self.view(self.known(id)?)
    }

    fn begin(&self, new: NewUpload) -> Result<UploadView> {
        let limits = self.settings.in_force().uploads.clone();
        if new.length > self.max_bytes() {
            let words = format!(
                "an upload may have at most {} MiB (uploads.max_mib)",
                limits.max_mib
            );
            return Err(Error::new(Code::RequestTooLarge, words));
        }
        self.has_room_for(new.length)?;
        let upload = Upload {
            id: UploadId::new(),
            tenant: new.tenant,
            length: new.length,
            metadata: new.metadata,
            created_at: Timestamp::now(),
            expires_at: self.until(),
            complete: false,
            expired: false,
        };
        // The file first: one that nobody knows is removed at the next start.
        self.create_file(upload.id).map_err(|e| self.failed(&e))?;
        let room = Room {
            uploads: limits.tenant_count,
            bytes: limits.tenant_mib.saturating_mul(1 << 20),
        };
        if let Err(error) = self.store.add_upload(upload.clone(), room) {
            self.drop_file(upload.id);
            return Err(error);
        }
        if upload.length == 0 {
            self.arrivals.arrived(upload.id)?;
        }
        self.view(upload)
    }

    fn create_file(&self, id: UploadId) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options.open(self.path(id))?.sync_all()?;
        File::open(&self.dir)?.sync_all()
    }

    fn has_room_for(&self, bytes: u64) -> Result<()> {
        let reserve = self.settings.in_force().storage.disk_reserve_mib << 20;
        let disk = rustix::fs::statvfs(&self.dir).map_err(|e| self.failed(&e.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        match bytes <= free.saturating_sub(reserve) {
            true => Ok(()),
            false => Err(Error::new(
                Code::DiskFull,
                "there is no room for the upload on the daemon's disk; try again when there is",
            )),
        }
    }

    fn go_on(&self, id: UploadId, offset: u64) -> Result<Writer> {
        let upload = self.known(id)?;
        let turn = Arc::clone(self.turns.lock().entry(id).or_default());
        let writer = Writer::open(self.clone(), upload, turn, offset)?;
        self.prolong(id)?;
        Ok(writer)
    }

    fn take_away(&self, id: UploadId) -> Result<()> {
        self.known(id)?;
        if !self.store.forget_upload(id)? {
            let words = "a job that has not ended reads the upload; cancel it first";
            return Err(Error::new(Code::UploadConflict, words));
        }
        self.drop_file(id);
        Ok(())
    }

    fn drop_file(&self, id: UploadId) {
        if let Some(turn) = self.turns.lock().remove(&id) {
            turn.lock().pass();
        }
        if let Err(e) = std::fs::remove_file(self.path(id)) {
            tracing::warn!(upload = %id, "its file cannot be removed: {e}");
        }
    }

    fn failed(&self, e: &std::io::Error) -> Error {
        Error::writing(&self.dir.display().to_string(), e)
    }
}

/// The file of an upload in the folder of all.
pub fn path(dir: &Path, id: UploadId) -> PathBuf {
    dir.join(id.to_string())
}

/// The store and the disk block: not on the threads that serve connections.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(Error::bug(format!("a request panicked: {e}"))))
}

impl Uploads for Desk {
    fn max_bytes(&self) -> u64 {
        self.settings.in_force().uploads.max_mib << 20
    }

    fn create(&self, new: NewUpload) -> Answer<'_, UploadView> {
        let desk = self.clone();
        Box::pin(off_thread(move || desk.begin(new)))
    }

    fn upload(&self, id: UploadId) -> Answer<'_, UploadView> {
        let desk = self.clone();
        Box::pin(off_thread(move || desk.show(id)))
    }

    fn resume(&self, id: UploadId, offset: u64) -> Answer<'_, Box<dyn Arriving>> {
        let desk = self.clone();
        Box::pin(off_thread(move || {
            let writer = desk.go_on(id, offset)?;
            Ok(Box::new(writer) as Box<dyn Arriving>)
        }))
    }

    fn remove(&self, id: UploadId) -> Answer<'_, ()> {
        let desk = self.clone();
        Box::pin(off_thread(move || desk.take_away(id)))
    }
}
