//! The record a job keeps of itself: `job.json` and the journal of finished segments.
//!
//! Not here: reading or writing it (the checkpoint port's implementations do).

use serde::{Deserialize, Serialize};

use crate::plan::{Fingerprint, Plan};
use crate::profile::Profile;

/// Version of the `job.json` layout; a newer one than ours is refused.
pub const JOB_FORMAT: u32 = 1;

/// Where a job stands. The first terminal state committed wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum JobState {
    /// Accepted, not started.
    Queued,
    /// Being worked on, or interrupted while it was.
    Running,
    /// Everything promised is there and passed the gate.
    Completed,
    /// It ended with an error.
    Failed,
    /// It was stopped on request.
    Cancelled,
}

impl JobState {
    /// The state as one word, as it is written in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One finished piece: a segment of a rung or of the sound, durable under its final name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Path relative to the job's directory, for example `video/720p/seg-00001.m4s`.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of the bytes, as hex.
    pub hash: String,
    /// Frames (video) or access units (audio) in it; 0 for an init segment.
    pub frames: u32,
    /// Frames in it that repeat the one before because the source's own could not be decoded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub concealed: u32,
    /// Which engine made it, for example `cpu/libx264`.
    pub made_by: String,
}

impl Finished {
    /// The frames in it that count as progress: those of a video segment, 0 for anything else.
    #[must_use]
    pub fn video_frames(&self) -> u64 {
        if self.path.starts_with("video/") && self.path.ends_with(".m4s") {
            u64::from(self.frames)
        } else {
            0
        }
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// `job.json`: spec, plan and fingerprint; once the job has ended, the journal too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Always `newsreel-job`: how a directory is recognised as a job's.
    pub kind: String,
    /// Layout version, [`JOB_FORMAT`].
    pub format: u32,
    /// UUID v7.
    pub id: String,
    /// The input as the user named it.
    pub input: String,
    /// Where the job stands.
    pub state: JobState,
    /// RFC 3339.
    pub created_at: String,
    /// Name of the profile.
    pub profile_name: String,
    /// The profile as resolved at submit.
    pub profile: Profile,
    /// What the plan was made from.
    pub fingerprint: Fingerprint,
    /// The frozen plan; absent until planning is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Every published file with its length and hash, filled in when the job ends.
    #[serde(default)]
    pub journal: Vec<Finished>,
}

/// What marks a `job.json` as ours.
pub const JOB_KIND: &str = "newsreel-job";

/// Relative paths of everything a job publishes, in one place so that no two rooms disagree.
pub mod layout {
    /// The record of the job.
    pub const JOB: &str = "job.json";
    /// What was done.
    pub const REPORT: &str = "report.json";
    /// The HLS multivariant playlist.
    pub const MASTER: &str = "master.m3u8";
    /// The DASH manifest.
    pub const MANIFEST: &str = "manifest.mpd";
    /// The poster picture.
    pub const POSTER: &str = "poster.jpg";
    /// All storyboard tiles in one picture.
    pub const STORYBOARD: &str = "storyboard.jpg";
    /// Where each storyboard tile is, and when it applies.
    pub const STORYBOARD_VTT: &str = "storyboard.vtt";
    /// Private to the job while it runs; never served, gone when the job is complete.
    pub const WORK: &str = ".work";

    /// `video/720p`.
    #[must_use]
    pub fn video_dir(rung: &str) -> String {
        format!("video/{rung}")
    }

    /// `audio/en`.
    #[must_use]
    pub fn audio_dir(rendition: &str) -> String {
        format!("audio/{rendition}")
    }

    /// `subs/en`.
    #[must_use]
    pub fn subtitle_dir(track: &str) -> String {
        format!("subs/{track}")
    }

    /// All of a track of subtitles, within its directory.
    pub const SUBTITLES_WHOLE: &str = "all.vtt";

    /// `seg-00001.vtt` for index 0.
    #[must_use]
    pub fn subtitle_segment(index: usize) -> String {
        format!("seg-{:05}.vtt", index + 1)
    }

    /// `init.mp4` within a rendition's directory.
    pub const INIT: &str = "init.mp4";

    /// `index.m3u8` within a rendition's directory.
    pub const INDEX: &str = "index.m3u8";

    /// `seg-00001.m4s` for index 0.
    #[must_use]
    pub fn segment(index: usize) -> String {
        format!("seg-{:05}.m4s", index + 1)
    }

    /// The index that [`segment`] gave a name to: 0 for `seg-00001.m4s`, `None` for any other name.
    #[must_use]
    pub fn segment_index(file: &str) -> Option<usize> {
        let number = file.strip_prefix("seg-")?.strip_suffix(".m4s")?;
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        (segment(index) == file).then_some(index)
    }

    /// `mp4/720p.mp4`.
    #[must_use]
    pub fn mp4(rung: &str) -> String {
        format!("mp4/{rung}.mp4")
    }

    /// `mp4/en.m4a`: what there is in place of MP4s where there is sound alone.
    #[must_use]
    pub fn m4a(rendition: &str) -> String {
        format!("mp4/{rendition}.m4a")
    }

    /// `thumbs/0001.jpg` for index 0.
    #[must_use]
    pub fn thumbnail(index: usize) -> String {
        thumbnail_in("", index)
    }

    /// `thumbs/teaser/0001.jpg` for index 0 in the size `teaser`; the usual size has no name.
    #[must_use]
    pub fn thumbnail_in(size: &str, index: usize) -> String {
        match size {
            "" => format!("thumbs/{:04}.jpg", index + 1),
            size => format!("thumbs/{size}/{:04}.jpg", index + 1),
        }
    }

    /// `thumbs/teaser/poster.jpg` in the size `teaser`; the usual size has no name.
    #[must_use]
    pub fn poster_in(size: &str) -> String {
        match size {
            "" => POSTER.to_owned(),
            size => format!("thumbs/{size}/{POSTER}"),
        }
    }

    /// The size of a thumbnail or poster by its path, and the index of a thumbnail; `None` for a path that no size gives.
    #[must_use]
    pub fn picture(path: &str) -> Option<(&str, Option<usize>)> {
        if path == POSTER {
            return Some(("", None));
        }
        let below = path.strip_prefix("thumbs/")?;
        let (size, file) = below.split_once('/').unwrap_or(("", below));
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !size.bytes().all(plain) {
            return None;
        }
        if file == POSTER && !size.is_empty() {
            return Some((size, None));
        }
        let index = file.strip_suffix(".jpg")?.parse::<usize>().ok()?;
        let index = index.checked_sub(1)?;
        (thumbnail_in(size, index) == path).then_some((size, Some(index)))
    }
}
