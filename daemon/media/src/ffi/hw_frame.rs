//! Pictures in a device's memory, and their way to and from host memory. Not a scaler.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::params::PixelFormat;
use super::{AvError, Frame, HwDevice, check};

/// Owns an `AVFrame` whose samples are on a device; sharing it copies none. It is a type of its own because its plane
/// pointers are the device's: what reads a [`Frame`] in host memory must never get one.
pub struct HwFrame(Frame);

/// One plane in device memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HwPlane {
    /// The device's address.
    pub address: u64,
    /// Bytes from one row to the next.
    pub pitch: usize,
}

impl HwFrame {
    /// Takes a frame that lives on a device; a frame in host memory is given back.
    pub(super) fn new(frame: Frame) -> Result<Self, Frame> {
        if frame.raw().hw_frames_ctx.is_null() {
            Err(frame)
        } else {
            Ok(Self(frame))
        }
    }

    /// Another handle on the same samples.
    ///
    /// # Errors
    /// Out of memory.
    pub fn share(&self) -> Result<Self, AvError> {
        self.0.share().map(Self)
    }

    pub(super) fn as_frame(&self) -> &Frame {
        &self.0
    }

    pub(super) fn as_ptr(&self) -> *mut sys::AVFrame {
        self.0.as_ptr()
    }

    pub(super) fn pool(&self) -> *mut sys::AVBufferRef {
        self.0.raw().hw_frames_ctx
    }

    /// Tells pictures of one pool from those of another: the address of what their references share.
    pub(super) fn pool_address(&self) -> usize {
        // SAFETY: a frame of this type has a frames context (see `new`).
        unsafe { (*self.pool()).data.addr() }
    }

    /// Pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// Pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// Presentation time in whatever base the packets carried.
    #[must_use]
    pub fn pts(&self) -> Option<i64> {
        self.0.pts()
    }

    /// Whether the decoder knows the picture to be damaged.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.0.is_damaged()
    }

    /// Whether samples use the full range, by tag.
    #[must_use]
    pub fn is_full_range(&self) -> bool {
        self.0.is_full_range()
    }

    /// Whether pixels at the left or top are to be cut off, which a device leaves to whoever reads the picture.
    #[must_use]
    pub fn has_offset(&self) -> bool {
        let raw = self.0.raw();
        raw.crop_left != 0 || raw.crop_top != 0
    }

    /// How the samples lie in the device's memory.
    #[must_use]
    pub fn samples_format(&self) -> PixelFormat {
        // SAFETY: the frame has a frames context (see `new`), whose format is a 32-bit enum read as an integer.
        unsafe {
            let frames = (*self.pool()).data.cast::<sys::AVHWFramesContext>();
            PixelFormat(ptr::addr_of!((*frames).sw_format).cast::<i32>().read())
        }
    }

    /// Where a plane lies, for a kernel that reads or writes it; `None` for a plane it has not, or a frame that is no
    /// CUDA frame.
    #[must_use]
    pub fn plane(&self, plane: usize) -> Option<HwPlane> {
        let raw = self.0.raw();
        let cuda = raw.format == sys::AVPixelFormat::AV_PIX_FMT_CUDA as i32;
        let data = raw.data.get(plane).filter(|p| cuda && !p.is_null())?;
        Some(HwPlane {
            address: u64::try_from(data.addr()).ok()?,
            pitch: usize::try_from(raw.linesize[plane]).ok()?,
        })
    }

    /// Sets the presentation time in the encoder's time base.
    pub fn set_pts(&mut self, pts: i64) {
        self.0.set_pts(pts);
    }

    /// Asks the encoder for a key frame here, or leaves the choice to it.
    pub fn set_forced_key(&mut self, forced: bool) {
        self.0.set_forced_key(forced);
    }

    /// Where chroma lies, as ISO/IEC 23091-2 numbers it plus one; 0 where nothing is said.
    #[must_use]
    pub fn chroma_location(&self) -> i32 {
        self.0.chroma_location()
    }

    /// Takes over what `other` says of itself beside its samples, its time and colour among it, but no wish for a key frame.
    ///
    /// # Errors
    /// Out of memory.
    pub fn take_properties(&mut self, other: &Self) -> Result<(), AvError> {
        // SAFETY: both frames are valid; only properties are copied.
        check(unsafe { sys::av_frame_copy_props(self.as_ptr(), other.as_ptr()) })?;
        self.set_forced_key(false);
        Ok(())
    }

    /// Forgets captions that a decoder left with the picture.
    pub fn forget_captions(&mut self) {
        self.0.forget_captions();
    }

    /// Copies the samples into `target` in host memory, which must have the same size and format.
    ///
    /// # Errors
    /// Another size or format, or the device failed.
    pub fn download(&self, target: &mut Frame) -> Result<(), AvError> {
        let fits = target.width() == self.width()
            && target.height() == self.height()
            && target.pixel_format() == self.samples_format();
        if !fits {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        }
        // SAFETY: a frame on the device and one in host memory of the same size and format, which `&mut` makes ours alone.
        check(unsafe { sys::av_hwframe_transfer_data(target.as_ptr(), self.as_ptr(), 0) })?;
        // SAFETY: both frames are valid; only properties are copied.
        check(unsafe { sys::av_frame_copy_props(target.as_ptr(), self.as_ptr()) })?;
        Ok(())
    }
}

