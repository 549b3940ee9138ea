//! Our own scaling kernel. Its source is `gpu/src/nvidia/kernels/scale.cu`; this computes the same from the same arguments.

use super::{Arguments, Grid};
use crate::abi::{Answer, CuError};
use crate::report;

/// Its name in the PTX.
pub const NAME: &str = "newsreel_scale";

/// All rungs of one decoded picture, in one launch.
///
/// # Errors
/// Always, for now: its argument block is not settled.
pub fn scale(_grid: &Grid, _arguments: &Arguments) -> Answer {
    report::violation(format!("{NAME} is not emulated yet"));
    Err(CuError::NOT_SUPPORTED)
}
