//! Kernels compiled by the driver from PTX, and their launch. Not which kernel.

use std::ffi::{CStr, c_void};

use super::{Context, Failed, Stream, check};

/// Owns a module with one kernel that is used.
pub struct Kernel {
    context: Context,
    module: *mut c_void,
    function: *mut c_void,
}

// SAFETY: a module belongs to its context, not to a thread; every use makes the context current.
unsafe impl Send for Kernel {}
// SAFETY: as above; launching changes nothing in it.
unsafe impl Sync for Kernel {}

/// The size of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Blocks along each axis.
    pub grid: (u32, u32, u32),
    /// Threads of a block along each axis.
    pub threads: (u32, u32),
    /// Dynamic shared memory of a block in bytes.
    pub shared_bytes: u32,
}

impl Kernel {
    /// Has the driver compile the PTX, which takes some milliseconds unless its cache has it.
    ///
    /// # Errors
    /// The driver cannot compile it (218, 222), or it has no kernel of that name (500).
    pub fn load(context: &Context, ptx: &CStr, name: &CStr) -> Result<Self, Failed> {
        let cuda = &context.driver().cuda;
        let (mut module, mut function) = (std::ptr::null_mut(), std::ptr::null_mut());
        context.within(|| {
            // SAFETY: the text ends with 0; writes one handle, unloaded in `drop`.
            check("cuModuleLoadData", unsafe {
                (cuda.module_load)(&raw mut module, ptx.as_ptr().cast())
            })?;
            // SAFETY: the module was loaded, the name ends with 0; writes one handle.
            let found = check("cuModuleGetFunction", unsafe {
                (cuda.module_function)(&raw mut function, module, name.as_ptr())
            });
            if found.is_err() {
                // SAFETY: loaded above, and nobody has it.
                unsafe { (cuda.module_unload)(module) };
            }
            found
        })?;
        Ok(Self {
            context: context.clone(),
            module,
            function,
        })
    }

    /// Queues one launch; the argument is copied before this returns.
    ///
    /// # Errors
    /// The driver refuses, or earlier work on the context failed.
    ///
    /// # Safety
    /// The kernel must take one parameter by value of `N` bytes, aligned to 8; every address in it must be device memory
    /// as large as the kernel takes it for, and stay so until the launch is done.
    pub(super) unsafe fn launch<const N: usize>(
        &self,
        stream: Stream,
        size: Launch,
        argument: &[u8; N],
    ) -> Result<(), Failed> {
        #[repr(align(8))]
        struct Aligned<const N: usize>([u8; N]);
        let mut argument = Aligned(*argument);
        let mut arguments: [*mut c_void; 1] = [(&raw mut argument).cast()];
        let (grid, threads) = (size.grid, size.threads);
        self.context.within(|| {
            // SAFETY: the function belongs to the context; one parameter of the size it takes; the caller vouches for the rest.
            check("cuLaunchKernel", unsafe {
                (self.context.driver().cuda.launch)(
                    self.function,
                    grid.0,
                    grid.1,
                    grid.2,
                    threads.0,
                    threads.1,
                    1,
                    size.shared_bytes,
                    stream.raw(),
                    arguments.as_mut_ptr(),
                    std::ptr::null_mut(),
                )
            })
        })
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let cuda = &self.context.driver().cuda;
        // Should it fail, the device is lost and the module with it.
        let _ = self.context.within(|| {
            // SAFETY: loaded in `load`, unloaded once.
            check("cuModuleUnload", unsafe {
                (cuda.module_unload)(self.module)
            })
        });
    }
}
