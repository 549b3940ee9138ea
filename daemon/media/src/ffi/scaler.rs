//! Pictures from any size and format to one, with libswscale. Not a geometry: what fits where is planned elsewhere.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Frame, PixelFormat, check};

/// What a picture looks like; a change of it needs new scaling tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureFormat {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Layout of the samples.
    pub format: PixelFormat,
    /// Whether samples use the full range.
    pub full_range: bool,
    /// Matrix coefficients as a code point.
    pub matrix: u8,
}

impl PictureFormat {
    /// Of a decoded picture.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        Self {
            width: frame.width(),
            height: frame.height(),
            format: frame.pixel_format(),
            full_range: frame.is_full_range(),
            matrix: frame.matrix(),
        }
    }
}

/// Owns an initialised `SwsContext` for one pair of formats.
pub struct Scaler {
    context: *mut sys::SwsContext,
    from: PictureFormat,
    to: PictureFormat,
}

// SAFETY: one owner, no thread-bound state.
unsafe impl Send for Scaler {}

impl Scaler {
    /// Bicubic scaling from one picture format to another. It keeps no state between pictures.
    ///
    /// # Errors
    /// libswscale cannot convert between the two.
    pub fn new(from: PictureFormat, to: PictureFormat) -> Result<Self, AvError> {
        let size = |v: u32| i32::try_from(v).unwrap_or(0);
        // SAFETY: plain values in; the context is owned as soon as it exists; coefficient tables are constants.
        unsafe {
            let context = sys::sws_getContext(
                size(from.width),
                size(from.height),
                from.format.raw(),
                size(to.width),
                size(to.height),
                to.format.raw(),
                sys::SWS_BICUBIC,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            );
            if context.is_null() {
                return Err(AvError(sys::AVERROR(sys::EINVAL)));
            }
            let this = Self { context, from, to };
            sys::sws_setColorspaceDetails(
                context,
                sys::sws_getCoefficients(sws_matrix(from)),
                i32::from(from.full_range),
                sys::sws_getCoefficients(sws_matrix(to)),
                i32::from(to.full_range),
                0,
                1 << 16,
                1 << 16,
            );
            Ok(this)
        }
    }

    /// The format it reads.
    #[must_use]
    pub fn from(&self) -> PictureFormat {
        self.from
    }

    /// Scales `source` into `target`, whose samples are overwritten.
    ///
    /// # Errors
    /// A picture does not have the format this was made for.
    pub fn scale(&mut self, source: &Frame, target: &mut Frame) -> Result<(), AvError> {
        let fits = target.width() == self.to.width
            && target.height() == self.to.height
            && target.pixel_format() == self.to.format;
        if PictureFormat::of(source) != self.from || !fits {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        }
        // SAFETY: both frames have the sizes and formats the context was made for, checked above, and `&mut target`
        // is the only user of its samples.
        check(unsafe {
            sys::sws_scale(
                self.context,
                source.raw().data.as_ptr().cast(),
                source.raw().linesize.as_ptr(),
                0,
                source.raw().height,
                target.raw().data.as_ptr(),
                target.raw().linesize.as_ptr(),
            )
        })?;
        Ok(())
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, freed once.
        unsafe { sys::sws_freeContext(self.context) };
    }
}

/// libswscale's number for a matrix; where the picture does not say, BT.709 from 720 lines and BT.601 below, as
/// players assume.
fn sws_matrix(picture: PictureFormat) -> i32 {
    match picture.matrix {
        1 => 1,
        4 => 4,
        5 | 6 => 5,
        7 => 7,
        9 | 10 => 9,
        _ if picture.height >= 720 => 1,
        _ => 5,
    }
}
