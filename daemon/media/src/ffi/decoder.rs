//! A libavcodec decoder in software. Not a pipeline stage: it neither knows which frames are wanted nor where they go.

use std::ptr;

use ffmpeg_sys_next as sys;
use newsreel_model::Rational;

use super::{AvError, Frame, Packet, Params, check};

/// What a decoder or encoder had to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Something was received.
    Output,
    /// More input is needed first.
    NeedsInput,
    /// Everything has been given out.
    End,
}

/// Owns an opened `AVCodecContext` for decoding.
pub struct Decoder(*mut sys::AVCodecContext);

// SAFETY: a codec context may be used from any one thread at a time; its own threads are its affair.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Opens the default decoder for `params`. `threads` 1 decodes in the caller's thread; `time_base` is the packets'
    /// unit of time, which decoders of sound need to keep time when they cut off an encoder's priming.
    ///
    /// # Errors
    /// There is no decoder, or it refuses the parameters.
    pub fn open(
        params: &Params,
        threads: u32,
        time_base: Option<Rational>,
    ) -> Result<Self, AvError> {
        // SAFETY: the context is owned from the moment it exists; parameters are copied into it.
        unsafe {
            let codec = sys::avcodec_find_decoder(params.raw().codec_id);
            if codec.is_null() {
                return Err(AvError(sys::AVERROR_DECODER_NOT_FOUND));
            }
            let context = sys::avcodec_alloc_context3(codec);
            if context.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let decoder = Self(context);
            check(sys::avcodec_parameters_to_context(context, params.as_ptr()))?;
            (*context).thread_count = i32::try_from(threads.max(1)).unwrap_or(1);
            if let Some(unit) = time_base {
                (*context).pkt_timebase = sys::AVRational {
                    num: unit.num,
                    den: unit.den,
                };
            }
            check(sys::avcodec_open2(context, codec, ptr::null_mut()))?;
            Ok(decoder)
        }
    }

    /// Trades a little sharpness for speed: good enough for pictures that are made small.
    pub fn prefer_speed(&mut self) {
        // SAFETY: an open context; the field may be changed between packets.
        unsafe { (*self.0).skip_loop_filter = sys::AVDiscard::AVDISCARD_ALL };
    }

    /// Leaves out pictures that no other refers to, or decodes them again.
    pub fn skip_unreferenced(&mut self, skip: bool) {
        let which = match skip {
            true => sys::AVDiscard::AVDISCARD_NONREF,
            false => sys::AVDiscard::AVDISCARD_DEFAULT,
        };
        // SAFETY: an open context; the field may be changed between packets.
        unsafe { (*self.0).skip_frame = which };
    }

    /// Forgets everything decoded so far, to go on somewhere else in the stream.
    pub fn reset(&mut self) {
        // SAFETY: an open context.
        unsafe { sys::avcodec_flush_buffers(self.0) };
    }

    /// Hands over a packet, or `None` at the end of the stream.
    ///
    /// # Errors
    /// [`AvError::AGAIN`] when frames must be received first; anything else is damage in the packet.
    pub fn send(&mut self, packet: Option<&Packet>) -> Result<(), AvError> {
        let packet = packet.map_or(ptr::null_mut(), Packet::as_ptr);
        // SAFETY: an open context; null is the documented flush.
        check(unsafe { sys::avcodec_send_packet(self.0, packet) }).map(|_| ())
    }

    /// Takes the next frame out.
    ///
    /// # Errors
    /// Damage, or out of memory.
    pub fn receive(&mut self, frame: &mut Frame) -> Result<Received, AvError> {
        // SAFETY: an open context and a valid frame, which libav blanks first.
        received(unsafe { sys::avcodec_receive_frame(self.0, frame.as_ptr()) })
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: allocated in `open`, freed once; stops the codec's threads.
        unsafe { sys::avcodec_free_context(ptr::addr_of_mut!(self.0)) };
    }
}

/// Sorts a receive call's return value.
pub(super) fn received(value: i32) -> Result<Received, AvError> {
    match check(value) {
        Ok(_) => Ok(Received::Output),
        Err(AvError::AGAIN) => Ok(Received::NeedsInput),
        Err(AvError::EOF) => Ok(Received::End),
        Err(e) => Err(e),
    }
}
