//! What is known of a stream's coding before a packet is decoded. Not the stream's timing (see `input`).

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, check, text};

/// A libav pixel format by number; libraries newer than ours may have numbers we have no name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelFormat(pub(super) i32);

impl PixelFormat {
    /// Planar 4:2:0, 8 bit.
    pub const YUV420P: Self = Self(0);
    /// Planar 4:2:0, 8 bit, full range: what JPEG uses.
    pub const YUVJ420P: Self = Self(12);
    /// Planar 4:2:0, 10 bit.
    pub const YUV420P10: Self = Self(sys::AVPixelFormat::AV_PIX_FMT_YUV420P10LE as i32);
    /// 4:2:0 with the two chroma planes interleaved, 8 bit: what GPUs work in.
    pub const NV12: Self = Self(sys::AVPixelFormat::AV_PIX_FMT_NV12 as i32);
    /// The same with 10 bits in the upper part of 16.
    pub const P010: Self = Self(sys::AVPixelFormat::AV_PIX_FMT_P010LE as i32);

    /// What the cores' encoders are given: planar 4:2:0, with ten bits where `hdr`.
    #[must_use]
    pub fn for_rungs(hdr: bool) -> Self {
        if hdr { Self::YUV420P10 } else { Self::YUV420P }
    }

    /// How often width and height are halved for chroma.
    pub(super) fn chroma_halvings(self) -> (u8, u8) {
        self.descriptor()
            .map_or((0, 0), |d| (d.log2_chroma_w, d.log2_chroma_h))
    }

    pub(super) fn raw(self) -> sys::AVPixelFormat {
        // SAFETY: only numbers that came from this same library or the constants above are ever stored, so the value
        // is one of the enum's.
        unsafe { std::mem::transmute::<i32, sys::AVPixelFormat>(self.0) }
    }

    fn descriptor(self) -> Option<&'static sys::AVPixFmtDescriptor> {
        // SAFETY: returns null for unknown formats, else a constant of the library.
        unsafe { sys::av_pix_fmt_desc_get(self.raw()).as_ref() }
    }

    /// `yuv420p`; empty when unknown.
    #[must_use]
    pub fn name(self) -> String {
        // SAFETY: names are terminated constants.
        self.descriptor()
            .map_or_else(String::new, |d| unsafe { text(d.name) })
    }

    /// Whether samples are red, green and blue.
    #[must_use]
    pub fn is_rgb(self) -> bool {
        self.descriptor()
            .is_some_and(|d| d.flags & u64::from(sys::AV_PIX_FMT_FLAG_RGB.unsigned_abs()) != 0)
    }

    /// Whether libswscale can read it.
    #[must_use]
    pub fn is_scalable(self) -> bool {
        // SAFETY: a lookup in a constant table.
        self.descriptor().is_some() && unsafe { sys::sws_isSupportedInput(self.raw()) } > 0
    }
}

/// Owns an `AVCodecParameters`.
pub struct Params(*mut sys::AVCodecParameters);

// SAFETY: plain data with one owner; libav keeps no thread-bound state in it.
unsafe impl Send for Params {}
// SAFETY: only read through `&self`.
unsafe impl Sync for Params {}

impl Params {
    pub(super) fn new() -> Result<Self, AvError> {
        // SAFETY: plain allocation.
        let params = unsafe { sys::avcodec_parameters_alloc() };
        if params.is_null() {
            Err(AvError::NO_MEMORY)
        } else {
            Ok(Self(params))
        }
    }

    /// A copy of what `from` points to.
    ///
    /// # Safety
    /// `from` must point to valid parameters.
    pub(super) unsafe fn copy_of(from: *const sys::AVCodecParameters) -> Result<Self, AvError> {
        let params = Self::new()?;
        // SAFETY: both sides are valid.
        check(unsafe { sys::avcodec_parameters_copy(params.0, from) })?;
        Ok(params)
    }

    /// A copy.
    ///
    /// # Errors
    /// Out of memory.
    pub fn try_clone(&self) -> Result<Self, AvError> {
        // SAFETY: our own parameters are valid.
        unsafe { Self::copy_of(self.0) }
    }

    pub(super) fn as_ptr(&self) -> *mut sys::AVCodecParameters {
        self.0
    }

    pub(super) fn raw(&self) -> &sys::AVCodecParameters {
        // SAFETY: allocated in `new`, freed only in Drop.
        unsafe { &*self.0 }
    }

