//! The port over one SQLite file: reads go to a few connections, writes to the one thread that writes.
//!
//! Not here: any statement. Each method names the function that has it.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsreel_model::UploadId;
use newsreel_model::control::JobQuery;
use newsreel_model::event::Event;
use newsreel_model::job::Finished;
use newsreel_model::keys::{Key, Keys, Session};
use newsreel_model::plan::{Fingerprint, Plan};
use newsreel_model::search::{Finds, SearchQuery, StoredHit};
use newsreel_model::spoken::Passage;
use newsreel_model::store::{
    Applied, Calibration, Change, Counts, IdempotencyKey, LogEnds, LoggedEvent, NewJob, Store,
    StoreSubmitted, StoredJob,
};
use newsreel_model::uploads::{Room, Shelf, Upload};
use newsreel_model::webhook::{Delivery, EndpointView, NewDelivery, Settled};
use newsreel_model::{JobId, Result};
use rusqlite::Connection;

use crate::fault::{Work, failed};
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{
    StoreOptions, apply, calibrations, connect, deliveries, events, files, jobs, keys, migrate,
    pieces, search, spoken, submit, trim, uploads,
};

/// A store in one SQLite file, for one process. Beside the file lie its log (`-wal`, `-shm`) and its lock (`.lock`).
///
/// Dropping it finishes what was asked for and closes the file.
pub struct SqliteStore {
    // Dropped in this order: the connection that writes is closed last, since only it can empty the log into the file, and
    // the lock is held until nothing of the store is open.
    readers: Readers,
    writer: Writer,
    path: PathBuf,
    _lock: File,
}

impl SqliteStore {
    /// Opens the store at `path`, which is created if it is not there; its directory must be. An older schema is brought up to
    /// date after a backup to `PATH.vN.backup` (`PATH.vN.backup.2` and so on when that is taken).
    ///
    /// # Errors
    /// [`newsreel_model::Code::ConfigInvalid`] for an option out of its range; [`newsreel_model::Code::StoreNewer`] for the
    /// store of a newer version; [`newsreel_model::Code::DiskFull`]; [`newsreel_model::Code::StoreFailed`] when another process
    /// holds it, when it is damaged or no store of ours, or when it cannot be read or written. A file that is refused is left
    /// as it is.
    pub fn open(path: &Path, options: StoreOptions) -> Result<Self> {
        options.check()?;
        let path = files::settle(path)?;
        let lock = files::lock(&path)?;
        files::create(&path)?;
        let (readers, writer) = open(&path, &options).map_err(|fault| fault.told(&path))?;
        Ok(Self {
            readers,
            writer,
            path,
            _lock: lock,
        })
    }

    fn read<T>(&self, what: impl FnOnce(&Connection) -> Work<T>) -> Result<T> {
        self.readers
            .read(what)
            .map_err(|fault| fault.told(&self.path))
    }

    fn write<T: Send + 'static>(
        &self,
        what: impl FnMut(&Connection) -> Work<T> + Send + 'static,
    ) -> Result<T> {
        self.writer
            .call(what)
            .map_err(|fault| fault.told(&self.path))
    }
}

fn open(path: &Path, options: &StoreOptions) -> Work<(Readers, Writer)> {
    migrate::recognise(path)?;
    let mut db = connect::writer(path, options)?;
    migrate::update(&mut db, path)?;
    let readers = Readers::open(path, options.readers)?;
    let writer = Writer::start(db, options.waiting_writes).map_err(|err| {
        failed(path, "cannot be opened: the system gives no thread").with_detail(err.to_string())
    })?;
    Ok((readers, writer))
}

impl Store for SqliteStore {
    fn begin(&self) -> Result<u32> {
        self.write(apply::begin)
    }

    fn submit(
        &self,
        job: NewJob,
        key: Option<IdempotencyKey>,
        queued_limit: u64,
    ) -> Result<StoreSubmitted> {
        self.write(move |db| submit::submit(db, &job, key.as_ref(), queued_limit))
    }

    fn job(&self, id: JobId) -> Result<Option<StoredJob>> {
        self.read(|db| jobs::job(db, id))
    }

    fn jobs(&self, query: &JobQuery) -> Result<Vec<StoredJob>> {
        self.read(|db| jobs::jobs(db, query))
    }

    fn unfinished(&self) -> Result<Vec<StoredJob>> {
        self.read(jobs::unfinished)
    }

    fn counts(&self) -> Result<Counts> {
        self.read(jobs::counts)
    }

    fn counts_of(&self, tenant: &str) -> Result<Counts> {
        self.read(|db| jobs::counts_of(db, tenant))
    }

    fn plan(&self, id: JobId) -> Result<Option<(Fingerprint, Plan)>> {
        self.read(|db| jobs::plan(db, id))
    }

    fn pieces(&self, id: JobId) -> Result<Vec<Finished>> {
        self.read(|db| pieces::pieces(db, id))
    }

    fn apply(&self, changes: Vec<(Change, Option<Event>)>) -> Result<Vec<Applied>> {
        self.write(move |db| apply::apply(db, &changes))
    }

    fn log(&self, events: Vec<Event>) -> Result<()> {
        self.write(move |db| {
            events
                .iter()
                .try_for_each(|event| events::log(db, None, event))
        })
    }

