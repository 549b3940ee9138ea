//! One decoded picture or block of sound, and a pool of pictures. Not a pipeline stage.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::packet::known;
use super::params::PixelFormat;
use super::{AvError, check};

/// Owns an `AVFrame`; cloning shares the samples and copies the properties.
pub struct Frame(*mut sys::AVFrame);

// SAFETY: sample buffers are reference-counted with atomics; the frame struct itself has one owner.
unsafe impl Send for Frame {}
// SAFETY: `&Frame` only reads; whoever writes samples holds the frame by `&mut` right after allocating it.
unsafe impl Sync for Frame {}

impl Frame {
    /// An empty frame to receive into.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new() -> Result<Self, AvError> {
        // SAFETY: plain allocation.
        let frame = unsafe { sys::av_frame_alloc() };
        if frame.is_null() {
            Err(AvError::NO_MEMORY)
        } else {
            Ok(Self(frame))
        }
    }

    /// Another handle on the same samples.
    ///
    /// # Errors
    /// Out of memory.
    pub fn share(&self) -> Result<Self, AvError> {
        // SAFETY: a valid frame; the result owns its own references.
        let frame = unsafe { sys::av_frame_clone(self.0) };
        if frame.is_null() {
            Err(AvError::NO_MEMORY)
        } else {
            Ok(Self(frame))
        }
    }

    pub(super) fn as_ptr(&self) -> *mut sys::AVFrame {
        self.0
    }

    pub(super) fn raw(&self) -> &sys::AVFrame {
        // SAFETY: allocated in `new` or `share`, freed only in Drop.
        unsafe { &*self.0 }
    }

    fn raw_mut(&mut self) -> &mut sys::AVFrame {
        // SAFETY: as in `raw`, and `&mut self` makes it the only use.
        unsafe { &mut *self.0 }
    }

    /// Presentation time in whatever base the packets carried.
    #[must_use]
    pub fn pts(&self) -> Option<i64> {
        known(self.raw().pts)
    }

    /// The decoder's best guess where packets had no presentation time.
    #[must_use]
    pub fn best_effort_pts(&self) -> Option<i64> {
        known(self.raw().best_effort_timestamp)
    }

    /// Sets the presentation time in the encoder's time base.
    pub fn set_pts(&mut self, pts: i64) {
        self.raw_mut().pts = pts;
    }

    /// Asks the encoder for a key frame here, or leaves the choice to it.
    pub fn set_forced_key(&mut self, forced: bool) {
        self.raw_mut().pict_type = if forced {
            sys::AVPictureType::AV_PICTURE_TYPE_I
        } else {
            sys::AVPictureType::AV_PICTURE_TYPE_NONE
        };
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        u32::try_from(self.raw().width).unwrap_or(0)
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        u32::try_from(self.raw().height).unwrap_or(0)
    }

    /// Pixel format of a picture.
    #[must_use]
    pub fn pixel_format(&self) -> PixelFormat {
        PixelFormat(self.raw().format)
    }

    /// Sample format number of a block of sound.
    pub(super) fn sample_format(&self) -> i32 {
        self.raw().format
    }

    /// Samples per channel in a block of sound.
    #[must_use]
    pub fn samples(&self) -> usize {
        usize::try_from(self.raw().nb_samples).unwrap_or(0)
    }

    /// Sample rate of a block of sound in Hz.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        u32::try_from(self.raw().sample_rate).unwrap_or(0)
    }

    /// Channels of a block of sound.
    #[must_use]
    pub fn channels(&self) -> u32 {
        u32::try_from(self.raw().ch_layout.nb_channels).unwrap_or(0)
    }

    /// Whether the decoder knows the picture to be damaged.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        let raw = self.raw();
        raw.flags & sys::AV_FRAME_FLAG_CORRUPT != 0 || raw.decode_error_flags != 0
    }

    /// Whether the picture was coded as two fields.
    #[must_use]
    pub fn is_interlaced(&self) -> bool {
        self.raw().interlaced_frame != 0
    }

    /// Whether samples use the full range, by tag or by format.
    #[must_use]
    pub fn is_full_range(&self) -> bool {
        // SAFETY: a 32-bit enum read as an integer; 2 is AVCOL_RANGE_JPEG.
        let range = unsafe { ptr::addr_of!((*self.0).color_range).cast::<i32>().read() };
        range == 2 || self.pixel_format().name().starts_with("yuvj")
    }

    /// Matrix coefficients as an ISO/IEC 23091-2 code point.
    #[must_use]
    pub fn matrix(&self) -> u8 {
        // SAFETY: a 32-bit enum read as an integer.
        let matrix = unsafe { ptr::addr_of!((*self.0).colorspace).cast::<i32>().read() };
        u8::try_from(matrix).unwrap_or(2)
    }

    /// Lets go of the samples so that the frame can be received into again.
    pub fn clear(&mut self) {
        // SAFETY: a valid frame, blank afterwards.
        unsafe { sys::av_frame_unref(self.0) };
    }

    /// The first plane of an 8-bit picture, row by row: brightness for every planar YUV format.
    #[must_use]
    pub fn luma_rows(&self) -> Vec<&[u8]> {
        let raw = self.raw();
        let (Ok(width), Ok(stride)) =
            (usize::try_from(raw.width), usize::try_from(raw.linesize[0]))
        else {
            return Vec::new();
        };
        (0..self.height() as usize)
            // SAFETY: libav guarantees `height` rows of `linesize` bytes, of which `width` are picture, at `data[0]`.
            .map(|y| unsafe {
                std::slice::from_raw_parts(raw.data[0].add(y * stride), width.min(stride))
            })
            .collect()
    }

    /// A block of planar float sound with the given samples, one slice per channel, all of equal length.
    ///
    /// # Errors
    /// Out of memory, or channels of different lengths.
    pub fn from_planar_f32(channels: &[&[f32]], sample_rate: u32) -> Result<Self, AvError> {
        let mut frame = Self::new()?;
        let len = channels.first().map_or(0, |c| c.len());
        if len == 0 || channels.iter().any(|c| c.len() != len) {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        }
        let raw = frame.raw_mut();
        raw.nb_samples = i32::try_from(len).unwrap_or(i32::MAX);
        raw.sample_rate = i32::try_from(sample_rate).unwrap_or(i32::MAX);
        raw.format = sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP as i32;
        // SAFETY: the layout is initialised before the buffer is allocated from it; then each plane has room for
        // `nb_samples` floats, and there is one plane per channel.
        unsafe {
            let count = i32::try_from(channels.len()).unwrap_or(1);
            sys::av_channel_layout_default(&raw mut raw.ch_layout, count);
            check(sys::av_frame_get_buffer(frame.0, 0))?;
            for (index, samples) in channels.iter().enumerate() {
                let plane = *(*frame.0).extended_data.add(index);
                ptr::copy_nonoverlapping(samples.as_ptr(), plane.cast::<f32>(), len);
            }
        }
        Ok(frame)
    }

    /// Copies planar float samples out, appending to one vector per channel.
    pub fn append_planar_f32(&self, out: &mut [Vec<f32>]) {
        let raw = self.raw();
        if raw.format != sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP as i32 {
            return;
        }
        let channels = usize::try_from(raw.ch_layout.nb_channels).unwrap_or(0);
        for (index, samples) in out.iter_mut().enumerate().take(channels) {
            // SAFETY: planar float has one plane of `nb_samples` floats per channel.
            let plane = unsafe {
                let data = *raw.extended_data.add(index);
                std::slice::from_raw_parts(data.cast::<f32>(), self.samples())
            };
            samples.extend_from_slice(plane);
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` or `share`, freed once.
        unsafe { sys::av_frame_free(ptr::addr_of_mut!(self.0)) };
    }
}

/// Pictures of one size and format whose memory is used again, so that no frame costs an allocation.
pub struct FramePool {
    pool: *mut sys::AVBufferPool,
    width: i32,
    height: i32,
    format: PixelFormat,
}

// SAFETY: buffer pools lock internally; the handle has one owner.
unsafe impl Send for FramePool {}

/// Alignment of rows: what the widest SIMD code in libswscale and libx264 likes.
const ALIGN: i32 = 64;

impl FramePool {
    /// A pool of `width` × `height` pictures.
    ///
    /// # Errors
    /// Out of memory, or a size that libav refuses.
    pub fn new(width: u32, height: u32, format: PixelFormat) -> Result<Self, AvError> {
        let (Ok(width), Ok(height)) = (i32::try_from(width), i32::try_from(height)) else {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        };
        // SAFETY: pure arithmetic in libav; negative for sizes it refuses.
        let size =
            check(unsafe { sys::av_image_get_buffer_size(format.raw(), width, height, ALIGN) })?;
        // Some SIMD readers run a little past the last row.
        let size = usize::try_from(size).unwrap_or(0) + 64;
        // SAFETY: no allocator of our own; the pool is freed in Drop.
        let pool = unsafe { sys::av_buffer_pool_init(size, None) };
        if pool.is_null() {
            return Err(AvError::NO_MEMORY);
        }
        Ok(Self {
            pool,
            width,
            height,
            format,
        })
    }

    /// A picture with undefined content; its memory returns to the pool when the last handle goes.
    ///
    /// # Errors
    /// Out of memory.
    pub fn get(&self) -> Result<Frame, AvError> {
        let mut frame = Frame::new()?;
        // SAFETY: the buffer was sized for exactly this format, size and alignment; the frame owns the reference, and
        // libav keeps the pool alive until the last buffer is returned.
        unsafe {
            let buffer = sys::av_buffer_pool_get(self.pool);
            if buffer.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let raw = frame.raw_mut();
            raw.buf[0] = buffer;
            raw.width = self.width;
            raw.height = self.height;
            raw.format = self.format.0;
            check(sys::av_image_fill_arrays(
                raw.data.as_mut_ptr(),
                raw.linesize.as_mut_ptr(),
                (*buffer).data,
                self.format.raw(),
                self.width,
                self.height,
                ALIGN,
            ))?;
            raw.extended_data = raw.data.as_mut_ptr();
        }
        Ok(frame)
    }
}

impl Drop for FramePool {
    fn drop(&mut self) {
        // SAFETY: created in `new`; buffers still out keep the memory alive until they return.
        unsafe { sys::av_buffer_pool_uninit(ptr::addr_of_mut!(self.pool)) };
    }
}
