//! The plan of a job: every decision about source, timing, geometry and rungs, taken once and then only executed.
//!
//! Not here: how the decisions are taken (`newsreel-media`), or the per-frame timeline, which is rebuilt from the source
//! and compared by its digest.

use serde::{Deserialize, Serialize};

use crate::conditioning::Conditioning;
use crate::grid::Grid;
use crate::profile::{AudioSpec, FrameTiming, RateControl, ThumbnailSpec, VideoCodec};
use crate::rational::Rational;

pub use crate::captions::CaptionPlan;
pub use crate::sound::{AudioInput, AudioPlan, AudioRole, LoudnessPlan};
pub use crate::subtitle::{SubtitleOrigin, SubtitlePlan};
pub use crate::timecode::Timecode;

/// How a source is told from another, and whether the code that made the plan is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Length of the input in bytes.
    pub input_bytes: u64,
    /// BLAKE3 of the input's first, middle and last MiB, as hex.
    pub input_sample: String,
    /// BLAKE3 of the resolved profile, as hex.
    pub profile: String,
    /// Newsreel's version and the versions of the libav libraries.
    pub libraries: String,
}

/// How decoded frames are matched with planned ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// Every packet has a presentation time: a frame is known by its packet, from any verified entry point.
    ByPacket,
    /// Presentation times are missing: frames are counted from the start, so the source is decoded as one run.
    ByCount,
}

/// Colour description as ISO/IEC 23091-2 code points; 2 is "unspecified".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colour {
    /// Colour primaries.
    pub primaries: u8,
    /// Transfer characteristics.
    pub transfer: u8,
    /// Matrix coefficients.
    pub matrix: u8,
    /// Whether the source's samples use the full range. Rungs are always limited range.
    pub full_range: bool,
}

impl Colour {
    /// What everything shows that is not made for HDR: BT.709, limited range.
    pub const SDR: Self = Self {
        primaries: 1,
        transfer: 1,
        matrix: 1,
        full_range: false,
    };

    /// Whether it is HDR: PQ (SMPTE ST 2084) or HLG (ARIB STD-B67).
    #[must_use]
    pub fn is_hdr(self) -> bool {
        matches!(self.transfer, 16 | 18)
    }
}

/// One rung as it will be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RungPlan {
    /// `720p`: the short side, unique within the plan; also the directory name.
    pub name: String,
    /// Even, in square pixels.
    pub width: u32,
    /// Even, in square pixels.
    pub height: u32,
    /// Codec of this rung.
    pub codec: VideoCodec,
    /// How its bits are spent.
    pub rate_control: RateControl,
    /// Cap or target in bit/s; `None` without a cap.
    pub bitrate_bps: Option<u64>,
    /// Size of the rate buffer in bits at `bitrate_bps`; every window of the stream, joints between runs included,
    /// stays within `bitrate_bps × window + buffer_bits`.
    pub buffer_bits: Option<u64>,
    /// Quality level for the constant-quality modes.
    pub crf: u32,
    /// Preset name, `None` for the engine's default.
    pub preset: Option<String>,
}

/// The picture. Where the source is sound alone, only the clock in it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoPlan {
    /// Stream index in the source; the sound's where there is no picture.
    pub stream: usize,
    /// Source time base.
    pub source_time_base: Rational,
    /// Source time that becomes 0 in the output, in `source_time_base`.
    pub origin: i64,
    /// Output ticks per second, the same for every rung.
    pub timescale: u32,
    /// Nominal frame rate, where the source has one.
    pub frame_rate: Option<Rational>,
    /// Usual length of a frame in ticks: the last frame's length, and a stand-in for missing times.
    pub frame_ticks: i64,
    /// Whether source timing is kept.
    pub frame_timing: FrameTiming,
    /// How frames are recognised.
    pub matching: Matching,
    /// Rank in presentation order of the first packet that decodes; earlier ones are left out.
    pub first_rank: u64,
    /// Source size in pixels, 0 for sound alone.
    pub source_width: u32,
    /// Source size in pixels.
    pub source_height: u32,
    /// Pixel shape of the source; rungs have square pixels.
    pub sample_aspect: Rational,
    /// Colour of the conditioned picture, carried to the rungs and written into them.
    pub colour: Colour,
    /// What is done to a decoded picture before anything is made of it.
    #[serde(default)]
    pub conditioning: Conditioning,
    /// The ladder, largest first; empty for sound alone.
    pub rungs: Vec<RungPlan>,
    /// BLAKE3 of the per-frame timeline, as hex: what makes a rebuilt timeline the same one. Empty in a head plan.
    pub timeline_digest: String,
}

/// Everything decided before the first frame is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the profile it came from.
    pub profile: String,
    /// Nominal length of a segment in seconds.
    pub segment_s: f64,
    /// Nominal length of the first segment in seconds.
    pub first_segment_s: f64,
    /// `EXT-X-TARGETDURATION` in seconds, fixed at the start.
    pub target_duration_s: u32,
    /// The picture.
    pub video: VideoPlan,
    /// The sound's renditions, the default one first; empty without sound.
    pub audio: Vec<AudioPlan>,
    /// Tracks of subtitles.
    #[serde(default)]
    pub subtitles: Vec<SubtitlePlan>,
    /// Captions inside the source's pictures; `None` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captions: Option<CaptionPlan>,
    /// Timecode of the first frame, where the source has one and a constant rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timecode: Option<Timecode>,
    /// Sound wishes of the profile.
    pub audio_spec: AudioSpec,
    /// Pictures to make.
    pub thumbnails: ThumbnailSpec,
    /// Where the segments are.
    pub grid: Grid,
    /// What the user should know about the source, found while planning.
    pub warnings: Vec<Warning>,
}

impl Plan {
    /// `ticks` in seconds.
    #[must_use]
    #[allow(
        clippy::cast_precision_loss,
        reason = "ticks stay far below 2^53: a programme is limited to days"
    )]
    pub fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 / f64::from(self.video.timescale)
    }

    /// The programme's length in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.seconds(self.grid.duration_ticks())
    }

    /// Whether the source has no picture: then there are no rungs, and the grid has no frames.
    #[must_use]
    pub fn is_sound_alone(&self) -> bool {
        self.video.rungs.is_empty() && self.video.source_width == 0
    }

    /// Output time base.
    #[must_use]
    pub fn time_base(&self) -> Rational {
        Rational::new(1, i32::try_from(self.video.timescale).unwrap_or(i32::MAX))
    }
}

/// Something the user should know that does not fail the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Warning {
    /// A stable name such as `source_truncated`.
    pub code: String,
    /// What it means for this job.
    pub message: String,
}

impl Warning {
    /// A warning with a stable code.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}
