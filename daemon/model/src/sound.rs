//! The sound of a plan: its renditions, where their channels come from, and what each is for. Not how they were chosen.

use serde::{Deserialize, Serialize};

/// What a rendition is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioRole {
    /// The programme's sound in one language.
    #[default]
    Main,
    /// The programme's sound spoken anew in another language.
    Dub,
    /// Somebody talks about the programme.
    Commentary,
    /// The pictures are described for people who do not see them.
    Description,
    /// Speech is easier to understand.
    ClearSpeech,
    /// Everything but speech.
    Effects,
}

impl AudioRole {
    /// What a directory's name has after the language; `None` for the programme's own sound.
    #[must_use]
    pub fn suffix(self) -> Option<&'static str> {
        match self {
            Self::Main => None,
            Self::Dub => Some("dub"),
            Self::Commentary => Some("commentary"),
            Self::Description => Some("description"),
            Self::ClearSpeech => Some("clear"),
            Self::Effects => Some("effects"),
        }
    }

    /// In words, for a player's menu; `None` for the programme's own sound.
    #[must_use]
    pub fn in_words(self) -> Option<&'static str> {
        match self {
            Self::Main => None,
            Self::Dub => Some("dubbed"),
            Self::Commentary => Some("commentary"),
            Self::Description => Some("audio description"),
            Self::ClearSpeech => Some("clear speech"),
            Self::Effects => Some("without speech"),
        }
    }

    /// Whether a player may choose it unasked, by the listener's language and needs.
    #[must_use]
    pub fn is_chosen_unasked(self) -> bool {
        !matches!(self, Self::Commentary | Self::Effects)
    }
}

/// One stream that a rendition takes channels from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioInput {
    /// Stream index in the source.
    pub stream: usize,
    /// How many channels of the rendition it gives.
    pub channels: u32,
    /// Whether the stream's first channels are taken as they are, the others left out, rather than all mixed down: its
    /// channels are tracks of a recorder and not one sound.
    pub first_channels: bool,
}

/// How loud a rendition is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoudnessPlan {
    /// What it is brought to, in LUFS.
    pub target_lufs: f64,
    /// How loud the source is, in LUFS; `None` where nothing can be heard.
    pub measured_lufs: Option<f64>,
    /// How much of the source was measured, in seconds from the programme's start.
    pub measured_s: f64,
    /// Whether that was all of it.
    pub whole: bool,
    /// What every sample is raised by, in dB: one gain for the whole programme.
    pub gain_db: f64,
}

/// One rendition of the sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioPlan {
    /// Its directory under `audio`: `en`, `en-commentary`; unique within the plan.
    pub name: String,
    /// For a player's menu; unique within the plan.
    pub title: String,
    /// BCP 47 language, `und` when unknown.
    pub language: String,
    /// What it is for.
    pub role: AudioRole,
    /// Where its channels come from, left before right.
    pub inputs: Vec<AudioInput>,
    /// Output sample rate in Hz, also the track's timescale.
    pub sample_rate: u32,
    /// Output channels: 1, 2, or 6 for 5.1.
    pub channels: u32,
    /// AAC bitrate in bit/s.
    pub bitrate_bps: u64,
    /// How loud it is made; `None`: as loud as it was.
    pub loudness: Option<LoudnessPlan>,
    /// Whether peaks are held at or below −1 dBTP: where channels are added up, or a gain is applied.
    pub limited: bool,
}

impl AudioPlan {
    /// Whether it keeps more channels than stereo.
    #[must_use]
    pub fn is_surround(&self) -> bool {
        self.channels > 2
    }

    /// Whether a player may choose it unasked. Of two that differ in their channels alone, only stereo.
    #[must_use]
    pub fn is_chosen_unasked(&self) -> bool {
        self.role.is_chosen_unasked() && !self.is_surround()
    }
}
