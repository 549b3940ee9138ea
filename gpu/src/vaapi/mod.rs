//! VAAPI: Intel's and AMD's video engines. Not yet run on hardware: options and error paths alone are tested.

mod engine;
mod errors;
mod options;

pub use engine::Vaapi;