    /// The codec's number, read as an integer: a newer library may know more codecs than our bindings.
    pub(super) fn codec_number(&self) -> i32 {
        // SAFETY: the enum is `repr(u32)`; reading it as an integer is always sound.
        unsafe { ptr::addr_of!((*self.0).codec_id).cast::<i32>().read() }
    }

    /// Same bytes of extradata, 0-length when there are none.
    #[must_use]
    pub fn extradata(&self) -> &[u8] {
        let raw = self.raw();
        match usize::try_from(raw.extradata_size) {
            // SAFETY: libav guarantees `extradata_size` bytes at `extradata`.
            Ok(len) if !raw.extradata.is_null() => unsafe {
                std::slice::from_raw_parts(raw.extradata, len)
            },
            _ => &[],
        }
    }

    /// Adds parameter sets in Annex B form to those it has.
    ///
    /// # Errors
    /// Out of memory.
    pub fn add_parameter_sets(&mut self, sets: &[u8]) -> Result<(), AvError> {
        let mut all = self.extradata().to_vec();
        all.extend_from_slice(sets);
        let padding = sys::AV_INPUT_BUFFER_PADDING_SIZE as usize;
        let size = i32::try_from(all.len()).map_err(|_| AvError::NO_MEMORY)?;
        // SAFETY: a new zeroed block of libav's allocator with the padding it asks for; the old one is given back to the
        // same allocator before it is replaced.
        unsafe {
            let block = sys::av_mallocz(all.len() + padding).cast::<u8>();
            if block.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            ptr::copy_nonoverlapping(all.as_ptr(), block, all.len());
            sys::av_freep(ptr::addr_of_mut!((*self.0).extradata).cast());
            (*self.0).extradata = block;
            (*self.0).extradata_size = size;
        }
        Ok(())
    }

    /// `h264`; `none` when the codec is unknown.
    #[must_use]
    pub fn codec_name(&self) -> String {
        // SAFETY: the function accepts any number and returns a constant string.
        unsafe {
            let id = ptr::addr_of!((*self.0).codec_id).read();
            text(sys::avcodec_get_name(id))
        }
    }

    /// Whether there is a decoder for it that takes its headers.
    #[must_use]
    pub fn is_decodable(&self) -> bool {
        // A decoder that exists may still refuse damaged headers: only opening it tells.
        super::Decoder::open(self, 1, None).is_ok()
    }

    /// Bits per second as the container says; 0 when unknown.
    #[must_use]
    pub fn bit_rate(&self) -> i64 {
        self.raw().bit_rate
    }

    /// Pixel format of a video stream.
    #[must_use]
    pub fn pixel_format(&self) -> PixelFormat {
        PixelFormat(self.raw().format)
    }

    /// `(primaries, transfer, matrix, full range)` as ISO/IEC 23091-2 code points.
    #[must_use]
    pub fn colour(&self) -> (u8, u8, u8, bool) {
        // SAFETY: all four are 32-bit enums read as integers.
        let (primaries, transfer, matrix, range) = unsafe {
            (
                ptr::addr_of!((*self.0).color_primaries)
                    .cast::<i32>()
                    .read(),
                ptr::addr_of!((*self.0).color_trc).cast::<i32>().read(),
                ptr::addr_of!((*self.0).color_space).cast::<i32>().read(),
                ptr::addr_of!((*self.0).color_range).cast::<i32>().read(),
            )
        };
        let code = |v: i32| u8::try_from(v).unwrap_or(2);
        let full = range == 2 || self.pixel_format().name().starts_with("yuvj");
        (code(primaries), code(transfer), code(matrix), full)
    }

    /// Whether it is said which channel of the sound is which.
    #[must_use]
    pub fn names_channels(&self) -> bool {
        self.raw().ch_layout.order != sys::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC
    }

    /// Whether pictures may be coded in another order than they are shown, as far as the headers tell.
    #[must_use]
    pub fn reorders(&self) -> bool {
        self.raw().video_delay > 0
    }

    /// Whether the container or the bitstream says that frames are interlaced.
    #[must_use]
    pub fn is_interlaced(&self) -> bool {
        // SAFETY: a 32-bit enum read as an integer; 0 is unknown, 1 progressive.
        unsafe { ptr::addr_of!((*self.0).field_order).cast::<i32>().read() > 1 }
    }
}

impl Drop for Params {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, freed once.
        unsafe { sys::avcodec_parameters_free(ptr::addr_of_mut!(self.0)) };
    }
}
