//! What a device's capacity is, from measurements, from what happens on it, or from a guess by its model.
//!
//! Pure arithmetic. Not here: the measuring itself ([`crate::trial`]), where results are kept (`Store::calibrate`), or who gets what.
//!
//! Rates are of luma pixels: decoding and encoding in those of the pictures, scaling in those of the pictures it makes.

mod correct;
mod measure;
mod seed;
mod sessions;

pub use correct::corrected;
pub use measure::{Measured, Measurement, Throughput, capacity, vram_cost};
pub use seed::seed;
pub use sessions::{NO_KNOWN_CAP, SessionCap};
