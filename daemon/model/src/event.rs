//! What happens to a job, as everyone outside is told it. Not here: how it is stored or delivered.

use serde::{Deserialize, Serialize};

use crate::pictures::PictureSet;
use crate::plan::Warning;
use crate::report::FallbackReport;

/// Which part of the work a running job is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Phase {
    /// Reading the source and making the plan.
    Probing,
    /// Making segments.
    Encoding,
    /// Stitching MP4s, writing final playlists, checking.
    Packaging,
    /// Bringing what is missing to an object store, and checking it there.
    Delivering,
}

/// What a job took of a daemon's devices since the daemon was started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Seconds of whole devices: a quarter of the cores for four seconds is one.
    pub device_s: f64,
    /// At the configured prices.
    pub cost: f64,
    /// What `cost` is in.
    pub currency: String,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// A job was accepted.
    #[serde(rename = "job.queued")]
    Queued {},
    /// A job gave its place to another and waits to go on.
    #[serde(rename = "job.preempted")]
    Preempted {},
    /// What was left of a part of the job went to another device, or to another lane of the same.
    #[serde(rename = "job.fell_back")]
    FellBack {
        /// What it did and why.
        #[serde(flatten)]
        fallback: FallbackReport,
    },
    /// A job was stopped on request.
    #[serde(rename = "job.cancelled")]
    Cancelled {},
    /// A device is out of use until it passes its self-test.
    #[serde(rename = "device.quarantined")]
    DeviceQuarantined {
        /// Which.
        device: String,
    },
    /// A device is in use again.
    #[serde(rename = "device.restored")]
    DeviceRestored {
        /// Which.
        device: String,
    },
    /// Work began.
    #[serde(rename = "job.started")]
    Started {
        /// The job.
        job_id: String,
        /// Segments kept from an earlier execution, over all rungs.
        segments_reused: usize,
    },
    /// Another part of the work began.
    #[serde(rename = "job.phase")]
    Phase {
        /// The part.
        phase: Phase,
    },
    /// Poster and thumbnails are there.
    #[serde(rename = "thumbnails.ready")]
    ThumbnailsReady {
        /// Their paths relative to the job's directory.
        paths: Vec<String>,
        /// The same by size, the usual one first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sets: Vec<PictureSet>,
    },
    /// The first rung can be played from its start.
    #[serde(rename = "output.playable")]
    Playable {
        /// Path of the playlist relative to the job's directory.
        playlist: String,
    },
    /// Everything is in the object store that the job's destination is in, and was verified there.
    #[serde(rename = "output.delivered")]
    Delivered {
        /// `s3://BUCKET/PREFIX`.
        destination: String,
        /// How many files are there.
        files: usize,
        /// Bytes they have together.
        bytes: u64,
    },
    /// Counted progress; transient.
    #[serde(rename = "job.progress")]
    Progress {
        /// Frames encoded and published over all rungs.
        frames_done: u64,
        /// Frames to publish over all rungs, once known.
        frames_total: u64,
        /// Programme seconds encoded per second.
        speed: f64,
        /// Seconds left at this speed.
        eta_s: Option<f64>,
    },
    /// Something to know.
    #[serde(rename = "job.warning")]
    Warning {
        /// What.
        #[serde(flatten)]
        warning: Warning,
    },
    /// Everything promised is there.
    #[serde(rename = "job.completed")]
    Completed {
        /// Seconds it took.
        wall_s: f64,
        /// What it took of the daemon's devices; absent outside a daemon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spent: Option<Spent>,
    },
    /// It ended with an error.
    #[serde(rename = "job.failed")]
    Failed {
        /// Stable code.
        code: String,
        /// Words for the user.
        message: String,
    },
}
