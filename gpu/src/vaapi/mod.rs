//! VAAPI devices, Intel's and AMD's: asking them, saying what is wrong with them, and their engine, of which options and error
//! paths alone are tested: it has not yet run on hardware.
//!
//! Not here: decoding, scaling and encoding as such, which are libavcodec's and libavfilter's.

mod caps;
mod engine;
mod errors;
mod options;
mod probe;
#[allow(unsafe_code, reason = "the room of VAAPI's libraries")]
pub mod sys;

pub use engine::Vaapi;
pub use probe::probe;
