//! What has to be done to a decoded picture before anything is made of it, so that it is upright, whole and cropped,
//! and in the colours it will be shown in. Part of the plan: decided once, the same in every run.
//!
//! Not here: how it is found out or done (`newsreel-media`), or sizes of rungs (see [`crate::plan`]).

use serde::{Deserialize, Serialize};

use crate::plan::Colour;

/// What is done to every decoded picture. The default is nothing, and costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditioning {
    /// How fields become pictures; `None` for what is progressive.
    pub deinterlace: Option<Deinterlace>,
    /// How film was spread over fields; `None` for what is no film, or where that is not clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulldown: Option<Pulldown>,
    /// The part that is shown; `None` for all of it.
    pub crop: Option<Crop>,
    /// How the picture is turned, after it was cropped.
    pub turn: Turn,
    /// The source's colour where samples are converted to the plan's; `None` where that is the source's own.
    pub from: Option<Colour>,
    /// What is known of an HDR source's light.
    pub light: Option<Light>,
}

/// How the two fields of a frame become pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deinterlace {
    /// Whether the field with the topmost line is the earlier one.
    pub top_first: bool,
    /// Whether each field becomes a picture, rather than each frame.
    pub every_field: bool,
}

/// How film's 24 pictures a second were spread over 60 fields (3:2 pulldown). Undone, each is there once, evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pulldown {
    /// By saying so: pictures are whole, and stand for two fields and three in turn.
    Times,
    /// In the pictures: of five frames two hold fields of different pictures, and one shows nothing new once fields are put
    /// together. `repeated` is that one's place among each five, 0–4, counted from the first frame.
    Fields {
        /// Its place.
        repeated: u32,
    },
}

/// A part of a picture in its own pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crop {
    /// Columns left out on the left; even.
    pub left: u32,
    /// Lines left out at the top; even, so that fields stay what they are.
    pub top: u32,
    /// Columns kept.
    pub width: u32,
    /// Lines kept.
    pub height: u32,
}

/// One of the eight ways to lay a rectangle on another: first rows may become columns, then each axis may be mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Whether rows become columns.
    pub transposed: bool,
    /// Whether left and right change places, afterwards.
    pub flip_x: bool,
    /// Whether top and bottom change places, afterwards.
    pub flip_y: bool,
}

/// What is known of an HDR source's light.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Light {
    /// The brightest light there is, in cd/m², 100–10,000.
    pub peak_nits: u32,
    /// SMPTE ST 2086 of the display it was made on.
    pub display: Option<MasteringDisplay>,
    /// MaxCLL and MaxFALL in cd/m².
    pub content: Option<(u32, u32)>,
}

/// The display a programme was made on, as SMPTE ST 2086 counts: chromaticities in 1/50,000, light in 1/10,000 cd/m².
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasteringDisplay {
    /// x and y of red, green and blue.
    pub primaries: [(u32, u32); 3],
    /// x and y of white.
    pub white: (u32, u32),
    /// Least light.
    pub min: u32,
    /// Most light.
    pub max: u32,
}

impl Conditioning {
    /// Whether there is nothing to do, so that a decoder's pictures can be used as they are.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.deinterlace.is_none()
            && self.crop.is_none()
            && self.turn == Turn::default()
            && self.from.is_none()
    }

    /// How many pictures come of a decoded frame, 1 or 2.
    #[must_use]
    pub fn pictures_per_frame(&self) -> u32 {
        1 + u32::from(self.deinterlace.is_some_and(|d| d.every_field))
    }

    /// How many frames before and after it a picture depends on.
    #[must_use]
    pub fn reach(&self) -> u32 {
        // The frame beside says which fields belong together, and what stays combed is made of its neighbours.
        let film = matches!(self.pulldown, Some(Pulldown::Fields { .. }));
        u32::from(self.deinterlace.is_some()) + u32::from(film)
    }
}
