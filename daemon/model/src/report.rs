//! `report.json`: what was done, for people and for the CMS. Nothing in it is needed to resume a job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::job::JobState;
use crate::plan::{AudioRole, CaptionPlan, LoudnessPlan, Warning};

/// How like its source a rung is: its pictures beside the source's, conditioned and scaled as they were meant to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Quality {
    /// Peak signal-to-noise ratio over all planes and measured pictures, in dB, 0–100; 100 where nothing differs.
    pub psnr_db: f64,
    /// The same of luma alone.
    pub psnr_luma_db: f64,
    /// The same as `psnr_db`, of the picture that is least like.
    pub psnr_least_db: f64,
    /// Structural similarity over all planes, the mean of the pictures, up to 1.
    pub ssim: f64,
    /// Pictures that were measured.
    pub frames: u32,
    /// Seconds of the programme that were measured, spread evenly over it.
    pub measured_s: f64,
}

/// What happened to one rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RungReport {
    /// `720p`.
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Where it was encoded, for example `cpu`.
    pub device: String,
    /// With what, for example `libx264`.
    pub encoder: String,
    /// Output frames.
    pub frames: u64,
    /// Segments.
    pub segments: usize,
    /// Who made how many of its segments, as `device/encoder`: more than one where work moved between devices.
    pub made_by: BTreeMap<String, usize>,
    /// Segments taken over from an earlier, interrupted run of the job.
    pub segments_reused: usize,
    /// Bytes of all its segments.
    pub bytes: u64,
    /// Average over the programme in bit/s.
    pub average_bps: u64,
    /// The highest average of one segment in bit/s.
    pub peak_segment_bps: u64,
    /// How like the source it is, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// What became of one rendition of the sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundReport {
    /// `en`: its directory under `audio`.
    pub name: String,
    /// BCP 47 language, `und` when unknown.
    pub language: String,
    /// What it is for.
    pub role: AudioRole,
    /// Streams of the source it was made from.
    pub streams: Vec<usize>,
    /// Channels.
    pub channels: u32,
    /// How loud it was and was made; `None`: it is as loud as it was.
    pub loudness: Option<LoudnessPlan>,
    /// Segments.
    pub segments: usize,
    /// Segments taken over from an earlier, interrupted run of the job.
    pub segments_reused: usize,
    /// Bytes of all its segments.
    pub bytes: u64,
}

/// How the work of a job left a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FallbackReport {
    /// The device that was left, for example `cuda:0`.
    pub from: String,
    /// Where the rest went: the same where only its lane changed, `cuda:0+cpu` where one rung alone moved to the cores.
    pub to: String,
    /// The first segment that was still to be made, counted from 1 as in file names. What stood before it is unchanged.
    pub segment: usize,
    /// Stable code of what happened.
    pub code: String,
    /// In words.
    pub reason: String,
}

/// What was read from the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    /// Container as libavformat names it.
    pub container: String,
    /// Video codec as libavcodec names it; empty for sound alone.
    pub video_codec: String,
    /// Pixels; 0 for sound alone.
    pub width: u32,
    /// Pixels; 0 for sound alone.
    pub height: u32,
    /// What the container's header claims, if it claims anything.
    pub header_duration_s: Option<f64>,
    /// What was really there.
    pub duration_s: f64,
    /// Video packets read.
    pub packets: u64,
    /// Timecode of the first picture as the container says it, `;` before the frames of a drop-frame one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timecode: Option<String>,
}

/// How the frames of the programme came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameReport {
    /// Frames of the plan, the same for every rung.
    pub planned: u64,
    /// Planned repeats of a frame that is held across a grid line or to the end of the sound.
    pub held: u64,
    /// Frames that repeat the one before because the source's own could not be decoded.
    pub concealed: u64,
    /// Frames at the start that could not be decoded and were left out.
    pub skipped_at_start: u64,
}

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How the job ended.
    pub state: JobState,
    /// Seconds from start to end of this execution.
    pub wall_s: f64,
    /// Seconds until the first thumbnail was there, if this execution made it.
    pub first_thumbnail_s: Option<f64>,
    /// Seconds until the lowest rung could be played, if this execution made it.
    pub first_playable_s: Option<f64>,
    /// Length of the programme in seconds.
    pub duration_s: f64,
    /// How many runs the encode was cut into, the head start not counted.
    pub runs: usize,
    /// The source.
    pub source: SourceReport,
    /// The frames.
    pub frames: FrameReport,
    /// The ladder.
    pub rungs: Vec<RungReport>,
    /// The sound.
    pub sounds: Vec<SoundReport>,
    /// Captions inside the source's pictures; `None` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captions: Option<CaptionPlan>,
    /// How the work left devices, in order.
    pub fallbacks: Vec<FallbackReport>,
    /// What the user should know.
    pub warnings: Vec<Warning>,
}
