//! Turns finished segments into what players open: playlists, a manifest, plain MP4s. Nothing is encoded here, and nothing published.

pub mod dash;
pub mod dash_read;
pub mod hls;
pub mod hls_read;
pub mod moov;
pub mod mp4;
pub mod segment_file;
pub mod tables;
pub mod timecode;
