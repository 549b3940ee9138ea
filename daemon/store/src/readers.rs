//! A few connections that only read, so that a list never waits for a commit. Not here: any statement.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::connect;
use crate::fault::{Fault, Work};

/// Connections that read.
pub struct Readers {
    connections: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl Readers {
    /// `count` connections to the store at `path`, at least 1.
    pub fn open(path: &Path, count: usize) -> Work<Self> {
        let connections = (0..count.max(1))
            .map(|_| connect::reader(path).map(Mutex::new))
            .collect::<Work<_>>()?;
        Ok(Self {
            connections,
            turn: AtomicUsize::new(0),
        })
    }

    /// Reads on a connection that is free, or on the next one that gets free.
    pub fn read<T>(&self, what: impl FnOnce(&Connection) -> Work<T>) -> Work<T> {
        let all = self.connections.len();
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % all.max(1);
        let mut in_turn = self.connections.iter().cycle().skip(first).take(all);
        if let Some(free) = in_turn.find_map(Mutex::try_lock) {
            return what(&free);
        }
        let next = self.connections.get(first).ok_or(Fault::Stopped)?;
        what(&next.lock())
    }
}
