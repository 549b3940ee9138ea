//! One decoded picture or block of sound. Not a pipeline stage; making them is in `picture` and `sound`.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::AvError;
use super::packet::known;
use super::params::PixelFormat;

/// Owns an `AVFrame`; cloning shares the samples and copies the properties.
pub struct Frame(pub(super) *mut sys::AVFrame);

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

    pub(super) fn raw_mut(&mut self) -> &mut sys::AVFrame {
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

    /// Forgets captions that a decoder left with the picture: filters garble them, and not every encoder heeds them.
    pub fn forget_captions(&mut self) {
        // SAFETY: a valid frame, whose list of side data is its own also where samples are shared.
        unsafe {
            sys::av_frame_remove_side_data(self.0, sys::AVFrameSideDataType::AV_FRAME_DATA_A53_CC);
        }
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

    /// Whether the field with the topmost line is the earlier one, where it was coded as two fields.
    #[must_use]
    pub fn is_top_first(&self) -> bool {
        self.raw().top_field_first != 0
    }

    /// Where chroma lies, as ISO/IEC 23091-2 numbers it plus one; 0 where nothing is said.
    #[must_use]
    pub fn chroma_location(&self) -> i32 {
        // SAFETY: a 32-bit enum read as an integer.
        unsafe {
            ptr::addr_of!((*self.0).chroma_location)
                .cast::<i32>()
                .read()
        }
    }

    /// Says that the picture is progressive and which colour its samples have.
    pub fn set_shown_as(&mut self, (primaries, transfer, matrix): (u8, u8, u8), full_range: bool) {
        let raw = self.raw_mut();
        raw.interlaced_frame = 0;
        raw.top_field_first = 0;
        raw.repeat_pict = 0;
        let range = if full_range { 2 } else { 1 };
        // SAFETY: 32-bit enums written as the integers they are in C.
        unsafe {
            let write = |field: *mut i32, value: i32| field.write(value);
            write(
                ptr::addr_of_mut!(raw.color_primaries).cast(),
                primaries.into(),
            );
            write(ptr::addr_of_mut!(raw.color_trc).cast(), transfer.into());
            write(ptr::addr_of_mut!(raw.colorspace).cast(), matrix.into());
            write(ptr::addr_of_mut!(raw.color_range).cast(), range);
        }
    }

    /// What a filter noted about the picture under this name.
    #[must_use]
    pub fn note(&self, name: &std::ffi::CStr) -> Option<String> {
        // SAFETY: the dictionary is null or valid; the value is copied at once.
        unsafe {
            let entry = sys::av_dict_get(self.raw().metadata, name.as_ptr(), ptr::null(), 0);
            (!entry.is_null()).then(|| super::text((*entry).value))
        }
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
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` or `share`, freed once.
        unsafe { sys::av_frame_free(ptr::addr_of_mut!(self.0)) };
    }
}
