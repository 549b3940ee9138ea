//! libx264, through libavcodec. Not HEVC's: see [`super::x265`].

use std::ffi::CString;
use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Encoded, Frame, Packet, Picture, Settings, check};

/// Owns an opened encoder.
pub struct X264 {
    context: *mut sys::AVCodecContext,
    frame: Frame,
}

// SAFETY: a codec context may be used from any one thread at a time.
unsafe impl Send for X264 {}

impl X264 {
    /// Opens one that works in the caller's thread.
    ///
    /// # Errors
    /// libavcodec was built without it, or refuses the settings.
    pub fn open(settings: &Settings, options: &[(&str, String)]) -> Result<Self, AvError> {
        let name = c"libx264";
        let dimension =
            |n: u32| i32::try_from(n).map_err(|_| AvError("a large picture".to_owned()));
        // SAFETY: the name has an end; null is checked for.
        let codec = unsafe { sys::avcodec_find_encoder_by_name(name.as_ptr()) };
        if codec.is_null() {
            return Err(AvError(format!("libavcodec was built without {name:?}")));
        }
        // SAFETY: the context is owned from here on.
        let context = unsafe { sys::avcodec_alloc_context3(codec) };
        if context.is_null() {
            return Err(AvError::of("an encoder", -12));
        }
        let encoder = Self {
            context,
            frame: Frame::new()?,
        };
        let rational = |(num, den): (u32, u32)| -> Result<_, AvError> {
            Ok(sys::AVRational {
                num: dimension(num)?,
                den: dimension(den.max(1))?,
            })
        };
        // SAFETY: fields may be set until the context is opened; options are copied.
        unsafe {
            let c = &mut *context;
            c.width = dimension(settings.width)?;
            c.height = dimension(settings.height)?;
            c.pix_fmt = if settings.ten_bit {
                sys::AVPixelFormat::AV_PIX_FMT_YUV420P10LE
            } else {
                sys::AVPixelFormat::AV_PIX_FMT_YUV420P
            };
            c.framerate = rational(settings.frame_rate)?;
            // Pictures are numbered; what their times are is the client's affair.
            c.time_base = rational((settings.frame_rate.1, settings.frame_rate.0))?;
            c.sample_aspect_ratio = rational(settings.aspect)?;
            for (name, value) in options {
                let text = |s: &str| CString::new(s).map_err(|_| AvError("an option".to_owned()));
                let (name, value) = (text(name)?, text(value)?);
                let set = sys::av_opt_set(
                    context.cast(),
                    name.as_ptr(),
                    value.as_ptr(),
                    sys::AV_OPT_SEARCH_CHILDREN,
                );
                check(&format!("{name:?} = {value:?}"), set)?;
            }
            check(
                "opening an encoder",
                sys::avcodec_open2(context, codec, ptr::null_mut()),
            )?;
        }
        Ok(encoder)
    }

    /// Its headers in Annex B.
    pub fn headers(&self) -> Vec<u8> {
        // SAFETY: an open context owns `extradata_size` bytes there.
        unsafe {
            let length = usize::try_from((*self.context).extradata_size).unwrap_or(0);
            std::slice::from_raw_parts((*self.context).extradata, length).to_vec()
        }
    }

    /// Gives it a picture numbered `pts`.
    ///
    /// # Errors
    /// The picture is not of the size or depth it was opened for, or it has no memory.
    pub fn send(&mut self, picture: &Picture, pts: i64, key: bool) -> Result<(), AvError> {
        // SAFETY: the frame is owned; its buffers are made for the context's format and size, each plane with `height` rows of
        // `linesize` bytes, and no more than a row is copied into each.
        unsafe {
            let f = &mut *self.frame.0;
            sys::av_frame_unref(f);
            f.format = ptr::addr_of!((*self.context).pix_fmt).cast::<i32>().read();
            f.width = (*self.context).width;
            f.height = (*self.context).height;
            f.pts = pts;
            f.pict_type = if key {
                sys::AVPictureType::AV_PICTURE_TYPE_I
            } else {
                sys::AVPictureType::AV_PICTURE_TYPE_NONE
            };
            check("a frame", sys::av_frame_get_buffer(f, 0))?;
            let fits = usize::try_from(f.width) == Ok(picture.width)
                && usize::try_from(f.height) == Ok(picture.height);
            if !fits {
                return Err(AvError("a picture of another size".to_owned()));
            }
            for (i, plane) in picture.planes.iter().enumerate() {
                let shift = usize::from(i > 0);
                let row = ((picture.width + shift) >> shift) * picture.sample();
                let pitch = usize::try_from(f.linesize[i]).unwrap_or(0);
                for (y, bytes) in plane.chunks_exact(row.clamp(1, pitch.max(1))).enumerate() {
                    ptr::copy_nonoverlapping(bytes.as_ptr(), f.data[i].add(y * pitch), row);
                }
            }
            check("encoding", sys::avcodec_send_frame(self.context, f)).map(|_| ())
        }
    }

    /// No picture follows.
    pub fn end(&mut self) {
        // SAFETY: an open context; null is the documented end.
        unsafe { sys::avcodec_send_frame(self.context, ptr::null()) };
    }

    /// The next picture in decoding order, if it is done.
    pub fn receive(&mut self) -> Option<Encoded> {
        let packet = Packet::new().ok()?;
        // SAFETY: an open context and an owned packet, which holds `size` bytes at `data` once it is filled.
        unsafe {
            if sys::avcodec_receive_packet(self.context, packet.0) < 0 {
                return None;
            }
            let p = &*packet.0;
            let length = usize::try_from(p.size).ok()?;
            Some(Encoded {
                bytes: std::slice::from_raw_parts(p.data, length).to_vec(),
                pts: p.pts,
                key: p.flags & sys::AV_PKT_FLAG_KEY != 0,
            })
        }
    }
}

impl Drop for X264 {
    fn drop(&mut self) {
        // SAFETY: owned, and not used after this.
        unsafe { sys::avcodec_free_context(&mut self.context) };
    }
}
