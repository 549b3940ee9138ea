//! One of libavfilter's filters on pictures in device memory, one in, one out. Not the choice of a filter.

use ffmpeg_sys_next as sys;

use super::{AvError, Frame, Graph, HwFrame, Received};

/// A filter with what its pictures must be like; a change needs another one.
pub struct HwFilter {
    graph: Graph,
    pool: usize,
    size: (u32, u32),
}

impl HwFilter {
    /// A graph for pictures like `first`; `filter` is in libavfilter's notation, for example
    /// `scale_cuda=w=640:h=360:format=nv12`. `extra` is how many pictures of a fixed pool its user may hold.
    ///
    /// # Errors
    /// There is no such filter, it refuses an option or the pictures' format.
    pub fn new(first: &HwFrame, filter: &str, extra: u32) -> Result<Self, AvError> {
        Ok(Self {
            graph: Graph::new(first.as_frame(), filter, extra)?,
            pool: first.pool_address(),
            size: (first.width(), first.height()),
        })
    }

    /// Whether it was made for pictures like this one.
    #[must_use]
    pub fn takes(&self, picture: &HwFrame) -> bool {
        picture.pool_address() == self.pool && self.size == (picture.width(), picture.height())
    }

    /// Filters one picture.
    ///
    /// # Errors
    /// The device failed.
    pub fn run(&mut self, picture: &HwFrame) -> Result<HwFrame, AvError> {
        let failed = AvError(sys::AVERROR(sys::EINVAL));
        let mut result = Frame::new()?;
        self.graph.send(Some(picture.as_frame()))?;
        if self.graph.receive(&mut result)? != Received::Output {
            return Err(failed);
        }
        result.set_forced_key(false);
        HwFrame::new(result).map_err(|_| failed)
    }
}
