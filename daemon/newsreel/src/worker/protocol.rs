//! What daemon and worker say to each other. Not how it gets across (`channel`).
//!
//! Descriptors that travel with a message are named at the message, in order.

use std::collections::HashMap;

use newsreel_config::Limits;
use newsreel_model::grid::Run;
use newsreel_model::job::Finished;
use newsreel_model::plan::Plan;
use newsreel_model::profile::Profile;
use newsreel_model::report::{FallbackReport, SourceReport};
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Code, Error};
use serde::{Deserialize, Serialize};

/// Pieces a session may have on their way before it waits for the daemon: bounds the memory they take.
pub const PIECES_UNDERWAY: usize = 8;

/// To a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Begin a session. Descriptors: the input, the [`Task`] as JSON, but for a programme also the index, for measuring
    /// last the pieces to measure.
    Start { epoch: u64 },
    /// Start no segment from `before` on.
    Cut { epoch: u64, before: usize },
    /// End a session at once.
    Stop { epoch: u64 },
    /// A piece was taken; another may be sent.
    Taken { epoch: u64 },
}

/// What a session does.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Everything of a job that is made once: plan, pictures, sound, the first segment.
    Programme {
        /// Name of the profile.
        profile_name: String,
        /// The profile.
        profile: Profile,
        /// Paths that are finished already.
        finished: Vec<String>,
        /// The plan of an earlier execution.
        known: Option<Plan>,
        /// What a source may ask of us.
        limits: Limits,
        /// 0 lets the engine choose.
        threads_per_encoder: u32,
        /// Whether a rung goes to the cores where the device has no session for it.
        spill: bool,
        /// Init segments that are public, by path.
        inits: HashMap<String, Vec<u8>>,
        /// Files of subtitles beside the source.
        sidecars: Vec<Sidecar>,
        /// Bytes the input will have, where it still arrives.
        promised: Option<u64>,
    },
    /// Segments of a plan.
    Run {
        /// The plan.
        plan: Plan,
        /// Which segments of which rungs.
        run: Run,
        /// As for the programme.
        limits: Limits,
        /// As for the programme.
        threads_per_encoder: u32,
        /// Cores the run may use.
        cores: usize,
        /// As for the programme.
        spill: bool,
        /// As for the programme.
        inits: HashMap<String, Vec<u8>>,
    },
    /// Finished segments beside the source.
    Measure(ToMeasure),
}

/// What is measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct ToMeasure {
    /// The plan.
    pub plan: Plan,
    /// As for the programme.
    pub limits: Limits,
    /// Segments of the grid, ascending.
    pub segments: Vec<usize>,
    /// Lengths of the pieces in bytes, as they follow each other: for each segment one of each rung, with its init segment.
    pub lengths: Vec<u64>,
}

impl Task {
    /// Bytes the input will have, where it still arrives.
    pub fn promised(&self) -> Option<u64> {
        match self {
            Self::Programme { promised, .. } => *promised,
            Self::Run { .. } | Self::Measure(_) => None,
        }
    }
}

/// The programme's plan and what was read of the source.
#[derive(Debug, Serialize, Deserialize)]
pub struct Planned {
    pub plan: Plan,
    pub source: SourceReport,
    /// Planned repeats of a picture.
    pub held: u64,
}

/// From a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Word {
    /// Ready for work.
    Hello {
        /// Of the binary: a worker of another build is sent away.
        build: String,
        /// What the kernel does not enforce.
        unenforced: Vec<String>,
    },
    /// Still there. Sent every [`BEAT_MS`].
    Beat {
        /// Per session a count that grows with every frame encoded and every stretch read.
        done: Vec<(u64, Done)>,
    },
    /// The decisions are taken. Descriptor: the plan as JSON, its grid still empty.
    Head { epoch: u64 },
    /// The plan is complete. Descriptors: [`Planned`] as JSON, the index.
    Planned { epoch: u64 },
    /// A finished piece. Descriptor: its bytes.
    Piece { epoch: u64, finished: Finished },
    /// A part of a session's work went on elsewhere in the worker, since the device could not take it.
    FellBack {
        epoch: u64,
        fallback: FallbackReport,
    },
    /// What was measured. Descriptor: a [`newsreel_model::report::Quality`] for each rung, as JSON.
    Measured { epoch: u64 },
    /// A session is over.
    Ended {
        epoch: u64,
        failure: Option<Failure>,
    },
}

/// How much a session has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Frames handed to encoders, over all rungs.
    pub frames: u64,
    /// Bytes read of the source.
    pub read: u64,
}

/// Milliseconds between two beats.
pub const BEAT_MS: u64 = 250;

/// An [`Error`] on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub detail: Option<String>,
}

impl From<&Error> for Failure {
    fn from(e: &Error) -> Self {
        // Messages are short by nature; what is not must not fill the socket.
        let cut = |s: &str| s.chars().take(4_000).collect::<String>();
        Self {
            code: e.code(),
            message: cut(e.message()),
            detail: e.detail().map(cut),
        }
    }
}

impl From<Failure> for Error {
    fn from(f: Failure) -> Self {
        let error = Self::new(f.code, f.message);
        match f.detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        }
    }
}

/// What tells one build from another: a worker is always the daemon's own binary, unless it was replaced meanwhile.
#[must_use]
pub fn build() -> String {
    format!(
        "{} {}",
        env!("CARGO_PKG_VERSION"),
        newsreel_media::ffi::versions()
    )
}
