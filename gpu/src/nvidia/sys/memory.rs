//! Device memory that is ours. Not pictures: those are FFmpeg's.

use super::{Context, Failed, check};

/// Owns a piece of device memory.
pub struct Buffer {
    context: Context,
    address: u64,
    bytes: usize,
}

impl Buffer {
    /// Takes as many bytes; their content is undefined.
    ///
    /// # Errors
    /// Out of memory (2), or the device is lost.
    pub fn new(context: &Context, bytes: usize) -> Result<Self, Failed> {
        let mut address = 0;
        context.within(|| {
            // SAFETY: writes one address, freed in `drop`.
            check("cuMemAlloc", unsafe {
                (context.driver().cuda.memory_alloc)(&raw mut address, bytes.max(1))
            })
        })?;
        Ok(Self {
            context: context.clone(),
            address,
            bytes,
        })
    }

    /// Takes memory and fills it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn holding(context: &Context, bytes: &[u8]) -> Result<Self, Failed> {
        let buffer = Self::new(context, bytes.len())?;
        buffer.upload(bytes)?;
        Ok(buffer)
    }

    /// Device address of the first byte.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.address
    }

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Overwrites its beginning; bytes beyond its end are left out.
    ///
    /// # Errors
    /// The device is lost, or work given to it before failed.
    pub fn upload(&self, bytes: &[u8]) -> Result<(), Failed> {
        let len = bytes.len().min(self.bytes);
        self.context.within(|| {
            // SAFETY: `len` bytes can be read there and are within this buffer.
            check("cuMemcpyHtoD", unsafe {
                (self.context.driver().cuda.memory_upload)(self.address, bytes.as_ptr().cast(), len)
            })
        })
    }

    /// Everything in it. Waits for work on the default stream.
    ///
    /// # Errors
    /// The device is lost, or work given to it before failed.
    pub fn download(&self) -> Result<Vec<u8>, Failed> {
        let mut bytes = vec![0; self.bytes];
        self.context.within(|| {
            // SAFETY: writes as many bytes as both have.
            check("cuMemcpyDtoH", unsafe {
                (self.context.driver().cuda.memory_download)(
                    bytes.as_mut_ptr().cast(),
                    self.address,
                    self.bytes,
                )
            })
        })?;
        Ok(bytes)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let cuda = &self.context.driver().cuda;
        // Should it fail, the device is lost and its memory with it.
        let _ = self.context.within(|| {
            // SAFETY: allocated in `new`, freed once.
            check("cuMemFree", unsafe { (cuda.memory_free)(self.address) })
        });
    }
}
