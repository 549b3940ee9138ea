//! The one place where libav is called: each C object has one owner type here, safe to use from the rest of the crate.
//!
//! Not here: any decision. Nothing outside this module sees a libav type or writes `unsafe`.
#![allow(
    unsafe_code,
    reason = "the room the design names for libav; every block says why it is sound"
)]

mod captions;
mod decoder;
mod encoder;
mod frame;
mod graph;
mod hw_decoder;
mod hw_device;
mod hw_filter;
mod hw_frame;
mod init;
mod input;
mod io;
mod log;
mod marks;
mod packet;
mod params;
mod parser;
mod picture;
mod planes;
mod resampler;
mod scaler;
mod shown;
mod sound;

use std::ffi::{CStr, CString};
use std::fmt;

use ffmpeg_sys_next as sys;

pub use captions::{Caption, CaptionDecoder};
pub use decoder::{Decoder, Received};
pub use encoder::{AudioSettings, Encoder, VideoSettings, has_encoder, has_encoder_option};
pub use frame::Frame;
pub use graph::Graph;
pub use hw_decoder::HwDecoder;
pub use hw_device::{CudaHandles, HwDevice, HwDeviceId};
pub use hw_filter::HwFilter;
pub use hw_frame::{HwFrame, HwFrames, HwPlane};
pub use init::init_segment;
pub use input::{Input, StreamInfo, StreamKind};
pub use io::{ByteSource, Source};
pub use log::{listen, quiet};
pub use marks::Marks;
pub use packet::Packet;
pub use params::{Params, PixelFormat};
pub use parser::{Parser, Picture};
pub use picture::FramePool;
pub use planes::{Plane, PlaneMut};
pub use resampler::{Mix, Resampler, SampleFormat};
pub use scaler::{PictureFormat, Scaler, Siting};

/// A negative libav return value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvError(pub i32);

impl AvError {
    /// The end of a stream.
    pub const EOF: Self = Self(sys::AVERROR_EOF);
    /// More input, or more room for output, is needed first.
    pub const AGAIN: Self = Self(sys::AVERROR(sys::EAGAIN));
    /// An interrupt callback said stop.
    pub const EXIT: Self = Self(sys::AVERROR_EXIT);
    /// Out of memory: the host's, or a device's.
    pub const NO_MEMORY: Self = Self(sys::AVERROR(sys::ENOMEM));
    /// Something outside libav failed: a driver.
    pub const EXTERNAL: Self = Self(sys::AVERROR_EXTERNAL);
    /// Something failed and nobody knows why; some callers of drivers say no more.
    pub const UNKNOWN: Self = Self(sys::AVERROR_UNKNOWN);
    /// What is asked for does not exist here.
    pub const NOT_IMPLEMENTED: Self = Self(sys::AVERROR(sys::ENOSYS));
    /// There is no decoder of that kind.
    pub const NO_DECODER: Self = Self(sys::AVERROR_DECODER_NOT_FOUND);
}

impl fmt::Display for AvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 128];
        // SAFETY: the buffer is ours and its true size is passed; libav always terminates what it writes.
        let message = unsafe {
            sys::av_strerror(self.0, text.as_mut_ptr(), text.len());
            CStr::from_ptr(text.as_ptr())
        };
        write!(f, "{}", message.to_string_lossy())
    }
}

impl std::error::Error for AvError {}

/// Turns a libav return value into a result.
fn check(value: i32) -> Result<i32, AvError> {
    if value < 0 {
        Err(AvError(value))
    } else {
        Ok(value)
    }
}

/// A C string from text of ours; a zero byte inside ends it early rather than failing.
fn c_string(text: &str) -> CString {
    let clean: Vec<u8> = text.bytes().take_while(|&b| b != 0).collect();
    CString::new(clean).unwrap_or_default()
}

/// Text that libav owns, copied; empty for a null pointer.
///
/// # Safety
/// `text` must be null or point to a terminated string that lives during the call.
unsafe fn text(text: *const libc_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and terminated by this function's own contract.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

#[allow(
    non_camel_case_types,
    reason = "the C name, so that signatures read like the header"
)]
type libc_char = std::ffi::c_char;

/// Versions of the libav libraries in use, part of a job's fingerprint.
#[must_use]
pub fn versions() -> String {
    // SAFETY: these functions only return constants.
    let (codec, format, scale, resample) = unsafe {
        (
            sys::avcodec_version(),
            sys::avformat_version(),
            sys::swscale_version(),
            sys::swresample_version(),
        )
    };
    let dotted = |v: u32| format!("{}.{}.{}", v >> 16, (v >> 8) & 0xff, v & 0xff);
    format!(
        "avcodec {}, avformat {}, swscale {}, swresample {}",
        dotted(codec),
        dotted(format),
        dotted(scale),
        dotted(resample)
    )
}

/// Makes the allocator hand large buffers straight back to the system when they are freed. Left alone, glibc raises its
/// own limit with the first freed picture and keeps every later one in its arenas. To be called before any thread.
pub fn keep_memory_small() {
    /// `M_MMAP_THRESHOLD` in glibc's malloc.h.
    const MMAP_THRESHOLD: i32 = -3;
    tell_allocator(MMAP_THRESHOLD, 256 * 1024);
}

/// Makes all threads allocate from one arena: for a process that transcodes. What its threads allocate while pictures
/// flow is little, and each arena more keeps what its peak left. To be called before any thread; arenas that exist stay.
pub fn share_one_arena() {
    /// `M_ARENA_MAX` in glibc's malloc.h.
    const ARENA_MAX: i32 = -8;
    tell_allocator(ARENA_MAX, 1);
}

/// Nothing where the allocator is not glibc's.
#[cfg_attr(
    not(all(target_os = "linux", target_env = "gnu")),
    allow(unused_variables)
)]
fn tell_allocator(parameter: i32, value: i32) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        // SAFETY: glibc's documented call, which takes any two numbers.
        unsafe { mallopt(parameter, value) };
    }
}

/// Returns memory that finished decoders and encoders left unused to the system. A pipeline's buffers are large and
/// freed by other threads than those that need memory next, so the allocator would keep them.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> i32;
        }
        // SAFETY: glibc's documented call; it takes the allocator's own locks and touches only free memory.
        unsafe { malloc_trim(0) };
    }
}
