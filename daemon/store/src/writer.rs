//! The one thread that writes: it takes what waits, does it in one transaction, and answers everyone after the commit.
//!
//! Not here: what is written. Work that is refused or fails is undone alone; should SQLite undo a whole transaction, as it
//! does on a full disk, each of its requests is done again in one of its own.

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};
use rusqlite::Connection;

use crate::fault::{Fault, Work};

/// No request joins a transaction that has been open for so long.
const OPEN_FOR: Duration = Duration::from_millis(50);

/// The most requests in one transaction.
const TOGETHER: usize = 256;

/// Called after each commit, on the thread that writes.
type Told = Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>;

/// The way to the thread that writes.
pub struct Writer {
    queue: Option<Sender<Box<dyn Request>>>,
    /// Who is told of commits, once there is somebody.
    told: Told,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on `db`, with room for `waiting` requests.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(db: Connection, waiting: usize) -> std::io::Result<Self> {
        let (queue, requests) = bounded(waiting);
        let told = Told::default();
        let tell = Arc::clone(&told);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(&db, &requests, &tell))?;
        Ok(Self {
            queue: Some(queue),
            told,
            thread: Some(thread),
        })
    }

    /// Calls `told` after each commit from now on; only the first call counts.
    pub fn tell(&self, told: Box<dyn Fn() + Send + Sync>) {
        let _ = self.told.set(told);
    }

    /// Has `work` done and returns once it is durable, or undone. It may be called more than once, each time on a store
    /// without its earlier attempts.
    pub fn call<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Work<T> + Send + 'static,
    ) -> Work<T> {
        let (answer, answered) = bounded(1);
        let request = Asked {
            work,
            outcome: None,
            answer,
        };
        let queue = self.queue.as_ref().ok_or(Fault::Stopped)?;
        queue.send(Box::new(request)).map_err(|_| Fault::Stopped)?;
        answered.recv().unwrap_or(Err(Fault::Stopped))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends when nothing can be sent any more, after what was sent is done.
        self.queue = None;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that writes the job store had stopped by itself");
        }
    }
}

/// Requests that share a transaction.
type Group = Vec<Box<dyn Request>>;

/// A request, whatever its answer.
trait Request: Send {
    /// What came of an earlier attempt no longer counts.
    fn again(&mut self);
    /// Does the work; false if it was refused or failed.
    fn attempt(&mut self, db: &Connection) -> bool;
    /// The work was done but could not be kept. A refusal stands.
    fn lost(&mut self, fault: Fault);
    /// Tells whoever waits.
    fn answer(self: Box<Self>);
}

struct Asked<T, F> {
    work: F,
    outcome: Option<Work<T>>,
    answer: Sender<Work<T>>,
}

impl<T: Send, F: FnMut(&Connection) -> Work<T> + Send> Request for Asked<T, F> {
    fn again(&mut self) {
        self.outcome = None;
    }

    fn attempt(&mut self, db: &Connection) -> bool {
        let outcome = self.outcome.insert((self.work)(db));
        outcome.is_ok()
    }

    fn lost(&mut self, fault: Fault) {
        if !matches!(self.outcome, Some(Err(_))) {
            self.outcome = Some(Err(fault));
        }
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or(Err(Fault::Stopped));
        // Nobody waits any more if the caller's thread was torn down; the work is done all the same.
        let _ = self.answer.send(outcome);
    }
}

fn serve(db: &Connection, requests: &Receiver<Box<dyn Request>>, told: &Told) {
    while let Ok(first) = requests.recv() {
        commit(db, vec![first], &|group| group.extend(requests.try_recv()));
        if let Some(tell) = told.get() {
            tell();
        }
    }
}

/// Does the requests and whatever `more` adds to them, and answers them.
fn commit(db: &Connection, mut group: Group, more: &dyn Fn(&mut Group)) {
    if let Err(fault) = together(db, &mut group, more) {
        undo(db);
        match group.as_mut_slice() {
            [only] => only.lost(fault),
            _ => {
                for request in group {
                    commit(db, vec![request], &|_| ());
                }
                return;
            }
        }
    }
    for request in group {
        request.answer();
    }
}

/// Does the requests in one transaction. After each of them `more` may add others, as long as there is time.
fn together(db: &Connection, group: &mut Group, more: &dyn Fn(&mut Group)) -> Work<()> {
    for request in group.iter_mut() {
        request.again();
    }
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let began = Instant::now();
    let mut done = 0;
    while let Some(request) = group.get_mut(done) {
        db.prepare_cached("SAVEPOINT request")?.execute([])?;
        let kept = request.attempt(db);
        if db.is_autocommit() {
            // SQLite gave the transaction up, and with it what the others did.
            return Err(Fault::Stopped);
        }
        if !kept {
            db.prepare_cached("ROLLBACK TO request")?.execute([])?;
        }
        db.prepare_cached("RELEASE request")?.execute([])?;
        done += 1;
        if done == group.len() && done < TOGETHER && began.elapsed() < OPEN_FOR {
            more(group);
        }
    }
    db.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

/// Back to no transaction, whatever has happened.
fn undo(db: &Connection) {
    if !db.is_autocommit()
        && let Err(err) = db.execute_batch("ROLLBACK")
    {
        tracing::error!(%err, "a transaction of the job store cannot be rolled back");
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
