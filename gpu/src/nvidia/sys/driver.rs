//! The CUDA driver library and its devices. Not what is done on them.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use cudarc::driver::sys::{self, CUdevice_attribute, CUuuid};

use super::{Failed, Missing, check};

super::functions! {
    /// What we use of libcuda, by the names of the versions that 64-bit programs are built for.
    struct Cuda {
        init = "cuInit"(u32);
        driver_version = "cuDriverGetVersion"(*mut c_int);
        device_count = "cuDeviceGetCount"(*mut c_int);
        device_get = "cuDeviceGet"(*mut c_int, c_int);
        device_name = "cuDeviceGetName"(*mut c_char, c_int, c_int);
        device_uuid = "cuDeviceGetUuid"(*mut CUuuid, c_int);
        device_memory = "cuDeviceTotalMem_v2"(*mut usize, c_int);
        device_attribute = "cuDeviceGetAttribute"(*mut c_int, u32, c_int);
        device_pci = "cuDeviceGetPCIBusId"(*mut c_char, c_int, c_int);
        context_retain = "cuDevicePrimaryCtxRetain"(*mut *mut c_void, c_int);
        context_release = "cuDevicePrimaryCtxRelease_v2"(c_int);
        context_push = "cuCtxPushCurrent_v2"(*mut c_void);
        context_pop = "cuCtxPopCurrent_v2"(*mut *mut c_void);
        memory_alloc = "cuMemAlloc_v2"(*mut u64, usize);
        memory_free = "cuMemFree_v2"(u64);
        memory_upload = "cuMemcpyHtoD_v2"(u64, *const c_void, usize);
        memory_download = "cuMemcpyDtoH_v2"(*mut c_void, u64, usize);
        memory_info = "cuMemGetInfo_v2"(*mut usize, *mut usize);
        module_load = "cuModuleLoadData"(*mut *mut c_void, *const c_void);
        module_unload = "cuModuleUnload"(*mut c_void);
        module_function = "cuModuleGetFunction"(*mut *mut c_void, *mut c_void, *const c_char);
        launch = "cuLaunchKernel"(
            *mut c_void, u32, u32, u32, u32, u32, u32, u32, *mut c_void, *mut *mut c_void, *mut *mut c_void
        );
        stream_wait = "cuStreamSynchronize"(*mut c_void);
        error_name = "cuGetErrorName"(u32, *mut *const c_char);
    }
}

/// The driver library, loaded and initialised once for the process, and never unloaded.
pub struct Driver {
    pub(super) cuda: Cuda,
}

impl Driver {
    /// Loads and initialises it. The first answer is kept: a process that had no driver never gets one.
    ///
    /// # Errors
    /// There is none, or it does not start.
    pub fn get() -> Result<&'static Self, Missing> {
        static DRIVER: OnceLock<Result<Driver, Missing>> = OnceLock::new();
        DRIVER
            .get_or_init(Self::load)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn load() -> Result<Self, Missing> {
        // SAFETY: libcuda's initialisers may run in any process; cudarc looks for it under the names it goes by.
        if !unsafe { sys::is_culib_present() } {
            return Err(Missing::Library("libcuda.so.1 is not found".to_owned()));
        }
        // SAFETY: it is present, so that this does not panic; it is kept in a static. The table is `cuda.h`'s.
        let cuda = unsafe { Cuda::of(sys::culib()) }.map_err(Missing::Function)?;
        // SAFETY: the flags must be 0.
        check("cuInit", unsafe { (cuda.init)(0) }).map_err(Missing::Refused)?;
        Ok(Self { cuda })
    }

