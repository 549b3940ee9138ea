//! libavcodec, doing the engines' work: one owner type per C object. Not what is decoded or encoded, and when.

mod decoder;
mod encoder;
mod x264;
mod x265;

use std::ptr;

use ffmpeg_sys_next as sys;

pub use decoder::{Decoder, Shown};
pub use encoder::{Encoded, Encoder, Rate, Settings};
use x264::X264;
use x265::X265;

/// A picture in host memory, 4:2:0, in three planes of 8 bits or of 10 in 16.
#[derive(Clone, Default)]
pub struct Picture {
    /// Pixels of a row, cropping not applied.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bits per sample, 8 or 10.
    pub bits: u32,
    /// The planes, rows without gaps.
    pub planes: [Vec<u8>; 3],
}

impl Picture {
    /// Bytes of one sample.
    pub fn sample(&self) -> usize {
        if self.bits > 8 { 2 } else { 1 }
    }
}

/// An error of libavcodec, or of what it was given.
#[derive(Debug)]
pub struct AvError(pub String);

impl AvError {
    fn of(what: &str, code: i32) -> Self {
        Self(format!("{what}: libav error {code}"))
    }
}

/// A failed step of libavcodec as an error.
fn check(what: &str, code: i32) -> Result<i32, AvError> {
    if code < 0 {
        Err(AvError::of(what, code))
    } else {
        Ok(code)
    }
}

/// Owns an `AVFrame`.
struct Frame(*mut sys::AVFrame);

impl Frame {
    fn new() -> Result<Self, AvError> {
        // SAFETY: allocates; null is checked for.
        let frame = unsafe { sys::av_frame_alloc() };
        if frame.is_null() {
            return Err(AvError::of("a frame", -12));
        }
        Ok(Self(frame))
    }

    /// Copies the samples out.
    fn picture(&self) -> Result<Picture, AvError> {
        const YUV420P: i32 = sys::AVPixelFormat::AV_PIX_FMT_YUV420P as i32;
        const YUVJ420P: i32 = sys::AVPixelFormat::AV_PIX_FMT_YUVJ420P as i32;
        const YUV420P10: i32 = sys::AVPixelFormat::AV_PIX_FMT_YUV420P10LE as i32;
        // SAFETY: the frame is owned and filled; the fields are plain.
        let (format, width, height, data, pitch) = unsafe {
            let f = &*self.0;
            (f.format, f.width, f.height, f.data, f.linesize)
        };
        let bits = match format {
            YUV420P | YUVJ420P => 8,
            YUV420P10 => 10,
            _ => {
                return Err(AvError(format!(
                    "pixel format {format} is not 4:2:0 of 8 or 10 bits"
                )));
            }
        };
        let length = |n: i32| usize::try_from(n).map_err(|_| AvError("a bad frame".to_owned()));
        let mut picture = Picture {
            width: length(width)?,
            height: length(height)?,
            bits,
            planes: Default::default(),
        };
        let sample = picture.sample();
        for (i, plane) in picture.planes.iter_mut().enumerate() {
            let shift = usize::from(i > 0);
            let row = ((length(width)? + shift) >> shift) * sample;
            for y in 0..((length(height)? + shift) >> shift) {
                // SAFETY: libavcodec allocated `height` rows of `pitch` bytes for this plane, and `row` is no more than `pitch`.
                let bytes =
                    unsafe { std::slice::from_raw_parts(data[i].add(y * length(pitch[i])?), row) };
                plane.extend_from_slice(bytes);
            }
        }
        Ok(picture)
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: owned, and not used after this.
        unsafe { sys::av_frame_free(&mut self.0) };
    }
}

/// Owns an `AVPacket`.
struct Packet(*mut sys::AVPacket);

impl Packet {
    fn new() -> Result<Self, AvError> {
        // SAFETY: allocates; null is checked for.
        let packet = unsafe { sys::av_packet_alloc() };
        if packet.is_null() {
            return Err(AvError::of("a packet", -12));
        }
        Ok(Self(packet))
    }

    /// One with a copy of these bytes.
    fn of(bytes: &[u8], pts: Option<i64>) -> Result<Self, AvError> {
        let packet = Self::new()?;
        let length =
            i32::try_from(bytes.len()).map_err(|_| AvError("a large packet".to_owned()))?;
        // SAFETY: the packet is owned; `av_new_packet` gives it `length` bytes to write to.
        unsafe {
            check("a packet", sys::av_new_packet(packet.0, length))?;
            ptr::copy_nonoverlapping(bytes.as_ptr(), (*packet.0).data, bytes.len());
            (*packet.0).pts = pts.unwrap_or(sys::AV_NOPTS_VALUE);
        }
        Ok(packet)
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        // SAFETY: owned, and not used after this.
        unsafe { sys::av_packet_free(&mut self.0) };
    }
}
