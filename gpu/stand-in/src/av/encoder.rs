//! An encoder in the place of a device's: libx264 or libx265 as fast as they go. Not a measure of a device's quality.

use std::ffi::CString;
use std::ptr;

use ffmpeg_sys_next as sys;
use newsreel_stand_in_kit::Codec;

use super::{AvError, Frame, Packet, Picture, check};

/// How many bits a picture gets. Rates are bits a second, buffers bits.
#[derive(Clone, Copy, Debug)]
pub enum Rate {
    /// The same quantiser for all.
    Quantiser(u32),
    /// A quality, below a rate.
    Quality { target: u32, most: u64, buffer: u64 },
    /// A rate on average, another at most (0 is none).
    Average { rate: u64, most: u64, buffer: u64 },
    /// The same rate always.
    Constant { rate: u64, buffer: u64 },
}

/// Everything an encoder is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub codec: Codec,
    pub width: u32,
    pub height: u32,
    pub ten_bit: bool,
    /// Frames a second, numerator and denominator.
    pub frame_rate: (u32, u32),
    /// Sample aspect ratio; 0 is unknown.
    pub aspect: (u32, u32),
    /// Frames from one key frame to the next; none has no limit.
    pub gop: Option<u32>,
    pub b_frames: u32,
    pub rate: Rate,
    /// libavcodec's name of the profile.
    pub profile: Option<&'static str>,
    /// Full range, primaries, transfer, matrix; none is not said.
    pub full_range: bool,
    pub colour: Option<[u32; 3]>,
    /// Which parameter sets it writes.
    pub parameter_sets: u32,
}

/// Owns an opened encoder.
pub struct Encoder {
    context: *mut sys::AVCodecContext,
    frame: Frame,
}

// SAFETY: a codec context may be used from any one thread at a time.
unsafe impl Send for Encoder {}

/// An encoded picture.
pub struct Encoded {
    /// Its bytes in Annex B, without parameter sets.
    pub bytes: Vec<u8>,
    /// The time its picture was given with.
    pub pts: i64,
    /// Whether it is an IDR picture.
    pub key: bool,
}

impl Settings {
    /// Options of libx264 or libx265, and of the context.
    fn options(&self) -> Vec<(&'static str, String)> {
        let gop = self.gop.map_or(-1, i64::from);
        let mut options = vec![
            ("g", gop.to_string()),
            ("bf", self.b_frames.to_string()),
            ("forced-idr", "1".to_owned()),
            ("threads", "1".to_owned()),
            ("flags", "+global_header".to_owned()),
            ("color_range", if self.full_range { "2" } else { "1" }.to_owned()),
        ];
        if let Some([primaries, transfer, matrix]) = self.colour {
            options.push(("color_primaries", primaries.to_string()));
            options.push(("color_trc", transfer.to_string()));
            options.push(("colorspace", matrix.to_string()));
        }
        let kilo = |bits: u64| (bits / 1000).max(1).to_string();
        let mut own = match self.codec {
            Codec::H264 => {
                options.push(("preset", "superfast".to_owned()));
                let b = "b-adapt=0:rc-lookahead=0:sync-lookahead=0:scenecut=0:open-gop=0:weightp=0";
                format!("{b}:mbtree=0:keyint={gop}:sps-id={}", self.parameter_sets)
            }
            Codec::Hevc => {
                options.push(("preset", "ultrafast".to_owned()));
                let ahead = self.b_frames + 1;
                let ctu = if self.parameter_sets == 0 { 32 } else { 16 };
                let b = "b-adapt=0:lookahead-slices=0:frame-threads=1:pools=none:wpp=0:scenecut=0";
                format!(
                    "{b}:open-gop=0:log-level=error:info=0:keyint={gop}:rc-lookahead={ahead}:ctu={ctu}"
                )
            }
        };
        if self.codec == Codec::H264 && gop < 0 {
            own = own.replace("keyint=-1", "keyint=infinite");
        }
        match self.rate {
            Rate::Quantiser(qp) => own += &format!(":qp={qp}"),
            Rate::Quality { target, most, buffer } => {
                own += &format!(":crf={target}");
                if most > 0 {
                    let buffer = if buffer > 0 { buffer } else { most };
                    own += &format!(":vbv-maxrate={}:vbv-bufsize={}", kilo(most), kilo(buffer));
                }
            }
            Rate::Average { rate, most, buffer } => {
                own += &format!(":bitrate={}", kilo(rate));
                if most > 0 {
                    let buffer = if buffer > 0 { buffer } else { most };
                    own += &format!(":vbv-maxrate={}:vbv-bufsize={}", kilo(most), kilo(buffer));
                }
            }
            Rate::Constant { rate, buffer } => {
                let buffer = kilo(if buffer > 0 { buffer } else { rate });
                let rate = kilo(rate);
                own += &format!(":bitrate={rate}:vbv-maxrate={rate}:vbv-bufsize={buffer}");
            }
        }
        let name = match self.codec {
            Codec::H264 => "x264-params",
            Codec::Hevc => "x265-params",
        };
        options.push((name, own));
        if let Some(profile) = self.profile {
            options.push(("profile", profile.to_owned()));
        }
        options
    }
}

impl Encoder {
    /// Opens one that works in the caller's thread.
    ///
    /// # Errors
    /// libavcodec was built without it, or refuses the settings.
    pub fn open(settings: &Settings) -> Result<Self, AvError> {
        let name = match settings.codec {
            Codec::H264 => c"libx264",
            Codec::Hevc => c"libx265",
        };
        let dimension = |n: u32| i32::try_from(n).map_err(|_| AvError("a large picture".to_owned()));
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
            for (name, value) in settings.options() {
                let text = |s: &str| CString::new(s).map_err(|_| AvError("an option".to_owned()));
                let (name, value) = (text(name)?, text(&value)?);
                let set = sys::av_opt_set(
                    context.cast(),
                    name.as_ptr(),
                    value.as_ptr(),
                    sys::AV_OPT_SEARCH_CHILDREN,
                );
                check(&format!("{name:?} = {value:?}"), set)?;
            }
            check("opening an encoder", sys::avcodec_open2(context, codec, ptr::null_mut()))?;
        }
        Ok(encoder)
    }

    /// Its parameter sets in Annex B, without anything else.
    pub fn parameter_sets(&self, codec: Codec) -> Vec<u8> {
        // SAFETY: an open context owns `extradata_size` bytes there.
        let all = unsafe {
            let length = usize::try_from((*self.context).extradata_size).unwrap_or(0);
            std::slice::from_raw_parts((*self.context).extradata, length)
        };
        let wanted = |nal: &[u8]| match codec {
            Codec::H264 => matches!(nal.first().map(|b| b & 0x1f), Some(7 | 8)),
            Codec::Hevc => matches!(nal.first().map(|b| b >> 1 & 0x3f), Some(32..=34)),
        };
        let mut sets = Vec::new();
        for nal in crate::cuvid::bits::units(all).filter(|nal| wanted(nal)) {
            sets.extend_from_slice(&[0, 0, 0, 1]);
            sets.extend_from_slice(nal);
        }
        sets
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
                let row = (picture.width + shift >> shift) * picture.sample();
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

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: owned, and not used after this.
        unsafe { sys::avcodec_free_context(&mut self.context) };
    }
}
