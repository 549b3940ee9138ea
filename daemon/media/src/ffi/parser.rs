//! A look at a packet's headers without decoding it: field or frame, predicted or not. Not a splitter: packets stay whole.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Packet, Params, check};

/// What the headers say of a packet's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Picture {
    /// Whether it is a single field, so that two packets make one frame.
    pub is_field: bool,
    /// Whether it refers to other pictures: so does the start of a gradual refresh, which containers mark as a key frame.
    /// `false` when the headers do not say.
    pub is_predicted: bool,
}

/// `AV_PICTURE_TYPE_P` and `AV_PICTURE_TYPE_B`, which the parser keeps as plain numbers.
const PREDICTED: i32 = 2;
const BIPREDICTED: i32 = 3;

/// Owns a parser and the codec context it writes to.
pub struct Parser {
    parser: *mut sys::AVCodecParserContext,
    context: *mut sys::AVCodecContext,
}

// SAFETY: one owner, no thread-bound state.
unsafe impl Send for Parser {}

impl Parser {
    /// A parser for the stream, `None` where libavcodec has none for its codec.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new(params: &Params) -> Result<Option<Self>, AvError> {
        // SAFETY: both objects are owned by the Parser from the moment they exist; null checks before use.
        unsafe {
            let parser = sys::av_parser_init(params.codec_number());
            if parser.is_null() {
                return Ok(None);
            }
            let context = sys::avcodec_alloc_context3(ptr::null());
            let this = Self { parser, context };
            if context.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            check(sys::avcodec_parameters_to_context(context, params.as_ptr()))?;
            (*parser).flags |= sys::PARSER_FLAG_COMPLETE_FRAMES;
            Ok(Some(this))
        }
    }

    /// Reads the headers of one whole packet.
    pub fn look(&mut self, packet: &Packet) -> Picture {
        let data = packet.data();
        let Ok(len) = i32::try_from(data.len()) else {
            return Picture::default();
        };
        // SAFETY: `data` lives during the call and has libav's padding behind it, being a packet's; the output pointers
        // alias it and are not used.
        unsafe {
            let mut out = ptr::null_mut();
            let mut out_len = 0;
            sys::av_parser_parse2(
                self.parser,
                self.context,
                &raw mut out,
                &raw mut out_len,
                data.as_ptr(),
                len,
                sys::AV_NOPTS_VALUE,
                sys::AV_NOPTS_VALUE,
                0,
            );
            let structure = ptr::addr_of!((*self.parser).picture_structure)
                .cast::<i32>()
                .read();
            Picture {
                is_field: structure == 1 || structure == 2,
                is_predicted: matches!((*self.parser).pict_type, PREDICTED | BIPREDICTED),
            }
        }
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        // SAFETY: both were allocated in `new` and are freed once.
        unsafe {
            sys::av_parser_close(self.parser);
            sys::avcodec_free_context(&raw mut self.context);
        }
    }
}
