//! Captions inside coded pictures (CEA-608, CEA-708), from the source's packets to the rungs' samples.
//!
//! They are gathered with the index, before anything is decoded, and placed on the output's frames once for the whole
//! programme: filters that change the rate never see them, and every run and every lane carries the same. Not their text.

mod line21;
mod place;
mod plan;
mod sei;
mod spans;
mod user_data;

pub use line21::{CHANNELS, Router};
pub use place::place;
pub use plan::{budget, found, in_rungs, renditions, settle};
pub use sei::nal;
pub use spans::{Spans, Triplet};
pub use user_data::UserData;

/// Captions of packets, by their ordinals in the index.
pub type Gathered = Spans<u32>;

/// Captions of output frames, by their times in ticks.
pub type Placed = Spans<i64>;