    /// The newest CUDA the driver knows, as 1000 × major + 10 × minor.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn cuda_version(&self) -> Result<i32, Failed> {
        let mut version = 0;
        // SAFETY: writes one integer.
        check("cuDriverGetVersion", unsafe {
            (self.cuda.driver_version)(&raw mut version)
        })?;
        Ok(version)
    }

    /// Every device this process may see, in the driver's order.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn devices(&'static self) -> Result<Vec<Device>, Failed> {
        let mut count = 0;
        // SAFETY: writes one integer.
        check("cuDeviceGetCount", unsafe {
            (self.cuda.device_count)(&raw mut count)
        })?;
        let mut devices = Vec::new();
        for ordinal in 0..count {
            let mut handle = 0;
            // SAFETY: writes one integer.
            check("cuDeviceGet", unsafe {
                (self.cuda.device_get)(&raw mut handle, ordinal)
            })?;
            devices.push(Device {
                driver: self,
                handle,
            });
        }
        Ok(devices)
    }

    /// The name of a `CUresult`, such as `CUDA_ERROR_NO_DEVICE`; empty where the driver knows none.
    #[must_use]
    pub fn error_name(&self, status: u32) -> String {
        let mut name = std::ptr::null();
        // SAFETY: writes a pointer to a constant string, or null.
        let known = unsafe { (self.cuda.error_name)(status, &raw mut name) } == 0;
        if !known || name.is_null() {
            return String::new();
        }
        // SAFETY: not null, so it is a string of the library's, which is never unloaded.
        unsafe { CStr::from_ptr(name) }
            .to_string_lossy()
            .into_owned()
    }
}

/// A device of the driver's; a plain number to it.
#[derive(Clone, Copy)]
pub struct Device {
    pub(super) driver: &'static Driver,
    pub(super) handle: c_int,
}

impl Device {
    /// Model name.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn name(&self) -> Result<String, Failed> {
        self.text("cuDeviceGetName", self.driver.cuda.device_name)
    }

    /// Its address on the PCI bus, as in `0000:03:00.0`.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn pci(&self) -> Result<String, Failed> {
        let address = self.text("cuDeviceGetPCIBusId", self.driver.cuda.device_pci)?;
        Ok(address.to_ascii_lowercase())
    }

    fn text(
        &self,
        call: &'static str,
        ask: unsafe extern "C" fn(*mut c_char, c_int, c_int) -> u32,
    ) -> Result<String, Failed> {
        let mut bytes = [0u8; 256];
        // SAFETY: writes at most as many characters as it is told, the last of them 0.
        check(call, unsafe {
            ask(bytes.as_mut_ptr().cast(), 256, self.handle)
        })?;
        let text = CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
        Ok(text.to_string_lossy().into_owned())
    }

    /// Its identity, the same on every start, as NVIDIA's tools write it: `GPU-` and a UUID.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn uuid(&self) -> Result<String, Failed> {
        let mut uuid = CUuuid { bytes: [0; 16] };
        // SAFETY: writes 16 bytes.
        check("cuDeviceGetUuid", unsafe {
            (self.driver.cuda.device_uuid)(&raw mut uuid, self.handle)
        })?;
        let mut text = "GPU".to_owned();
        for (at, byte) in uuid.bytes.iter().enumerate() {
            if [0, 4, 6, 8, 10].contains(&at) {
                text.push('-');
            }
            text.push_str(&format!("{:02x}", byte.to_ne_bytes()[0]));
        }
        Ok(text)
    }

    /// Device memory in bytes.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn memory_bytes(&self) -> Result<usize, Failed> {
        let mut bytes = 0;
        // SAFETY: writes one integer.
        check("cuDeviceTotalMem", unsafe {
            (self.driver.cuda.device_memory)(&raw mut bytes, self.handle)
        })?;
        Ok(bytes)
    }

    /// Compute capability, major and minor.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn compute_capability(&self) -> Result<(i32, i32), Failed> {
        use CUdevice_attribute as A;
        Ok((
            self.attribute(A::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            self.attribute(A::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ))
    }

    fn attribute(&self, attribute: CUdevice_attribute) -> Result<i32, Failed> {
        let mut value = 0;
        // SAFETY: writes one integer.
        check("cuDeviceGetAttribute", unsafe {
            (self.driver.cuda.device_attribute)(&raw mut value, attribute as u32, self.handle)
        })?;
        Ok(value)
    }
}
