//! The subtitles of a plan: which there are and where they come from. Not their text.

use serde::{Deserialize, Serialize};

/// Where a track of subtitles comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubtitleOrigin {
    /// A stream of the source, by its index.
    Stream(usize),
    /// A file beside the source, by its place among those that came with the job.
    Sidecar(usize),
    /// A translation of another track, by its place in the plan.
    Translation(usize),
    /// A channel of the captions inside the pictures, 1–4 for CC1 to CC4.
    Caption(u8),
}

/// One track of subtitles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtitlePlan {
    /// Its directory under `subs`: `en`, `en-2`; unique within the plan.
    pub name: String,
    /// For a player's menu; unique within the plan.
    pub title: String,
    /// BCP 47 language, `und` when unknown.
    pub language: String,
    /// Where it comes from.
    pub origin: SubtitleOrigin,
    /// Whether everybody is to see it: what is spoken in another language than the rest.
    pub forced: bool,
    /// Whether it says what is heard too, for people who do not hear.
    pub for_the_deaf: bool,
}

/// A file of subtitles beside a source, as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// BCP 47 language, as it was given; empty when it was not.
    pub language: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}
