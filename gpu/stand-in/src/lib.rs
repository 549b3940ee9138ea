//! A stand-in for the NVIDIA driver: libcuda, libnvcuvid, libnvidia-encode and NVML in one image, for tests on machines without a
//! device. Not a driver, never shipped, never loaded but by `LD_LIBRARY_PATH`. `README.md` says how to run FFmpeg on it.
//!
//! Device memory is host memory behind addresses that cannot be dereferenced, kernels are scalar functions found by name
//! (`kernels`), decoding and encoding are libavcodec's (`av`). What it answers comes from a configuration (`driver`); what
//! goes wrong on demand from `fault`; what a client does wrong is written to a report (`report`).

#![allow(
    unsafe_code,
    reason = "this is the far side of a C interface; `gpu/stand-in/` is one of the rooms the design names for that"
)]

mod abi;
mod av;
mod cuda;
mod cuvid;
mod driver;
mod fault;
mod handles;
mod kernels;
mod memory;
mod nvenc;
mod nvml;
mod report;
mod shared;

/// Run as the library is loaded: while the process may still open files.
#[used]
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = {
    extern "C" fn loaded() {
        let _ = driver::driver();
        let _ = shared::shared();
        let _ = report::open();
        // SAFETY: the function is there until the process ends, since this image is never unloaded.
        unsafe { libc::atexit(leaving) };
    }
    loaded
};

/// Run as the process ends: what is left is a leak.
extern "C" fn leaving() {
    let mut left = cuda::leaks();
    left.extend(cuvid::leaks());
    left.extend(nvenc::leaks());
    for what in left {
        report::violation(format!("left at exit: {what}"));
    }
    report::flush();
}
