//! Writing what arrives of an upload, one request at a time. Not here: which uploads there are.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use newsreel_model::control::Answer;
use newsreel_model::uploads::{Arriving, Upload, UploadView};
use newsreel_model::{Code, Error, Result};
use parking_lot::Mutex;

use super::{Desk, off_thread};

/// So much may be on its way to the disk: what is synced in the end does not keep the client waiting for long.
const SYNC_BYTES: u64 = 64 << 20;

/// So many bytes are at least between two tellings of jobs that wait for an upload.
const TELL_BYTES: u64 = 64 << 10;

/// How often an upload that arrives slowly is said to be alive.
const PROLONG: Duration = Duration::from_secs(600);

/// Which request may write: the one that came last.
#[derive(Debug, Default)]
pub struct Turn(u64);

impl Turn {
    /// Whoever wrote before may do so no more.
    pub fn pass(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// The way into one file for one request.
pub struct Writer(Arc<Mutex<Open>>);

struct Open {
    desk: Desk,
    upload: Upload,
    file: File,
    /// Bytes in the file.
    at: u64,
    turn: Arc<Mutex<Turn>>,
    own: u64,
    unsynced: u64,
    prolonged: Instant,
    /// How many bytes have to be there for jobs to be told of them.
    told_at: u64,
}

impl Writer {
    /// Takes the turn, if `offset` is where the file ends.
    ///
    /// # Errors
    /// [`Code::UploadConflict`]; the file cannot be opened.
    pub fn open(desk: Desk, upload: Upload, turn: Arc<Mutex<Turn>>, offset: u64) -> Result<Self> {
        let mut held = turn.lock();
        let opened = OpenOptions::new().write(true).open(desk.path(upload.id));
        let file = opened.map_err(|e| desk.failed(&e))?;
        let at = file.metadata().map_err(|e| desk.failed(&e))?.len();
        if offset != at {
            let words = format!(
                "the upload goes on at byte {at}, not at {offset}; ask where it is with HEAD"
            );
            return Err(Error::new(Code::UploadConflict, words));
        }
        let own = held.pass();
        drop(held);
        Ok(Self(Arc::new(Mutex::new(Open {
            desk,
            upload,
            file,
            at,
            turn,
            own,
            unsynced: 0,
            prolonged: Instant::now(),
            told_at: 0,
        }))))
    }
}

impl Open {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let turn = Arc::clone(&self.turn);
        let held = turn.lock();
        if held.0 != self.own {
            let words = "another request goes on with this upload, or it was removed";
            return Err(Error::new(Code::UploadConflict, words));
        }
        let room = self.upload.length.saturating_sub(self.at);
        let fits = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        let written = self.file.write_all_at(&bytes[..fits], self.at);
        written.map_err(|e| self.desk.failed(&e))?;
        self.at += fits as u64;
        self.unsynced += fits as u64;
        if fits < bytes.len() {
            let words = format!(
                "the upload was announced with {} bytes and has them; more was sent",
                self.upload.length
            );
            return Err(Error::new(Code::RequestTooLarge, words));
        }
        if self.unsynced >= SYNC_BYTES {
            self.sync()?;
        }
        self.tell_of_growth()?;
        if self.prolonged.elapsed() >= PROLONG {
            self.desk.prolong(self.upload.id)?;
            self.prolonged = Instant::now();
        }
        Ok(())
    }

    /// Jobs may wait for more than there was; the more there is, the less a little more says.
    fn tell_of_growth(&mut self) -> Result<()> {
        let has_all = self.at == self.upload.length;
        if has_all || self.at < self.told_at {
            return Ok(());
        }
        self.told_at = self.at + (self.at / 8).max(TELL_BYTES);
        self.desk.arrivals.grown(self.upload.id)
    }

    fn sync(&mut self) -> Result<()> {
        let synced = self.file.sync_data();
        synced.map_err(|e| self.desk.failed(&e))?;
        self.unsynced = 0;
        Ok(())
    }

    fn end(&mut self) -> Result<UploadView> {
        self.sync()?;
        let id = self.upload.id;
        self.desk.prolong(id)?;
        if self.at == self.upload.length && !self.upload.complete {
            self.desk.arrivals.arrived(id)?;
            self.desk.turns.lock().remove(&id);
        }
        self.desk.show(id)
    }
}

impl Arriving for Writer {
    fn write(&mut self, bytes: Vec<u8>) -> Answer<'_, ()> {
        let open = Arc::clone(&self.0);
        Box::pin(off_thread(move || open.lock().write(&bytes)))
    }

    fn end(self: Box<Self>) -> Answer<'static, UploadView> {
        Box::pin(off_thread(move || self.0.lock().end()))
    }
}
