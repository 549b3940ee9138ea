//! Pictures made in memory of ours: a pool of them, and pasting one into another. Not a scaler.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::params::PixelFormat;
use super::{AvError, Frame, check};

impl Frame {
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

    /// Makes every sample of a planar 4:2:0 picture black.
    pub fn fill_black(&mut self) {
        let raw = self.raw();
        let rows = usize::try_from(raw.height).unwrap_or(0);
        for (plane, value) in [(0, 0u8), (1, 128), (2, 128)] {
            let stride = usize::try_from(raw.linesize[plane]).unwrap_or(0);
            let rows = if plane == 0 { rows } else { rows.div_ceil(2) };
            // SAFETY: the plane has `rows` rows of `stride` bytes, and `&mut self` is their only user.
            unsafe { ptr::write_bytes(raw.data[plane], value, stride * rows) };
        }
    }

    /// Writes an 8-bit planar 4:2:0 picture: `row` is given each plane's number, each row's, and its samples. Other formats
    /// are left as they are.
    pub fn draw(&mut self, mut row: impl FnMut(usize, usize, &mut [u8])) {
        if self.pixel_format() != PixelFormat::YUV420P {
            return;
        }
        for plane in 0..3 {
            let half = usize::from(plane > 0);
            let size = |v: u32| (v as usize + half) >> half;
            let (width, height) = (size(self.width()), size(self.height()));
            let raw = self.raw();
            let stride = usize::try_from(raw.linesize[plane]).unwrap_or(0);
            for y in 0..height {
                // SAFETY: the plane has `height` rows of `stride` bytes, `width` of which are picture; `&mut self` is their
                // only user.
                let samples = unsafe {
                    std::slice::from_raw_parts_mut(raw.data[plane].add(y * stride), width)
                };
                row(plane, y, samples);
            }
        }
    }

    /// Copies a planar 4:2:0 picture into this one with its corner at `x`, `y`, both even; what does not fit is refused.
    ///
    /// # Errors
    /// Other formats, odd places, or a tile that would lie outside.
    pub fn paste(&mut self, tile: &Self, x: u32, y: u32) -> Result<(), AvError> {
        let same = self.pixel_format() == tile.pixel_format()
            && matches!(
                tile.pixel_format(),
                PixelFormat::YUV420P | PixelFormat::YUVJ420P
            );
        let fits = x + tile.width() <= self.width() && y + tile.height() <= self.height();
        if !same || !fits || !x.is_multiple_of(2) || !y.is_multiple_of(2) {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        }
        for plane in 0..3 {
            let half = usize::from(plane > 0);
            let shift = |v: u32| v as usize >> half;
            let size = |v: u32| (v as usize + half) >> half;
            let (to, from) = (self.raw(), tile.raw());
            let stride = |f: &sys::AVFrame| usize::try_from(f.linesize[plane]).unwrap_or(0);
            for row in 0..size(tile.height()) {
                // SAFETY: the tile lies inside this picture, checked above, so both rows lie inside their planes;
                // they belong to different pictures, since this one is held by `&mut`.
                unsafe {
                    let source = from.data[plane].add(row * stride(from));
                    let target = to.data[plane].add((shift(y) + row) * stride(to) + shift(x));
                    ptr::copy_nonoverlapping(source, target, size(tile.width()));
                }
            }
        }
        Ok(())
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
