//! What a job makes, brought to a bucket while it is being made. Not here: the order of things (`carrier`), one file
//! (`send`), what is known to be there (`ledger`), or whether the destination is another's (`claim`).

mod carrier;
mod claim;
mod ledger;
mod playlist;
mod send;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod watched;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use newsreel_model::job::Finished;
use newsreel_model::{Error, JobId, Result};
use parking_lot::{Condvar, Mutex};

use self::carrier::Carrier;
use super::{Bucket, Place};
use crate::threads;

/// What is to be delivered where.
pub struct Order {
    /// Whose files they are.
    pub job: JobId,
    /// Their directory.
    pub dir: PathBuf,
    /// The bucket.
    pub bucket: Bucket,
    /// Where they go in it.
    pub place: Place,
    /// For how long a store that takes nothing is tried.
    pub give_up: Duration,
}

/// What was delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Files in the bucket.
    pub files: usize,
    /// Bytes they have together.
    pub bytes: u64,
}

/// Told once how it ended, when everything was asked for.
type Told = Box<dyn FnOnce(Result<Delivered>) + Send>;

/// A delivery under way; it ends with this handle.
pub struct Delivery {
    shared: Arc<Shared>,
}

/// What the carrier's thread and everyone else both see.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    /// Pieces that were finished since it was last looked.
    pieces: Vec<Finished>,
    /// Everything there is, once that is known.
    all: Option<Vec<Finished>>,
    told: Option<Told>,
    failure: Option<Error>,
}

impl Delivery {
    /// Begins to deliver; `pieces` are finished already.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(order: Order, pieces: Vec<Finished>) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.state.lock().pieces = pieces;
        let delivery = Self {
            shared: Arc::clone(&shared),
        };
        threads::start("delivery", move || {
            let place = order.place.to_string();
            let outcome = Carrier::new(order, &shared).and_then(|mut carrier| carrier.run());
            let mut state = shared.state.lock();
            if let Err(error) = &outcome {
                let stopped = shared.stop.load(Ordering::SeqCst);
                if !stopped {
                    tracing::warn!(place, detail = error.detail(), "not delivered: {error}");
                }
                state.failure = Some(error.clone());
            }
            let told = state.told.take();
            drop(state);
            if let Some(told) = told {
                told(outcome);
            }
        })?;
        Ok(delivery)
    }

    /// Takes note of finished pieces.
    pub fn note(&self, pieces: &[Finished]) {
        self.shared.state.lock().pieces.extend_from_slice(pieces);
        self.shared.news.notify_all();
    }

    /// These files are all there will be; `told` is called when they are in the bucket and verified, or never will be.
    pub fn finish(&self, all: Vec<Finished>, told: Told) {
        let mut state = self.shared.state.lock();
        if let Some(error) = state.failure.clone() {
            drop(state);
            return told(Err(error));
        }
        (state.all, state.told) = (Some(all), Some(told));
        drop(state);
        self.shared.news.notify_all();
    }

    /// Why it will not go on.
    pub fn failure(&self) -> Option<Error> {
        self.shared.state.lock().failure.clone()
    }

    /// Stops it after the requests that are under way.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.news.notify_all();
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.stop();
    }
}
