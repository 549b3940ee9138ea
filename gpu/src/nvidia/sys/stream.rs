//! Streams of commands, borrowed. We make none of our own.

use std::ffi::c_void;

/// A stream of a context.
#[derive(Clone, Copy, Debug)]
pub struct Stream(*mut c_void);

impl Stream {
    /// The context's default stream.
    pub const DEFAULT: Self = Self(std::ptr::null_mut());

    /// Another library's, such as FFmpeg's.
    ///
    /// # Safety
    /// It must be a `CUstream` of the context it is used in that outlives this.
    #[must_use]
    pub unsafe fn borrowed(raw: *mut c_void) -> Self {
        Self(raw)
    }

    pub(super) fn raw(self) -> *mut c_void {
        self.0
    }
}

// SAFETY: a stream may be used from any thread with its context current; it is a handle here, and never freed.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}
