//! What a container marks a stream of sound or text as. Not which streams are taken.

use ffmpeg_sys_next as sys;
use newsreel_model::plan::AudioRole;

/// The dispositions of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub(super) i32);

impl Marks {
    fn has(self, flag: i32) -> bool {
        self.0 & flag != 0
    }

    /// What sound with these marks is for.
    #[must_use]
    pub fn role(self) -> AudioRole {
        // What narrows the audience most comes first: a described commentary is still a description.
        [
            (sys::AV_DISPOSITION_VISUAL_IMPAIRED, AudioRole::Description),
            (sys::AV_DISPOSITION_DESCRIPTIONS, AudioRole::Description),
            (sys::AV_DISPOSITION_HEARING_IMPAIRED, AudioRole::ClearSpeech),
            (sys::AV_DISPOSITION_COMMENT, AudioRole::Commentary),
            (sys::AV_DISPOSITION_CLEAN_EFFECTS, AudioRole::Effects),
            (sys::AV_DISPOSITION_DUB, AudioRole::Dub),
        ]
        .into_iter()
        .find(|(flag, _)| self.has(*flag))
        .map_or(AudioRole::Main, |(_, role)| role)
    }

    /// Whether text with these marks is for people who do not hear.
    #[must_use]
    pub fn is_for_the_deaf(self) -> bool {
        self.has(sys::AV_DISPOSITION_HEARING_IMPAIRED) || self.has(sys::AV_DISPOSITION_CAPTIONS)
    }

    /// Whether text with these marks is to be shown to everybody: what is spoken in another language.
    #[must_use]
    pub fn is_forced(self) -> bool {
        self.has(sys::AV_DISPOSITION_FORCED)
    }
}
