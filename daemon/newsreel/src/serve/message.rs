//! What the scheduler's thread is told by all others. Not what it makes of it (`core`).

use std::os::fd::OwnedFd;
use std::sync::Arc;

use crossbeam::channel::Sender;
use newsreel_config::Config;
use newsreel_model::device::Inventory;
use newsreel_model::event::Event;
use newsreel_model::job::Finished;
use newsreel_model::report::FallbackReport;
use newsreel_model::store::StoredJob;
use newsreel_model::{Error, JobId, Result};
use newsreel_scheduler::{DeviceId, Epoch, WorkerSlot};

use super::early::Arriving;
use super::live::LiveJob;
use crate::worker::protocol::{Done, Planned};

/// Something that happened.
pub enum Message {
    /// A job was accepted, or is to be tried again; durable already. `input_bytes` is the size of its input.
    Queued {
        job: Box<StoredJob>,
        input_bytes: u64,
        /// Its input still arrives, and is read as it comes.
        arriving: Option<Arriving>,
    },
    /// A job was cancelled; durable already.
    Cancelled(JobId),
    /// A job has another priority; durable already.
    Prioritised { job: JobId, priority: u8 },
    /// A job's directory and input are open, or cannot be.
    Opened {
        epoch: Epoch,
        job: JobId,
        live: Result<Arc<LiveJob>>,
    },
    /// Pieces are finished.
    Committed { job: JobId, pieces: Vec<Finished> },
    /// Something to be logged happened to a job.
    Event { job: JobId, event: Event },
    /// A session's plan is complete; the descriptor is the index.
    Planned {
        epoch: Epoch,
        planned: Box<Planned>,
        index: OwnedFd,
    },
    /// What devices there are, the first message of all that counts.
    Inventory(Inventory),
    /// A device that was out of use was tested.
    Tested { device: DeviceId, passed: bool },
    /// A part of a session's work went on elsewhere in its worker.
    FellBack {
        epoch: Epoch,
        fallback: FallbackReport,
    },
    /// A worker is alive, and this is what its sessions have done.
    Beat {
        slot: WorkerSlot,
        done: Vec<(Epoch, Done)>,
    },
    /// A session is over, and everything it handed over is finished.
    Ended { epoch: Epoch, error: Option<Error> },
    /// A worker process is gone.
    WorkerGone { slot: WorkerSlot, why: String },
    /// A job's files are all in its bucket, as the event says, or never will be.
    Delivered { job: JobId, outcome: Result<Event> },
    /// `waiting` is dropped once nothing works on the job any more.
    LetGo { job: JobId, waiting: Sender<()> },
    /// Another configuration is in force.
    Configured(Arc<Config>),
    /// Stop: start nothing more and end what runs.
    Drain,
}