    fn delete(&self, id: JobId) -> Result<bool> {
        self.write(move |db| trim::delete(db, id))
    }

    fn events(&self, after: u64, limit: u32, job: Option<JobId>) -> Result<Vec<LoggedEvent>> {
        self.read(|db| events::events(db, after, limit, job))
    }

    fn log_ends(&self) -> Result<LogEnds> {
        self.read(events::ends)
    }

    fn on_commit(&self, told: Box<dyn Fn() + Send + Sync>) {
        self.writer.tell(told);
    }

    fn routed(&self) -> Result<u64> {
        self.read(deliveries::routed)
    }

    fn route(&self, upto: u64, new: Vec<NewDelivery>) -> Result<()> {
        self.write(move |db| deliveries::route(db, upto, &new))
    }

    fn due(&self, endpoint: &str, now: Timestamp, limit: u32) -> Result<Vec<Delivery>> {
        self.read(|db| deliveries::due(db, endpoint, now, limit))
    }

    fn awaited(&self) -> Result<Vec<String>> {
        self.read(deliveries::awaited)
    }

    fn settle(&self, attempts: Vec<(u64, Settled)>) -> Result<()> {
        self.write(move |db| {
            let mut attempts = attempts.iter();
            attempts.try_for_each(|(id, settled)| deliveries::settle(db, *id, settled))
        })
    }

    fn endpoints(&self, tenant: Option<&str>) -> Result<Vec<EndpointView>> {
        self.read(|db| deliveries::endpoints(db, tenant))
    }

    fn replay(&self, endpoint: &str, tenant: Option<&str>, now: Timestamp) -> Result<u64> {
        let (endpoint, tenant) = (endpoint.to_owned(), tenant.map(str::to_owned));
        self.write(move |db| deliveries::replay(db, &endpoint, tenant.as_deref(), now))
    }

    fn calibrate(&self, calibration: Calibration) -> Result<()> {
        self.write(move |db| calibrations::put(db, &calibration))
    }

    fn calibrations(&self) -> Result<Vec<Calibration>> {
        self.read(calibrations::all)
    }

    fn trim(&self, now: Timestamp, events_before: Timestamp) -> Result<()> {
        while self.write(move |db| trim::keys(db, now))? {}
        while self.write(move |db| trim::events(db, events_before))? {}
        self.write(move |db| trim::sessions(db, now))
    }
}

impl Keys for SqliteStore {
    fn add_key(&self, key: Key) -> Result<()> {
        self.write(move |db| keys::add(db, &key))
    }

    fn key(&self, id: &str) -> Result<Option<Key>> {
        self.read(|db| keys::one(db, id))
    }

    fn keys(&self) -> Result<Vec<Key>> {
        self.read(keys::all)
    }

    fn has_keys(&self) -> Result<bool> {
        self.read(keys::any)
    }

    fn revoke_key(&self, id: &str, now: Timestamp) -> Result<bool> {
        let id = id.to_owned();
        self.write(move |db| keys::revoke(db, &id, now))
    }

    fn used_key(&self, id: &str, now: Timestamp) -> Result<()> {
        let id = id.to_owned();
        self.write(move |db| keys::used(db, &id, now))
    }

    fn begin_session(&self, session: Session) -> Result<()> {
        self.write(move |db| keys::begin_session(db, &session))
    }

    fn session(&self, id: &str, now: Timestamp) -> Result<Option<Session>> {
        self.read(|db| keys::session(db, id, now))
    }

    fn renew_session(
        &self,
        id: &str,
        swap: ([u8; 32], [u8; 32]),
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool> {
        let id = id.to_owned();
        self.write(move |db| keys::renew_session(db, &id, swap, now, expires_at))
    }

    fn end_session(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |db| keys::end_session(db, &id))
    }
}

impl Shelf for SqliteStore {
    fn add_upload(&self, upload: Upload, room: Room) -> Result<()> {
        self.write(move |db| uploads::add(db, &upload, room))
    }

    fn upload(&self, id: UploadId) -> Result<Option<Upload>> {
        self.read(|db| uploads::one(db, id))
    }

    fn uploads(&self) -> Result<Vec<Upload>> {
        self.read(uploads::all)
    }

    fn prolong_upload(&self, id: UploadId, expires_at: Timestamp) -> Result<bool> {
        self.write(move |db| uploads::prolong(db, id, expires_at))
    }

    fn complete_upload(&self, id: UploadId) -> Result<()> {
        self.write(move |db| uploads::complete(db, id))
    }

    fn forget_upload(&self, id: UploadId) -> Result<bool> {
        self.write(move |db| uploads::forget(db, id))
    }

    fn expire_uploads(&self, now: Timestamp, ended_after: Timestamp) -> Result<Vec<UploadId>> {
        self.write(move |db| uploads::expire(db, now, ended_after))
    }

    fn queued_with_upload(&self, id: UploadId) -> Result<Vec<StoredJob>> {
        self.read(|db| uploads::queued(db, id))
    }
}

impl Finds for SqliteStore {
    fn search(&self, query: &SearchQuery) -> Result<Vec<StoredHit>> {
        self.read(|db| search::find(db, query))
    }

    fn keep_spoken(&self, job: JobId, track: &str, passages: Vec<Passage>) -> Result<()> {
        let track = track.to_owned();
        self.write(move |db| spoken::keep(db, job, &track, &passages))
    }
}
