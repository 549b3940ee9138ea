//! What a profile asks for: a ladder of rungs, how their rate is controlled, sound, thumbnails.
//!
//! Not here: the built-in profiles and the reading of TOML (see `newsreel-config`), or what a given source gets (see [`crate::plan`]).

use serde::{Deserialize, Serialize};

use crate::pictures::PictureSize;

/// How a video codec is named in profiles and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum VideoCodec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    Hevc,
    /// AV1.
    Av1,
}

/// How a rung's bits are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum RateControl {
    /// Constant quality under the rung's cap: independent runs agree at their joints. The default.
    CappedCrf,
    /// Constant quality without a cap.
    Crf,
    /// The rung's bitrate on average; one run per rung.
    Average,
    /// The rung's bitrate at every moment; one run per rung.
    Constant,
}

impl RateControl {
    /// Whether a rung may be encoded as several independent runs without its rate being spent twice or starved.
    #[must_use]
    pub fn allows_independent_runs(self) -> bool {
        matches!(self, Self::CappedCrf | Self::Crf)
    }
}

/// One step of the ladder as a profile asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RungSpec {
    /// Short side in pixels, 16–8192; the rung is named after it (`720p`). Left out: the source's own size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub short_side_px: Option<u32>,
    /// Cap (or target, by `rate_control`) in kbit/s, 16–400,000. Left out only with `crf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub bitrate_kbps: Option<u32>,
}

/// How loud the sound is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Loudness {
    /// As loud as it was.
    #[default]
    AsIs,
    /// −23 LUFS, as EBU R 128 has it for broadcasting.
    EbuR128,
    /// −16 LUFS, as is usual for phones and the web.
    Web,
}

impl Loudness {
    /// What is aimed at, in LUFS; `None` for sound that stays as it is.
    #[must_use]
    pub fn target_lufs(self) -> Option<f64> {
        match self {
            Self::AsIs => None,
            Self::EbuR128 => Some(-23.0),
            Self::Web => Some(-16.0),
        }
    }
}

/// How much of the sound is measured before any of it is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Measured {
    /// Its beginning.
    #[default]
    Head,
    /// All of it: everything waits until the source was read once.
    Whole,
}

/// The sound of every rendition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AudioSpec {
    /// AAC-LC bitrate in kbit/s for stereo, 16–512; mono takes half.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub bitrate_kbps: u32,
    /// The most channels kept, 1–2; more are mixed down.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub max_channels: u32,
    /// Whether surround sound is kept as a 5.1 rendition of its own, beside the mixed-down one.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub surround: bool,
    /// How loud it is made.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub loudness: Loudness,
    /// How much is measured for it.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub loudness_measured: Measured,
}

impl Default for AudioSpec {
    fn default() -> Self {
        Self {
            bitrate_kbps: 128,
            max_channels: 2,
            surround: false,
            loudness: Loudness::AsIs,
            loudness_measured: Measured::Head,
        }
    }
}

/// Pictures made before anything is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThumbnailSpec {
    /// How many thumbnails, 0–100: one for each equal part of the programme, sharp and of a scene of its own where there is one.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub count: u32,
    /// Width in pixels, 16–4096; the height follows the picture's shape.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub width_px: u32,
    /// How many tiles the storyboard has at most, 0–400; 0 makes none.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub storyboard_tiles: u32,
    /// Width of one storyboard tile in pixels, 16–640.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub storyboard_tile_width_px: u32,
    /// Further sizes of poster and thumbnails, at most 8.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(required = false, max_items = 8))]
    pub sizes: Vec<PictureSize>,
}

impl Default for ThumbnailSpec {
    fn default() -> Self {
        Self {
            count: 10,
            width_px: 640,
            storyboard_tiles: 100,
            storyboard_tile_width_px: 160,
            sizes: Vec::new(),
        }
    }
}

/// Whether the source's own timing is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum FrameTiming {
    /// One output frame per source frame, at its own time: a variable rate stays variable.
    #[default]
    Source,
    /// A constant rate: the source's nominal one; frames are repeated or left out to fit.
    Constant,
}

/// What becomes of an interlaced source's fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Deinterlacing {
    /// Each frame becomes one picture: 25 of them from 50 fields.
    #[default]
    Frame,
    /// Each field becomes a picture: 50 of them from 50 fields, moving as smoothly as the source.
    Field,
    /// They stay as they are, comb lines and all.
    Off,
}

/// What becomes of an HDR source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum HdrUse {
    /// It is mapped to SDR, which everything shows.
    #[default]
    Sdr,
    /// It stays HDR, with ten bits; `codec` has to be "hevc".
    Keep,
}

/// Whose the choice of a constant-quality level is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum QualityChoice {
    /// The profile's: `crf`.
    #[default]
    Fixed,
    /// Each title's: as little as looks alike, never better than `crf`. The lowest rung, which is made before anything is
    /// known, keeps `crf`.
    Auto,
}

impl QualityChoice {
    fn is_fixed(&self) -> bool {
        *self == Self::Fixed
    }
}

/// A named way to encode: what a job's `profile` refers to, frozen into the job when it is submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Profile {
    /// Video codec of every rung.
    #[serde(default = "default_codec")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub codec: VideoCodec,
    /// The encoder's own preset name (`veryfast` for libx264 and libx265, `8` for SVT-AV1). Left out: the engine's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub preset: Option<String>,
    /// How the bits are spent.
    #[serde(default = "default_rate_control")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub rate_control: RateControl,
    /// Constant-quality level, 0–63 (51 for H.264 and HEVC); lower is better.
    #[serde(default = "default_crf")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub crf: u32,
    /// Length of a segment in seconds, 1–30.
    #[serde(default = "default_segment_s")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub segment_s: f64,
    /// Length of the first segment in seconds, 1 to `segment_s`: shorter starts sooner.
    #[serde(default = "default_first_segment_s")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub first_segment_s: f64,
    /// Whether a variable frame rate is kept.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub frame_timing: FrameTiming,
    /// What becomes of an interlaced source's fields.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub deinterlace: Deinterlacing,
    /// What becomes of an HDR source.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub hdr: HdrUse,
    /// Whether each title finds its own constant-quality level.
    // Left out where it is what it always was, so that jobs that were begun before it was there go on.
    #[serde(default, skip_serializing_if = "QualityChoice::is_fixed")]
    pub quality: QualityChoice,
    /// The ladder, 1–12 rungs. Rungs above the source are dropped.
    pub rungs: Vec<RungSpec>,
    /// The sound.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub audio: AudioSpec,
    /// The pictures.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub thumbnails: ThumbnailSpec,
}

fn default_codec() -> VideoCodec {
    VideoCodec::H264
}
fn default_rate_control() -> RateControl {
    RateControl::CappedCrf
}
fn default_crf() -> u32 {
    23
}
fn default_segment_s() -> f64 {
    4.0
}
fn default_first_segment_s() -> f64 {
    2.0
}
