//! Object stores that speak S3: what an `s3://` address means, and the way there. Not here: what is read from one
//! (`crate::fetch`), or what a configuration may say (`newsreel-config`).

mod address;
mod bucket;
mod delivered;
pub mod delivery;
mod fault;
mod kinds;
mod wire;

pub use address::{Place, is_s3};
pub use bucket::Bucket;
pub use delivered::Delivered;
pub use fault::Fault;
pub use wire::runtime;
