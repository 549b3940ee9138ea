//! What errors are called, and the functions that are there only because a client looks for them. Not the errors' causes.

use std::ffi::{CStr, c_char, c_int};

use super::export;
use crate::abi::{CuError, Out};

/// Name and description of the codes a client may meet, from cuda.h.
const KNOWN: &[(c_int, &CStr, &CStr)] = &[
    (0, c"CUDA_SUCCESS", c"no error"),
    (1, c"CUDA_ERROR_INVALID_VALUE", c"invalid argument"),
    (2, c"CUDA_ERROR_OUT_OF_MEMORY", c"out of memory"),
    (3, c"CUDA_ERROR_NOT_INITIALIZED", c"initialization error"),
    (
        100,
        c"CUDA_ERROR_NO_DEVICE",
        c"no CUDA-capable device is detected",
    ),
    (101, c"CUDA_ERROR_INVALID_DEVICE", c"invalid device ordinal"),
    (
        201,
        c"CUDA_ERROR_INVALID_CONTEXT",
        c"invalid device context",
    ),
    (
        205,
        c"CUDA_ERROR_MAP_FAILED",
        c"mapping of buffer object failed",
    ),
    (
        304,
        c"CUDA_ERROR_OPERATING_SYSTEM",
        c"OS call failed or operation not supported on this OS",
    ),
    (
        400,
        c"CUDA_ERROR_INVALID_HANDLE",
        c"invalid resource handle",
    ),
    (500, c"CUDA_ERROR_NOT_FOUND", c"named symbol not found"),
    (
        700,
        c"CUDA_ERROR_ILLEGAL_ADDRESS",
        c"an illegal memory access was encountered",
    ),
    (
        719,
        c"CUDA_ERROR_LAUNCH_FAILED",
        c"unspecified launch failure",
    ),
    (801, c"CUDA_ERROR_NOT_SUPPORTED", c"operation not supported"),
    (
        803,
        c"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        c"system has unsupported display driver / cuda driver combination",
    ),
    (999, c"CUDA_ERROR_UNKNOWN", c"unknown error"),
];

fn known(code: c_int) -> Result<(&'static CStr, &'static CStr), CuError> {
    let found = KNOWN.iter().find(|(known, ..)| *known == code);
    found
        .map(|(_, name, text)| (*name, *text))
        .ok_or(CuError::INVALID_VALUE)
}

export! {
    fn cuGetErrorName(code: c_int, name: Out<*const c_char>) { name.put(known(code)?.0.as_ptr()) }

    fn cuGetErrorString(code: c_int, text: Out<*const c_char>) { text.put(known(code)?.1.as_ptr()) }
}

/// Functions that a client resolves and never calls here.
macro_rules! absent {
    ($($name:ident)*) => { export! { $(fn $name() { Err(CuError::NOT_SUPPORTED) })* } };
}

absent! {
    cuLinkCreate cuLinkAddData cuLinkComplete cuLinkDestroy
    cuModuleGetGlobal cuModuleGetGlobal_v2 cuMemAllocManaged
    cuGLGetDevices_v2 cuGraphicsGLRegisterImage cuGraphicsUnregisterResource cuGraphicsMapResources
    cuGraphicsUnmapResources cuGraphicsSubResourceGetMappedArray cuGraphicsResourceGetMappedPointer_v2
    cuArray3DCreate_v2 cuArrayDestroy
}
