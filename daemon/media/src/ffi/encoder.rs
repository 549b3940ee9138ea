//! A libavcodec encoder by name, with options as text. Not a choice of options: the engines make that.

use std::ptr;

use ffmpeg_sys_next as sys;
use newsreel_model::Rational;

use super::decoder::{Received, received};
use super::{AvError, Frame, HwFrame, HwFrames, Packet, Params, PixelFormat, c_string, check};

/// What a video encoder must know before its first frame.
#[derive(Clone, Debug)]
pub struct VideoSettings {
    /// libavcodec's name, for example `libx264`.
    pub encoder: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Format of the frames it will get; for pictures on a device, how their samples lie there.
    pub format: PixelFormat,
    /// Unit of the frames' times.
    pub time_base: Rational,
    /// Nominal rate, for the bitstream's timing information and rate control.
    pub frame_rate: Option<Rational>,
    /// `(primaries, transfer, matrix)` as ISO/IEC 23091-2 code points; limited range.
    pub colour: (u8, u8, u8),
    /// Whether samples are full range (pictures for JPEG only).
    pub full_range: bool,
    /// Threads of the encoder.
    pub threads: u32,
    /// Further options by libavcodec's names; one that does not exist is an error.
    pub options: Vec<(String, String)>,
}

/// What a sound encoder must know before its first block: planar float, always.
#[derive(Clone, Debug)]
pub struct AudioSettings {
    /// libavcodec's name, for example `aac`.
    pub encoder: String,
    /// Hz.
    pub sample_rate: u32,
    /// Number of channels, in the default order for that number.
    pub channels: u32,
    /// Bits per second.
    pub bit_rate: u64,
}

/// Owns an opened `AVCodecContext` for encoding.
pub struct Encoder(*mut sys::AVCodecContext);

// SAFETY: a codec context may be used from any one thread at a time; its own threads are its affair.
unsafe impl Send for Encoder {}

/// Whether the library has an encoder of that name.
#[must_use]
pub fn has_encoder(name: &str) -> bool {
    let name = c_string(name);
    // SAFETY: a lookup by a terminated string.
    unsafe { !sys::avcodec_find_encoder_by_name(name.as_ptr()).is_null() }
}

impl Encoder {
    fn alloc(name: &str) -> Result<(Self, *const sys::AVCodec), AvError> {
        let name = c_string(name);
        // SAFETY: a lookup, then an allocation owned at once.
        unsafe {
            let codec = sys::avcodec_find_encoder_by_name(name.as_ptr());
            if codec.is_null() {
                return Err(AvError(sys::AVERROR_ENCODER_NOT_FOUND));
            }
            let context = sys::avcodec_alloc_context3(codec);
            if context.is_null() {
                Err(AvError::NO_MEMORY)
            } else {
                Ok((Self(context), codec))
            }
        }
    }

    /// Opens a video encoder with parameter sets in its header rather than in the stream.
    ///
    /// # Errors
    /// There is no such encoder, or it refuses a setting or an option.
    pub fn video(settings: &VideoSettings) -> Result<Self, AvError> {
        Self::video_from(settings, None)
    }

    /// The same for pictures on a device, of the size and sample format of `frames`.
    ///
    /// # Errors
    /// As [`Encoder::video`], or the device refuses a session.
    pub fn video_on_device(settings: &VideoSettings, frames: &HwFrames) -> Result<Self, AvError> {
        Self::video_from(settings, Some(frames))
    }

    fn video_from(settings: &VideoSettings, frames: Option<&HwFrames>) -> Result<Self, AvError> {
        let (encoder, codec) = Self::alloc(&settings.encoder)?;
        // SAFETY: the context is ours and not open yet; enums are written as the integers they are in C.
        unsafe {
            let c = encoder.0;
            (*c).width = i32::try_from(settings.width).unwrap_or(0);
            (*c).height = i32::try_from(settings.height).unwrap_or(0);
            (*c).pix_fmt = settings.format.raw();
            if let Some(frames) = frames {
                (*c).pix_fmt = frames.format();
                (*c).hw_frames_ctx = frames.reference()?;
            }
            (*c).time_base = av_rational(settings.time_base);
            if let Some(rate) = settings.frame_rate {
                (*c).framerate = av_rational(rate);
            }
            (*c).sample_aspect_ratio = sys::AVRational { num: 1, den: 1 };
            let (primaries, transfer, matrix) = settings.colour;
            ptr::addr_of_mut!((*c).color_primaries)
                .cast::<i32>()
                .write(i32::from(primaries));
            ptr::addr_of_mut!((*c).color_trc)
                .cast::<i32>()
                .write(i32::from(transfer));
            ptr::addr_of_mut!((*c).colorspace)
                .cast::<i32>()
                .write(i32::from(matrix));
            let range = if settings.full_range { 2 } else { 1 };
            ptr::addr_of_mut!((*c).color_range)
                .cast::<i32>()
                .write(range);
            (*c).thread_count = i32::try_from(settings.threads.max(1)).unwrap_or(1);
            (*c).flags |= sys::AV_CODEC_FLAG_GLOBAL_HEADER.cast_signed();
        }
        encoder.open(codec, &settings.options)
    }

