//! ISO BMFF boxes, read and written byte by byte. Not a demuxer: no codec data is looked into beyond what names the codec.

pub mod codec;
pub mod cursor;
pub mod fragment;
pub mod fragment_read;
pub mod init;
pub mod parameter_sets;
pub mod walk;
pub mod write;

pub use fragment::{FragmentInfo, Sample, write_fragment};
pub use fragment_read::{read_moof, read_segment};
pub use init::{InitInfo, read_init, with_edit_list};
pub use parameter_sets::carries;
pub use walk::BoxError;
