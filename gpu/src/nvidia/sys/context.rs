//! A CUDA context: ours by the device's primary one, or another library's that is borrowed. Not what runs in it.

use std::ffi::c_void;
use std::sync::Arc;

use super::{Device, Driver, Failed, Stream, check};

/// A context, kept alive as long as any clone of this is.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    driver: &'static Driver,
    raw: *mut c_void,
    /// The device whose primary context was retained; none where the context is another's.
    retained: Option<Device>,
}

// SAFETY: a context may be used from any thread that pushes it, which is the only use made of it here.
unsafe impl Send for Inner {}
// SAFETY: as above; the driver locks for itself.
unsafe impl Sync for Inner {}

impl Context {
    /// Retains the device's primary context, which all users of the runtime share.
    ///
    /// A library that wants to choose the context's flags, as FFmpeg does, must make it first.
    ///
    /// # Errors
    /// The driver refuses: out of memory, or the device is lost.
    pub fn primary(device: Device) -> Result<Self, Failed> {
        let driver = device.driver;
        let mut raw = std::ptr::null_mut();
        // SAFETY: writes one pointer, released in `drop`.
        check("cuDevicePrimaryCtxRetain", unsafe {
            (driver.cuda.context_retain)(&raw mut raw, device.handle)
        })?;
        Ok(Self(Arc::new(Inner {
            driver,
            raw,
            retained: Some(device),
        })))
    }

    /// Borrows a context by its address, such as FFmpeg's.
    ///
    /// # Safety
    /// It must be a `CUcontext` of this process's driver that outlives every clone of this and everything made with them.
    #[must_use]
    pub unsafe fn borrowed(driver: &'static Driver, raw: *mut c_void) -> Self {
        Self(Arc::new(Inner {
            driver,
            raw,
            retained: None,
        }))
    }

    /// The driver.
    #[must_use]
    pub fn driver(&self) -> &'static Driver {
        self.0.driver
    }

    /// Its address, for libraries that want a `CUcontext`.
    #[must_use]
    pub fn raw(&self) -> *mut c_void {
        self.0.raw
    }

    /// Does something with the context current on this thread.
    ///
    /// # Errors
    /// The context cannot be made current, or the work's own error.
    pub fn within<T, E: From<Failed>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let cuda = &self.0.driver.cuda;
        // SAFETY: the context is alive; it is popped below, whatever the work returns.
        check("cuCtxPushCurrent", unsafe {
            (cuda.context_push)(self.0.raw)
        })?;
        let done = work();
        let mut popped = std::ptr::null_mut();
        // SAFETY: pushed above; writes one pointer.
        let status = unsafe { (cuda.context_pop)(&raw mut popped) };
        let done = done?;
        check("cuCtxPopCurrent", status)?;
        Ok(done)
    }

    /// Free and total device memory in bytes.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn memory(&self) -> Result<(usize, usize), Failed> {
        let (mut free, mut total) = (0, 0);
        self.within(|| {
            // SAFETY: writes two integers.
            check("cuMemGetInfo", unsafe {
                (self.0.driver.cuda.memory_info)(&raw mut free, &raw mut total)
            })
        })?;
        Ok((free, total))
    }

    /// Waits until everything given to the stream is done.
    ///
    /// # Errors
    /// Something given to it failed.
    pub fn wait(&self, stream: Stream) -> Result<(), Failed> {
        self.within(|| {
            // SAFETY: a stream of this context, or its default one.
            check("cuStreamSynchronize", unsafe {
                (self.0.driver.cuda.stream_wait)(stream.raw())
            })
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(device) = self.retained {
            // SAFETY: retained once in `primary`. Should it fail, the device is lost and the context with it.
            unsafe { (self.driver.cuda.context_release)(device.handle) };
        }
    }
}