    /// Opens a sound encoder.
    ///
    /// # Errors
    /// There is no such encoder, or it refuses a setting.
    pub fn audio(settings: &AudioSettings) -> Result<Self, AvError> {
        let (encoder, codec) = Self::alloc(&settings.encoder)?;
        // SAFETY: the context is ours and not open yet.
        unsafe {
            let c = encoder.0;
            (*c).sample_rate = i32::try_from(settings.sample_rate).unwrap_or(0);
            (*c).sample_fmt = sys::AVSampleFormat::AV_SAMPLE_FMT_FLTP;
            (*c).bit_rate = i64::try_from(settings.bit_rate).unwrap_or(0);
            (*c).time_base = sys::AVRational {
                num: 1,
                den: (*c).sample_rate,
            };
            let channels = i32::try_from(settings.channels).unwrap_or(0);
            sys::av_channel_layout_default(ptr::addr_of_mut!((*c).ch_layout), channels);
            (*c).thread_count = 1;
            (*c).flags |= sys::AV_CODEC_FLAG_GLOBAL_HEADER.cast_signed();
        }
        encoder.open(codec, &[])
    }

    fn open(
        self,
        codec: *const sys::AVCodec,
        options: &[(String, String)],
    ) -> Result<Self, AvError> {
        let mut dictionary = ptr::null_mut();
        // SAFETY: the dictionary copies its strings; what is left in it afterwards was not understood, and it is freed.
        let (opened, left) = unsafe {
            for (key, value) in options {
                sys::av_dict_set(
                    &raw mut dictionary,
                    c_string(key).as_ptr(),
                    c_string(value).as_ptr(),
                    0,
                );
            }
            let opened = sys::avcodec_open2(self.0, codec, &raw mut dictionary);
            let left = sys::av_dict_count(dictionary);
            sys::av_dict_free(&raw mut dictionary);
            (opened, left)
        };
        check(opened)?;
        if left > 0 {
            return Err(AvError(sys::AVERROR_OPTION_NOT_FOUND));
        }
        Ok(self)
    }

    /// How the stream is coded, for an init segment.
    ///
    /// # Errors
    /// Out of memory.
    pub fn params(&self) -> Result<Params, AvError> {
        let params = Params::new()?;
        // SAFETY: an open context and valid parameters.
        check(unsafe { sys::avcodec_parameters_from_context(params.as_ptr(), self.0) })?;
        Ok(params)
    }

    /// Samples a sound encoder wants in every block but the last.
    #[must_use]
    pub fn block_samples(&self) -> usize {
        // SAFETY: an open context.
        usize::try_from(unsafe { (*self.0).frame_size }).unwrap_or(0)
    }

    /// Samples a sound encoder puts before the first real one.
    #[must_use]
    pub fn priming_samples(&self) -> u32 {
        // SAFETY: an open context.
        u32::try_from(unsafe { (*self.0).initial_padding }).unwrap_or(0)
    }

    /// Hands over a frame, or `None` at the end.
    ///
    /// # Errors
    /// [`AvError::AGAIN`] when packets must be received first; anything else is the encoder's failure.
    pub fn send(&mut self, frame: Option<&Frame>) -> Result<(), AvError> {
        let frame = frame.map_or(ptr::null_mut(), Frame::as_ptr);
        // SAFETY: an open context; null is the documented flush.
        check(unsafe { sys::avcodec_send_frame(self.0, frame) }).map(|_| ())
    }

    /// Hands over a picture on the device that the encoder was opened for.
    ///
    /// # Errors
    /// As [`Encoder::send`].
    pub fn send_device(&mut self, frame: &HwFrame) -> Result<(), AvError> {
        // SAFETY: an open context and a valid frame, of which libav takes a reference.
        check(unsafe { sys::avcodec_send_frame(self.0, frame.as_ptr()) }).map(|_| ())
    }

    /// Takes the next packet out.
    ///
    /// # Errors
    /// The encoder's failure.
    pub fn receive(&mut self, packet: &mut Packet) -> Result<Received, AvError> {
        packet.clear();
        // SAFETY: an open context and a blank packet.
        received(unsafe { sys::avcodec_receive_packet(self.0, packet.as_ptr()) })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: allocated in `alloc`, freed once; stops the encoder's threads.
        unsafe { sys::avcodec_free_context(ptr::addr_of_mut!(self.0)) };
    }
}

fn av_rational(r: Rational) -> sys::AVRational {
    sys::AVRational {
        num: r.num,
        den: r.den,
    }
}

/// Whether the library's encoder of that name knows an option of that name, its own or one of every codec's.
#[must_use]
pub fn has_encoder_option(encoder: &str, option: &str) -> bool {
    let (encoder, option) = (c_string(encoder), c_string(option));
    // SAFETY: lookups in constants of the library; a class pointer's address stands for an object of that class, as
    // AV_OPT_SEARCH_FAKE_OBJ (2, libavutil/opt.h) asks.
    unsafe {
        let codec = sys::avcodec_find_encoder_by_name(encoder.as_ptr());
        if codec.is_null() {
            return false;
        }
        let finds = |mut class: *const sys::AVClass| {
            !class.is_null()
                && !sys::av_opt_find(
                    ptr::addr_of_mut!(class).cast(),
                    option.as_ptr(),
                    ptr::null(),
                    0,
                    2,
                )
                .is_null()
        };
        finds((*codec).priv_class) || finds(sys::avcodec_get_class())
    }
}
