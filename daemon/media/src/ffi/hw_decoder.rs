//! A libavcodec decoder whose pictures stay on a device. Never a decoder in software: what the device cannot decode is
//! an error, where libavcodec would quietly go on without it.

use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use ffmpeg_sys_next as sys;

use super::decoder::{Received, received};
use super::{AvError, Frame, HwDevice, HwFrame, Packet, Params, check};

/// Owns an opened `AVCodecContext` that decodes on a device.
pub struct HwDecoder {
    context: *mut sys::AVCodecContext,
    /// Read by libavcodec's callback for as long as the context lives: freed after it.
    wish: Box<Wish>,
}

/// What the callback may answer, and whether it had to refuse.
struct Wish {
    format: sys::AVPixelFormat,
    refused: AtomicBool,
}

// SAFETY: a codec context may be used from any one thread at a time, and the wish moves with it.
unsafe impl Send for HwDecoder {}

impl HwDecoder {
    /// Opens the decoder for `params` on `device`. `extra` is how many pictures its user holds beyond those that the codec
    /// itself refers to.
    ///
    /// # Errors
    /// `AVERROR_DECODER_NOT_FOUND` when this codec is never decoded on such a device; or the parameters are refused.
    pub fn open(params: &Params, device: &HwDevice, extra: u32) -> Result<Self, AvError> {
        let codec = find(params, device)?;
        let wish = Box::new(Wish {
            format: device.id().surface_format(),
            refused: AtomicBool::new(false),
        });
        // SAFETY: the context is owned from the moment it exists; parameters are copied; the device's reference belongs to
        // the context from here on, and the wish outlives it.
        unsafe {
            let context = sys::avcodec_alloc_context3(codec);
            if context.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let this = Self { context, wish };
            check(sys::avcodec_parameters_to_context(context, params.as_ptr()))?;
            (*context).hw_device_ctx = device.reference()?;
            (*context).opaque = ptr::from_ref::<Wish>(&this.wish).cast_mut().cast();
            (*context).get_format = Some(choose);
            // The device works beside us anyway; frame threads would each hold surfaces of their own.
            (*context).thread_count = 1;
            (*context).extra_hw_frames = i32::try_from(extra).unwrap_or(0);
            check(sys::avcodec_open2(context, codec, ptr::null_mut()))?;
            Ok(this)
        }
    }

    /// Whether the device turned out not to decode this stream: its profile, depth, chroma or size.
    #[must_use]
    pub fn was_refused(&self) -> bool {
        self.wish.refused.load(Ordering::Relaxed)
    }

    /// Hands over a packet, or `None` at the end of the stream.
    ///
    /// # Errors
    /// Damage in the packet or the device's failure; see also [`HwDecoder::was_refused`].
    pub fn send(&mut self, packet: Option<&Packet>) -> Result<(), AvError> {
        let packet = packet.map_or(ptr::null_mut(), Packet::as_ptr);
        // SAFETY: an open context; null is the documented flush.
        check(unsafe { sys::avcodec_send_packet(self.context, packet) }).map(|_| ())
    }

    /// Takes the next picture out, `None` when there is none now.
    ///
    /// # Errors
    /// As for [`HwDecoder::send`].
    pub fn receive(&mut self) -> Result<Option<HwFrame>, AvError> {
        let frame = Frame::new()?;
        // SAFETY: an open context and a valid frame, which libav blanks first.
        match received(unsafe { sys::avcodec_receive_frame(self.context, frame.as_ptr()) })? {
            Received::Output => match HwFrame::new(frame) {
                Ok(picture) => Ok(Some(picture)),
                Err(_) => {
                    // A codec that never asked for a format: it decodes in software alone.
                    self.wish.refused.store(true, Ordering::Relaxed);
                    Err(AvError(sys::AVERROR(sys::ENOSYS)))
                }
            },
            Received::NeedsInput | Received::End => Ok(None),
        }
    }
}

impl Drop for HwDecoder {
    fn drop(&mut self) {
        // SAFETY: allocated in `open`, freed once, and before the wish that its callback reads.
        unsafe { sys::avcodec_free_context(ptr::addr_of_mut!(self.context)) };
    }
}

/// The decoder of this codec that can work on such a device. Not the vendor's own (`h264_cuvid`): those parse the
/// stream by themselves and keep other times than every other decoder.
fn find(params: &Params, device: &HwDevice) -> Result<*const sys::AVCodec, AvError> {
    let mut state = ptr::null_mut();
    loop {
        // SAFETY: iterates over the library's constant table.
        let codec = unsafe { sys::av_codec_iterate(&raw mut state) };
        if codec.is_null() {
            return Err(AvError(sys::AVERROR_DECODER_NOT_FOUND));
        }
        // SAFETY: not null, so a constant of the library; the id is a 32-bit enum read as an integer.
        let (id, capabilities, decodes) = unsafe {
            let id = ptr::addr_of!((*codec).id).cast::<i32>().read();
            let decodes = sys::av_codec_is_decoder(codec) != 0;
            (id, (*codec).capabilities, decodes)
        };
        let vendors = capabilities.cast_unsigned() & sys::AV_CODEC_CAP_HARDWARE != 0;
        if id == params.codec_number() && decodes && !vendors && works_on(codec, device) {
            return Ok(codec);
        }
    }
}

fn works_on(codec: *const sys::AVCodec, device: &HwDevice) -> bool {
    for index in 0.. {
        // SAFETY: a constant of the library; null past the last configuration; enums are read as integers.
        let (kind, methods) = unsafe {
            let config = sys::avcodec_get_hw_config(codec, index);
            if config.is_null() {
                return false;
            }
            let kind = ptr::addr_of!((*config).device_type).cast::<i32>().read();
            (kind, (*config).methods)
        };
        // AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX, libavcodec/codec.h.
        if kind == device.id().kind() as i32 && methods & 1 != 0 {
            return true;
        }
    }
    false
}

/// Answers libavcodec's question for a format: the device's, or none at all.
///
/// # Safety
/// Called by libavcodec with its context, whose `opaque` is a [`Wish`], and a list that ends with −1.
unsafe extern "C" fn choose(
    context: *mut sys::AVCodecContext,
    formats: *const sys::AVPixelFormat,
) -> sys::AVPixelFormat {
    // SAFETY: set in `open` and alive as long as the context.
    let wish = unsafe { &*(*context).opaque.cast::<Wish>() };
    let mut at = formats.cast::<i32>();
    // SAFETY: the list ends with AV_PIX_FMT_NONE; its entries are read as integers.
    while let number @ 0.. = unsafe { at.read() } {
        if number == wish.format as i32 {
            return wish.format;
        }
        // SAFETY: not at the end yet.
        at = unsafe { at.add(1) };
    }
    // Asked again after the device refused, or for a stream it never decodes.
    wish.refused.store(true, Ordering::Relaxed);
    sys::AVPixelFormat::AV_PIX_FMT_NONE
}
