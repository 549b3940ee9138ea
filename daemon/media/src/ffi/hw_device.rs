//! A GPU as libav holds it. Not a search for devices, and not what one can do (the engines know).

use std::ffi::c_void;
use std::fmt;
use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, c_string, check};

/// Which device to open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HwDeviceId {
    /// The CUDA driver's device of that ordinal.
    Cuda(u32),
    /// A VAAPI render node, for example `/dev/dri/renderD128`.
    Vaapi(String),
}

impl fmt::Display for HwDeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
            Self::Vaapi(node) => write!(f, "vaapi:{node}"),
        }
    }
}

/// What the CUDA driver knows a device by. Only addresses: using them is another library's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CudaHandles {
    /// A `CUcontext`: the device's primary one.
    pub context: *mut c_void,
    /// A `CUstream`; null is the default one.
    pub stream: *mut c_void,
}

impl HwDeviceId {
    pub(super) fn kind(&self) -> sys::AVHWDeviceType {
        match self {
            Self::Cuda(_) => sys::AVHWDeviceType::AV_HWDEVICE_TYPE_CUDA,
            Self::Vaapi(_) => sys::AVHWDeviceType::AV_HWDEVICE_TYPE_VAAPI,
        }
    }

    /// The format of pictures that live on such a device.
    pub(super) fn surface_format(&self) -> sys::AVPixelFormat {
        match self {
            Self::Cuda(_) => sys::AVPixelFormat::AV_PIX_FMT_CUDA,
            Self::Vaapi(_) => sys::AVPixelFormat::AV_PIX_FMT_VAAPI,
        }
    }
}

/// Owns a reference to an `AVHWDeviceContext`: one context of the driver, shared by everything opened with it.
pub struct HwDevice {
    id: HwDeviceId,
    device: *mut sys::AVBufferRef,
}

// SAFETY: the reference is counted with atomics; libav locks the driver's context around each use of it.
unsafe impl Send for HwDevice {}
// SAFETY: as above; `&HwDevice` only hands out further references.
unsafe impl Sync for HwDevice {}

impl HwDevice {
    /// Opens the device. A CUDA device is entered through its primary context, which is the process's one and what
    /// every other library in it uses too.
    ///
    /// # Errors
    /// There is no such device, no driver, or no permission. Which of these the number does not tell: see `log`.
    pub fn open(id: &HwDeviceId) -> Result<Self, AvError> {
        let (name, flags) = match id {
            // AV_CUDA_USE_PRIMARY_CONTEXT, libavutil/hwcontext_cuda.h.
            HwDeviceId::Cuda(ordinal) => (ordinal.to_string(), 1),
            HwDeviceId::Vaapi(node) => (node.clone(), 0),
        };
        let mut device = ptr::null_mut();
        // SAFETY: the name is terminated and lives during the call; the reference is owned as soon as it exists.
        check(unsafe {
            sys::av_hwdevice_ctx_create(
                &raw mut device,
                id.kind(),
                c_string(&name).as_ptr(),
                ptr::null_mut(),
                flags,
            )
        })?;
        Ok(Self {
            id: id.clone(),
            device,
        })
    }

    /// Which device it is.
    #[must_use]
    pub fn id(&self) -> &HwDeviceId {
        &self.id
    }

    /// The driver's own context and the stream that libav queues its work on, for another library of this process that
    /// works on the same pictures; `None` for a device that is not CUDA's. Both live as long as this does.
    #[must_use]
    pub fn cuda(&self) -> Option<CudaHandles> {
        if !matches!(self.id, HwDeviceId::Cuda(_)) {
            return None;
        }
        // SAFETY: an initialised device context of the CUDA kind, whose `hwctx` is of this type.
        unsafe {
            let device = (*self.device).data.cast::<sys::AVHWDeviceContext>();
            let cuda = (*device).hwctx.cast::<sys::AVCUDADeviceContext>();
            Some(CudaHandles {
                context: (*cuda).cuda_ctx.cast(),
                stream: (*cuda).stream.cast(),
            })
        }
    }

    /// Another reference, which the taker owns.
    pub(super) fn reference(&self) -> Result<*mut sys::AVBufferRef, AvError> {
        // SAFETY: our own reference is valid until Drop.
        let reference = unsafe { sys::av_buffer_ref(self.device) };
        if reference.is_null() {
            Err(AvError::NO_MEMORY)
        } else {
            Ok(reference)
        }
    }
}

impl Drop for HwDevice {
    fn drop(&mut self) {
        // SAFETY: created in `open`, given up once; frames and codecs hold references of their own.
        unsafe { sys::av_buffer_unref(ptr::addr_of_mut!(self.device)) };
    }
}
