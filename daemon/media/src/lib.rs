//! Everything that touches media: probing, indexing, planning, the pipeline, packaging and the gate.
//!
//! Not here: which job runs when, where its bytes are published, or any choice of encoder options (the engines make those).

pub mod ffi;

mod aperture;
pub mod arriving;
pub mod audio;
pub mod boxes;
pub mod captions;
pub mod condition;
mod decide;
pub mod engine;
mod errors;
mod film;
mod frames;
pub mod gate;
pub mod geometry;
pub mod hardware;
pub mod index;
pub mod measure;
pub mod mend;
pub mod package;
pub mod pictures;
pub mod pipeline;
pub mod prepare;
pub mod probe;
pub mod reader;
pub mod resume;
pub mod slots;
pub mod software;
pub mod software_scaler;
pub mod software_split;
mod sound_alone;
pub mod sources;
pub mod text;
mod timecode;
pub mod timeline;
mod timing;
