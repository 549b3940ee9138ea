//! Finished pieces in the store: the checkpoint port for `serve`. A piece is finished when the store has committed it.

use std::sync::Arc;

use crossbeam::channel::Sender;
use newsreel_model::job::Finished;
use newsreel_model::ports::Checkpoints;
use newsreel_model::store::{Applied, Change, PieceCommit, Store};
use newsreel_model::{Code, Error, JobId, Result};

use super::message::Message;

/// Where the pieces of one job are remembered.
pub struct StoreCheckpoints {
    job: JobId,
    store: Arc<dyn Store>,
    finished: Vec<Finished>,
    told: Sender<Message>,
}

impl StoreCheckpoints {
    /// Goes on from what the store has.
    pub fn new(
        job: JobId,
        store: Arc<dyn Store>,
        finished: Vec<Finished>,
        told: Sender<Message>,
    ) -> Self {
        Self {
            job,
            store,
            finished,
            told,
        }
    }
}

impl Checkpoints for StoreCheckpoints {
    fn finished(&self) -> &[Finished] {
        &self.finished
    }

    fn commit(&mut self, pieces: &[Finished]) -> Result<()> {
        let commit = PieceCommit {
            job: self.job,
            pieces: pieces.to_vec(),
        };
        let applied = self.store.apply(vec![(Change::Pieces(commit), None)])?;
        if applied.first() != Some(&Applied::Yes) {
            return Err(Error::new(Code::Cancelled, "the job has ended"));
        }
        self.finished.extend_from_slice(pieces);
        // The scheduler's thread ends only with the process.
        let _ = self.told.send(Message::Committed {
            job: self.job,
            pieces: pieces.to_vec(),
        });
        Ok(())
    }
}
