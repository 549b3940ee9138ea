//! The settings of translated subtitles: which server translates them, and into what.

use serde::{Deserialize, Serialize};

use crate::webhooks::Secret;

/// Subtitles in further languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Translation {
    /// Address of a server that speaks as LibreTranslate does, up to and without `/translate`; nothing is translated when it is
    /// empty.
    pub url: String,
    /// What the server wants as `api_key`, if anything.
    pub secret: Secret,
    /// BCP 47 languages to translate into, at most 20, each of 2–8 characters.
    pub languages: Vec<String>,
    /// Seconds after which a job goes without what is not translated, 1–600.
    pub give_up_s: u32,
    /// Networks of this site that the server may be in, as `10.1.0.0/16`.
    pub allowed_networks: Vec<String>,
}

impl Default for Translation {
    fn default() -> Self {
        Self {
            url: String::new(),
            secret: Secret::default(),
            languages: Vec::new(),
            give_up_s: 20,
            allowed_networks: Vec::new(),
        }
    }
}
