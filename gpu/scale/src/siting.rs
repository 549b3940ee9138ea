//! Where chroma samples lie between luma samples. Not which siting a stream has.

/// Where the chroma samples of a 4:2:0 picture lie (H.273 `chroma_sample_loc_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Siting {
    /// Type 0, the rule of MPEG-2 and of all later codecs where nothing is said: on every other luma column, between two rows.
    #[default]
    Left,
    /// Type 1, of MPEG-1 and JPEG: in the middle of four luma samples.
    Center,
    /// Type 2, of BT.2020 and BT.2100 programmes: on every other luma column and row.
    TopLeft,
}

impl Siting {
    /// Where the first chroma sample's centre lies along each axis, in luma samples from the picture's edge.
    pub(crate) fn phases(self) -> (f64, f64) {
        match self {
            Self::Left => (0.5, 1.0),
            Self::Center => (1.0, 1.0),
            Self::TopLeft => (0.5, 0.5),
        }
    }
}
