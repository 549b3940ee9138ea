//! Pictures from any size and format to one, with libswscale. Not a geometry: what fits where is planned elsewhere.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Frame, PixelFormat, check};

/// Where chroma samples lie among those of luma, where there are fewer of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Siting {
    /// Above the left one of each pair, between two lines: MPEG-2, H.264 and HEVC unless they say otherwise.
    Left,
    /// In the middle: JPEG and MPEG-1.
    Center,
    /// On the left one of each pair and the upper of two lines: BT.2020 and much of DV.
    TopLeft,
}

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
    /// Where chroma lies.
    pub siting: Siting,
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
            siting: match frame.chroma_location() {
                2 => Siting::Center,
                3 => Siting::TopLeft,
                _ => Siting::Left,
            },
        }
    }

    /// Whether the picture says with which matrix it was made.
    #[must_use]
    pub fn states_matrix(&self) -> bool {
        !self.format.is_rgb() && !matches!(self.matrix, 0 | 2)
    }

    /// Where chroma lies across and down, in 1/256 of a luma sample; libswscale's own choice where it is not halved.
    fn chroma_position(&self) -> (i64, i64) {
        const UNSET: i64 = -513;
        let (across, down) = match self.siting {
            Siting::Left => (0, 128),
            Siting::Center => (128, 128),
            Siting::TopLeft => (0, 0),
        };
        let (halved_x, halved_y) = self.format.chroma_halvings();
        let only = |halved: u8, at: i64| if halved == 1 { at } else { UNSET };
        (only(halved_x, across), only(halved_y, down))
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
        let size = |v: u32| i64::from(v.min(i32::MAX.unsigned_abs()));
        // SAFETY: plain values in; the context is owned as soon as it exists; coefficient tables are constants.
        unsafe {
            let context = sys::sws_alloc_context();
            if context.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let this = Self { context, from, to };
            let set = |name: &std::ffi::CStr, value: i64| {
                check(sys::av_opt_set_int(context.cast(), name.as_ptr(), value, 0))
            };
            for (picture, names) in [
                (
                    from,
                    [
                        c"srcw",
                        c"srch",
                        c"src_format",
                        c"src_h_chr_pos",
                        c"src_v_chr_pos",
                    ],
                ),
                (
                    to,
                    [
                        c"dstw",
                        c"dsth",
                        c"dst_format",
                        c"dst_h_chr_pos",
                        c"dst_v_chr_pos",
                    ],
                ),
            ] {
                let (across, down) = picture.chroma_position();
                let values = [
                    size(picture.width),
                    size(picture.height),
                    i64::from(picture.format.0),
                    across,
                    down,
                ];
                for (name, value) in names.into_iter().zip(values) {
                    set(name, value)?;
                }
            }
            set(c"sws_flags", i64::from(sys::SWS_BICUBIC))?;
            check(sys::sws_init_context(
                context,
                ptr::null_mut(),
                ptr::null_mut(),
            ))?;
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
        let from = PictureFormat::of(source);
        let known = from.width == self.from.width
            && from.height == self.from.height
            && from.format == self.from.format;
        if !known || !fits {
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