/// Owns an `AVHWFramesContext`: pictures of one size and format on a device, whose memory is used again.
pub struct HwFrames {
    frames: *mut sys::AVBufferRef,
}

// SAFETY: the reference and the pool behind it are counted and locked inside libav.
unsafe impl Send for HwFrames {}

impl HwFrames {
    /// A pool of `width` × `height` pictures whose samples lie as `format` says. `count` 0 lets it grow as needed, which
    /// CUDA can; a VAAPI pool has as many as it is made with.
    ///
    /// # Errors
    /// The device has no memory left or refuses the format.
    pub fn new(
        device: &HwDevice,
        width: u32,
        height: u32,
        format: PixelFormat,
        count: u32,
    ) -> Result<Self, AvError> {
        let size = |v: u32| i32::try_from(v).map_err(|_| AvError(sys::AVERROR(sys::EINVAL)));
        let (width, height, count) = (size(width)?, size(height)?, size(count)?);
        let device_reference = device.reference()?;
        // SAFETY: the context takes a reference of its own, so ours is given up in any case; fields are set before `init`,
        // as its documentation asks.
        unsafe {
            let mut owned = device_reference;
            let frames = sys::av_hwframe_ctx_alloc(owned);
            sys::av_buffer_unref(&raw mut owned);
            if frames.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let this = Self { frames };
            let context = (*frames).data.cast::<sys::AVHWFramesContext>();
            (*context).format = device.id().surface_format();
            (*context).sw_format = format.raw();
            (*context).width = width;
            (*context).height = height;
            (*context).initial_pool_size = count;
            check(sys::av_hwframe_ctx_init(frames))?;
            Ok(this)
        }
    }

    /// A picture with undefined content.
    ///
    /// # Errors
    /// The device has no memory left, or the pool no picture.
    pub fn get(&self) -> Result<HwFrame, AvError> {
        let frame = Frame::new()?;
        // SAFETY: an initialised frames context and a blank frame.
        check(unsafe { sys::av_hwframe_get_buffer(self.frames, frame.as_ptr(), 0) })?;
        HwFrame::new(frame).map_err(|_| AvError::NO_MEMORY)
    }

    /// Copies a picture in host memory onto the device, its time and colours included.
    ///
    /// # Errors
    /// Another size or format than the pool's, or the device failed.
    pub fn upload(&self, picture: &Frame) -> Result<HwFrame, AvError> {
        let target = self.get()?;
        let fits = target.width() == picture.width()
            && target.height() == picture.height()
            && target.samples_format() == picture.pixel_format();
        if !fits {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        }
        // SAFETY: a frame in host memory and one on the device of the same size and format.
        check(unsafe { sys::av_hwframe_transfer_data(target.as_ptr(), picture.as_ptr(), 0) })?;
        // SAFETY: both frames are valid; only properties are copied.
        check(unsafe { sys::av_frame_copy_props(target.as_ptr(), picture.as_ptr()) })?;
        Ok(target)
    }

    /// The format of its pictures: that of the device's surfaces.
    pub(super) fn format(&self) -> sys::AVPixelFormat {
        // SAFETY: an initialised frames context; the format was set by us in `new`.
        unsafe { (*(*self.frames).data.cast::<sys::AVHWFramesContext>()).format }
    }

    /// Another reference, which the taker owns.
    pub(super) fn reference(&self) -> Result<*mut sys::AVBufferRef, AvError> {
        // SAFETY: our own reference is valid until Drop.
        let reference = unsafe { sys::av_buffer_ref(self.frames) };
        if reference.is_null() {
            Err(AvError::NO_MEMORY)
        } else {
            Ok(reference)
        }
    }
}

impl Drop for HwFrames {
    fn drop(&mut self) {
        // SAFETY: created in `new`, given up once; pictures still out keep the pool alive.
        unsafe { sys::av_buffer_unref(ptr::addr_of_mut!(self.frames)) };
    }
}
