//! libavcodec's decoder of CEA-608 captions. Not the telling apart of channels.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Packet, check, text};

/// Unit of the times that go in and out.
const MILLISECOND: sys::AVRational = sys::AVRational { num: 1, den: 1000 };

/// Some lines of captions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// From when they are seen, in milliseconds.
    pub from_ms: i64,
    /// Until when; `None` where that is not known.
    pub until_ms: Option<i64>,
    /// A dialogue line of Advanced SubStation.
    pub line: String,
}

/// Owns an `AVCodecContext` of the caption decoder.
pub struct CaptionDecoder {
    context: *mut sys::AVCodecContext,
    packet: Packet,
}

impl CaptionDecoder {
    /// A decoder for one channel.
    ///
    /// # Errors
    /// There is none in this libavcodec, or out of memory.
    pub fn new() -> Result<Self, AvError> {
        let packet = Packet::new()?;
        // SAFETY: the context is owned from the moment it exists.
        unsafe {
            let codec = sys::avcodec_find_decoder(sys::AVCodecID::AV_CODEC_ID_EIA_608);
            if codec.is_null() {
                return Err(AvError::NO_DECODER);
            }
            let context = sys::avcodec_alloc_context3(codec);
            if context.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let this = Self { context, packet };
            (*context).pkt_timebase = MILLISECOND;
            check(sys::avcodec_open2(context, codec, ptr::null_mut()))?;
            Ok(this)
        }
    }

    /// Hands over a triplet at its time, or `None` at the end; gives what is complete with it. Damage is passed over.
    pub fn decode(&mut self, triplet: Option<([u8; 3], i64)>) -> Vec<Caption> {
        self.packet.clear();
        if let Some((triplet, at_ms)) = triplet {
            if self.packet.fill(&triplet).is_err() {
                return Vec::new();
            }
            self.packet.set_times(Some(at_ms), Some(at_ms));
        }
        let mut got = 0;
        // SAFETY: all bytes zero is a blank `AVSubtitle`: numbers and null pointers.
        let mut subtitle: sys::AVSubtitle = unsafe { std::mem::zeroed() };
        // SAFETY: an open context, a blank subtitle and a valid packet, of which an empty one is the documented flush.
        let decoded = unsafe {
            sys::avcodec_decode_subtitle2(
                self.context,
                &raw mut subtitle,
                &raw mut got,
                self.packet.as_ptr(),
            )
        };
        let captions = if decoded >= 0 && got != 0 {
            captions(&subtitle)
        } else {
            Vec::new()
        };
        // SAFETY: blank, or filled by the decoder; freed once.
        unsafe { sys::avsubtitle_free(&raw mut subtitle) };
        captions
    }
}

fn captions(subtitle: &sys::AVSubtitle) -> Vec<Caption> {
    // In microseconds, whatever the packets' unit.
    let from_ms = super::packet::known(subtitle.pts).unwrap_or(0) / 1000;
    let ends = subtitle.end_display_time;
    let until_ms = (ends != 0 && ends != u32::MAX).then(|| from_ms + i64::from(ends));
    (0..subtitle.num_rects as usize)
        .filter_map(|at| {
            // SAFETY: the decoder's own list of that many rectangles, whose text is null or terminated and copied at once.
            let line = unsafe {
                let rect = *subtitle.rects.add(at);
                if rect.is_null() || (*rect).ass.is_null() {
                    return None;
                }
                text((*rect).ass)
            };
            Some(Caption {
                from_ms,
                until_ms,
                line,
            })
        })
        .collect()
}

impl Drop for CaptionDecoder {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, freed once.
        unsafe { sys::avcodec_free_context(ptr::addr_of_mut!(self.context)) };
    }
}
