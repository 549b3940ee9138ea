//! A decoder that gives its pictures in decoding order too: as they are made, and not only as they come out. Not a bitstream.

use std::ffi::c_int;
use std::ptr;

use ffmpeg_sys_next as sys;
use newsreel_stand_in_kit::Codec;

use super::{AvError, Frame, Packet, Picture, check};

/// Owns an opened decoder.
pub struct Decoder {
    context: *mut sys::AVCodecContext,
    /// The buffers it asked for while the last picture was decoded, oldest first. Boxed: the context points at it.
    asked: Box<Asked>,
    codec: Codec,
    frame: Frame,
}

/// The buffers a decoder asked for.
#[derive(Default)]
struct Asked(Vec<Frame>);

// SAFETY: a codec context may be used from any one thread at a time.
unsafe impl Send for Decoder {}

/// What is known of a picture that came out.
pub struct Shown {
    /// The picture.
    pub picture: Picture,
    /// Its packet's time.
    pub pts: Option<i64>,
    /// Whether it is a key frame.
    pub key: bool,
    /// Whether it is two fields.
    pub interlaced: bool,
    /// Which of them is first.
    pub top_first: bool,
    /// How much of each side is cropped: left, top, right, bottom.
    pub crop: [usize; 4],
}

/// What is known of the stream after its first picture.
pub struct Stream {
    /// Whether samples use the full range.
    pub full_range: bool,
    /// Primaries, transfer, matrix, as H.273 numbers them.
    pub colour: [u8; 3],
    /// Sample aspect ratio.
    pub aspect: (i32, i32),
    /// Frames a second, as numerator and denominator; 0 is unknown.
    pub rate: (i32, i32),
}

impl Decoder {
    /// Opens one that works in the caller's thread.
    ///
    /// # Errors
    /// libavcodec has none, or no memory.
    pub fn open(codec: Codec) -> Result<Self, AvError> {
        let id = match codec {
            Codec::H264 => sys::AVCodecID::AV_CODEC_ID_H264,
            Codec::Hevc => sys::AVCodecID::AV_CODEC_ID_HEVC,
        };
        // SAFETY: the context is owned from here on; its fields may be set until it is opened.
        let context = unsafe { sys::avcodec_alloc_context3(ptr::null()) };
        if context.is_null() {
            return Err(AvError::of("a decoder", -12));
        }
        let mut decoder = Self {
            context,
            asked: Box::default(),
            codec,
            frame: Frame::new()?,
        };
        // SAFETY: as above; `asked` lives in a box of its own for as long as the context.
        unsafe {
            (*context).thread_count = 1;
            (*context).opaque = ptr::from_mut(&mut *decoder.asked).cast();
            (*context).get_buffer2 = Some(remember);
            // Cropping is the client's: it gets coded pictures, as from a device.
            (*context).apply_cropping = 0;
            let found = sys::avcodec_find_decoder(id);
            check(
                "opening a decoder",
                sys::avcodec_open2(context, found, ptr::null_mut()),
            )?;
        }
        Ok(decoder)
    }

    /// Decodes a packet.
    ///
    /// # Errors
    /// The packet is damaged, or something in it is not supported.
    pub fn send(&mut self, bytes: &[u8], pts: Option<i64>) -> Result<(), AvError> {
        let packet = Packet::of(bytes, pts)?;
        let before = std::mem::take(&mut self.asked.0);
        // SAFETY: an open context and an owned packet.
        let sent = unsafe { sys::avcodec_send_packet(self.context, packet.0) };
        if self.asked.0.is_empty() {
            // A second field: it goes into the frame of the first.
            self.asked.0 = before;
        }
        check("decoding", sent).map(|_| ())
    }

    /// Drops what is ready to be shown.
    pub fn discard(&mut self) {
        // SAFETY: an open context and an owned frame.
        while unsafe { sys::avcodec_receive_frame(self.context, self.frame.0) } >= 0 {}
    }

    /// No packet follows.
    pub fn end(&mut self) {
        // SAFETY: an open context; null is the documented end.
        unsafe { sys::avcodec_send_packet(self.context, ptr::null()) };
    }

    /// Forgets everything, to go on somewhere else.
    pub fn flush(&mut self) {
        // SAFETY: an open context.
        unsafe { sys::avcodec_flush_buffers(self.context) };
    }

    /// The next picture in the order of presentation.
    pub fn receive(&mut self) -> Option<Result<Shown, AvError>> {
        // SAFETY: an open context and an owned frame.
        if unsafe { sys::avcodec_receive_frame(self.context, self.frame.0) } < 0 {
            return None;
        }
        // SAFETY: the frame was just filled.
        let f = unsafe { &*self.frame.0 };
        let pts = (f.pts != sys::AV_NOPTS_VALUE).then_some(f.pts);
        let crop = [f.crop_left, f.crop_top, f.crop_right, f.crop_bottom];
        Some(self.frame.picture().map(|picture| Shown {
            picture,
            pts,
            key: f.key_frame != 0,
            interlaced: f.interlaced_frame != 0,
            top_first: f.top_field_first != 0,
            crop,
        }))
    }

    /// The picture the last packet was decoded into.
    ///
    /// H.264 asks first for the frames that fill a gap of frame numbers, HEVC last for references that are missing.
    pub fn made(&self) -> Option<Result<Picture, AvError>> {
        let frame = match self.codec {
            Codec::H264 => self.asked.0.last(),
            Codec::Hevc => self.asked.0.first(),
        };
        frame.map(Frame::picture)
    }

    /// What is known of the stream.
    pub fn stream(&self) -> Stream {
        // SAFETY: an open context. Enumerations are read as the integers they are in C, whatever their value.
        unsafe {
            let c = self.context;
            let number = |field: *const i32| u8::try_from(field.read()).unwrap_or(2);
            Stream {
                full_range: ptr::addr_of!((*c).color_range).cast::<i32>().read() == 2,
                colour: [
                    number(ptr::addr_of!((*c).color_primaries).cast()),
                    number(ptr::addr_of!((*c).color_trc).cast()),
                    number(ptr::addr_of!((*c).colorspace).cast()),
                ],
                aspect: ((*c).sample_aspect_ratio.num, (*c).sample_aspect_ratio.den),
                rate: ((*c).framerate.num, (*c).framerate.den),
            }
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: owned, and not used after this; `asked` outlives it.
        unsafe { sys::avcodec_free_context(&mut self.context) };
    }
}

/// Gives the decoder a buffer, and keeps a second reference to it.
extern "C" fn remember(
    context: *mut sys::AVCodecContext,
    frame: *mut sys::AVFrame,
    flags: c_int,
) -> c_int {
    // SAFETY: libavcodec calls this with the context it was opened with, whose `opaque` is the list in the decoder's box, in the thread
    // that is in `send` and does not touch the list; the frame is libavcodec's to fill.
    unsafe {
        let given = sys::avcodec_default_get_buffer2(context, frame, flags);
        if given < 0 {
            return given;
        }
        let kept = sys::av_frame_clone(frame);
        if kept.is_null() {
            return -12;
        }
        (*(*context).opaque.cast::<Asked>()).0.push(Frame(kept));
        given
    }
}
