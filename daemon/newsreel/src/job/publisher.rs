//! The one thread that makes pieces public: staged, synced, renamed, committed to the journal, then named in a playlist.
//!
//! Pieces come in from many threads in any order; what a player sees is always the contiguous beginning.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};
use newsreel_model::job::Finished;
use newsreel_model::ports::Checkpoints;
use newsreel_model::{Cancel, Error, Result};
use parking_lot::Mutex;

use super::files;
use super::playlists::Playlists;
use super::sink::Outlet;

/// Pieces waiting to be written: enough to ride out a slow sync, few enough to bound memory.
const QUEUE: usize = 16;
/// Pieces that finish within this time share their syncs and one commit.
const GROUP: Duration = Duration::from_millis(50);

/// A piece to publish.
pub struct Piece {
    /// Its entry for the journal, all but hash and length filled in.
    pub finished: Finished,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What goes through the queue.
enum Item {
    Piece(Piece),
    /// Answered when everything before it is public.
    Mark(Sender<()>),
}

/// The way to the publisher thread, and the thread itself.
pub struct Publisher {
    sender: Option<Sender<Item>>,
    thread: Option<JoinHandle<Box<dyn Checkpoints>>>,
    failed: Arc<Mutex<Option<Error>>>,
}

impl Publisher {
    /// Starts the thread. When publishing fails, `cancel` stops the job.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        dir: &Path,
        journal: Box<dyn Checkpoints>,
        playlists: Arc<Mutex<Playlists>>,
        cancel: Cancel,
    ) -> Result<Self> {
        let (sender, receiver) = bounded(QUEUE);
        let failed = Arc::new(Mutex::new(None));
        let mut work = Work {
            dir: dir.to_path_buf(),
            public: journal.finished().iter().map(|f| f.path.clone()).collect(),
            journal,
            playlists,
            receiver,
        };
        let told = Arc::clone(&failed);
        let thread = std::thread::Builder::new()
            .name("publisher".to_owned())
            .spawn(move || {
                if let Err(e) = work.run() {
                    *told.lock() = Some(e);
                    cancel.cancel();
                    // What is in a queue that nobody empties stays there: whoever waits for a mark would wait for ever.
                    work.receiver.iter().for_each(drop);
                }
                work.journal
            })
            .map_err(|e| Error::bug(format!("cannot start a thread: {e}")))?;
        Ok(Self {
            sender: Some(sender),
            thread: Some(thread),
            failed,
        })
    }

    /// Waits until everything handed over so far is public.
    ///
    /// # Errors
    /// Publishing has failed.
    pub fn flush(&self) -> Result<()> {
        let (mark, reached) = bounded(1);
        self.put(Item::Mark(mark))?;
        reached.recv().map_err(|_| self.gone())
    }

    fn put(&self, item: Item) -> Result<()> {
        match &self.sender {
            Some(sender) if self.failure().is_none() => sender.send(item).map_err(|_| self.gone()),
            _ => Err(self.gone()),
        }
    }

    fn gone(&self) -> Error {
        let failed = self.failed.lock().clone();
        failed.unwrap_or_else(|| Error::bug("the publisher is gone"))
    }

    /// Why publishing failed, if it did.
    pub fn failure(&self) -> Option<Error> {
        self.failed.lock().clone()
    }

    /// Waits until everything handed over is public; gives the journal back.
    ///
    /// # Errors
    /// Publishing has failed.
    pub fn finish(mut self) -> Result<Box<dyn Checkpoints>> {
        self.sender = None;
        let journal = self.thread.take().and_then(|t| t.join().ok());
        match (self.failure(), journal) {
            (Some(e), _) => Err(e),
            (None, Some(journal)) => Ok(journal),
            (None, None) => Err(Error::bug("the publisher's thread panicked")),
        }
    }
}

/// Pieces that share their syncs and a commit.
#[derive(Default)]
struct Group {
    done: Vec<Finished>,
    marks: Vec<Sender<()>>,
}

struct Work {
    dir: PathBuf,
    journal: Box<dyn Checkpoints>,
    /// Paths in the journal: what is public is never replaced.
    public: HashSet<String>,
    playlists: Arc<Mutex<Playlists>>,
    receiver: Receiver<Item>,
}

impl Work {
    fn run(&mut self) -> Result<()> {
        self.playlists
            .lock()
            .refresh(&self.dir, self.journal.finished())?;
        while let Ok(first) = self.receiver.recv() {
            self.group(first)?;
        }
        Ok(())
    }

    /// Answers a mark, or puts a piece in its place.
    fn take(&mut self, item: Item, group: &mut Group) -> Result<()> {
        match item {
            Item::Piece(piece) => group.done.extend(self.place(piece)?),
            Item::Mark(mark) => group.marks.push(mark),
        }
        Ok(())
    }

    /// Publishes a piece and all that follow within a moment.
    fn group(&mut self, first: Item) -> Result<()> {
        let until = Instant::now() + GROUP;
        let mut group = Group::default();
        self.take(first, &mut group)?;
        // The first pieces of a job make it playable: they do not wait for company.
        while group.marks.is_empty() && self.journal.finished().len() >= FIRST_PIECES {
            match self.receiver.recv_deadline(until) {
                Ok(item) => self.take(item, &mut group)?,
                Err(_) => break,
            }
        }
        let Group { done, marks } = group;
        let directories: BTreeSet<PathBuf> = done.iter().map(|f| self.dir.join(&f.path)).collect();
        let mut synced = BTreeSet::new();
        for path in &directories {
            if synced.insert(path.parent().map(Path::to_path_buf)) {
                files::sync_parent(path)
                    .map_err(|e| Error::writing(&path.display().to_string(), &e))?;
            }
        }
        if !done.is_empty() {
            self.journal.commit(&done)?;
            self.playlists.lock().refresh(&self.dir, &done)?;
        }
        for mark in marks {
            // Whoever asked may have gone.
            let _ = mark.send(());
        }
        Ok(())
    }

    /// Puts a piece under its final name; `None` when another session's was there first.
    fn place(&mut self, piece: Piece) -> Result<Option<Finished>> {
        let Piece {
            mut finished,
            bytes,
        } = piece;
        if !self.public.insert(finished.path.clone()) {
            // Work done twice; tests of what survives an interruption look for this.
            tracing::debug!(path = finished.path, "made twice");
            return Ok(None);
        }
        finished.bytes = bytes.len() as u64;
        finished.hash = blake3::hash(&bytes).to_hex().to_string();
        files::stage(&self.dir, &finished.path, |file| {
            std::io::Write::write_all(file, &bytes)
        })
        .map_err(|e| Error::writing(&finished.path, &e))?;
        Ok(Some(finished))
    }
}

impl Outlet for Publisher {
    fn publish(&self, piece: Piece) -> Result<()> {
        self.put(Item::Piece(piece))
    }
}

/// Until this many pieces are there, each is published on its own.
const FIRST_PIECES: usize = 8;
