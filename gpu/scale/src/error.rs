//! Why a picture cannot be scaled by the kernel. Not what is done instead.

use std::fmt;

/// What the kernel cannot do; another scaler can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// No rung, or more than [`crate::block::MAX_RUNGS`].
    RungCount(usize),
    /// A rung's size is zero, odd or above 16384.
    RungSize(u32, u32),
    /// The crop is empty or not within the source, or the source is larger than 16384.
    Crop,
    /// The source is so much larger or smaller than a rung that no tile fits into a block's shared memory.
    Ratio,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RungCount(count) => write!(
                f,
                "{count} rungs in one launch; there may be 1 to {}",
                crate::block::MAX_RUNGS
            ),
            Self::RungSize(width, height) => write!(
                f,
                "a rung of {width}x{height}; both must be even, at least 2 and at most 16384"
            ),
            Self::Crop => f.write_str("the crop is empty or not within the source"),
            Self::Ratio => f.write_str("the sizes of source and rung are too far apart"),
        }
    }
}

impl std::error::Error for PlanError {}
