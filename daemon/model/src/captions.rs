//! The captions inside a source's pictures (CEA-608 and CEA-708): what was found, and where it goes. Not their text.

use serde::{Deserialize, Serialize};

/// What the pictures of a source carry, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptionPlan {
    /// The channels of CEA-608 that say something, 1–4 for CC1 to CC4, ascending. Each is a track of subtitles too.
    pub channels: Vec<u8>,
    /// Whether there are services of CEA-708 as well. They stay with the picture; their text is not read.
    pub services: bool,
    /// Whether the rungs carry them inside their pictures, as the source did.
    pub in_rungs: bool,
}
