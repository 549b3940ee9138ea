//! The parser, behind FFmpeg's `h264_cuvid` and `hevc_cuvid`: it decodes at once, and hands finished pictures to its client as if
//! they were to be decoded, in the order in which they are shown. Not the decoder it hands them to.

use std::ffi::c_int;
use std::sync::Arc;

use parking_lot::Mutex;

use super::abi::{
    CHROMA_420, DisplayInfo, END_OF_STREAM, Format, ParserParams, PicParams, SourcePacket,
    TIMESTAMP,
};
use super::{codec, decoder};
use crate::abi::{Answer, CuError, Handle, HostPtr, In, InOut, Out, int, size};
use crate::av::{Decoder, Shown};
use crate::cuda::export;
use crate::handles::Handles;
use crate::report;

static PARSERS: Handles<Mutex<Parser>> = Handles::new("parser");

/// Surfaces a client needs at least.
const SURFACES: u8 = 8;

struct Parser {
    params: ParserParams,
    engine: Decoder,
    /// What the client was told last.
    format: Option<Format>,
    /// The next surface.
    next: usize,
}

// SAFETY: the client's pointers are only handed back to its own callbacks, in the thread of its call.
unsafe impl Send for Parser {}

fn create(params: &ParserParams) -> Answer<Handle> {
    let codec = codec(params.codec).ok_or(CuError::NOT_SUPPORTED)?;
    let engine = Decoder::open(codec).map_err(|_| CuError::OUT_OF_MEMORY)?;
    // SAFETY: the structure is numbers, pointers and functions; a copy of it is as good.
    let params = unsafe { std::ptr::read(params) };
    Ok(PARSERS.insert(Mutex::new(Parser {
        params,
        engine,
        format: None,
        next: 0,
    })))
}

impl Parser {
    fn parse(&mut self, packet: &SourcePacket) -> Answer {
        if packet.length > 0 {
            let bytes = HostPtr::of(packet.payload).read(0, size(packet.length)?)?;
            let pts = (packet.flags & TIMESTAMP != 0).then_some(packet.timestamp);
            // Damage is the client's to find out about: a device says nothing either.
            let _ = self.engine.send(bytes, pts);
        }
        if packet.flags & END_OF_STREAM != 0 {
            self.engine.end();
        }
        while let Some(shown) = self.engine.receive() {
            let shown = shown.map_err(|error| {
                report::violation(format!("the stand-in cannot decode this: {}", error.0));
                CuError::NOT_SUPPORTED
            })?;
            if !self.show(shown)? {
                break;
            }
        }
        if packet.flags & END_OF_STREAM != 0 {
            self.engine.flush();
        }
        Ok(())
    }

    /// Hands a picture over; false where the client wants no more.
    fn show(&mut self, shown: Shown) -> Answer<bool> {
        let user = self.params.user;
        let mut format = self.format_of(&shown)?;
        if self.format.as_ref() != Some(&format) {
            self.format = Some(format.clone());
            let told = self
                .params
                .on_sequence
                .map(|tell| tell(user, InOut::of(&mut format)));
            if told.unwrap_or(1) == 0 {
                return Ok(false);
            }
        }
        let surfaces = size(self.params.surfaces)?.max(1);
        let index = int(self.next % surfaces);
        self.next += 1;
        let mut params = PicParams::empty();
        params.width_in_mbs = int(shown.picture.width.div_ceil(16));
        params.height_in_mbs = int(shown.picture.height.div_ceil(16));
        params.picture = index;
        params.intra = c_int::from(shown.key);
        let picture = Arc::new(shown.picture);
        let decoded = decoder::offering(picture, || {
            self.params
                .on_decode
                .map(|decode| decode(user, InOut::of(&mut params)))
        });
        if decoded.unwrap_or(1) == 0 {
            return Ok(false);
        }
        let mut info = DisplayInfo {
            picture: index,
            progressive: c_int::from(!shown.interlaced),
            top_first: c_int::from(shown.top_first),
            repeat_first: 0,
            timestamp: shown.pts.unwrap_or(0),
        };
        let displayed = self
            .params
            .on_display
            .map(|show| show(user, InOut::of(&mut info)));
        Ok(displayed.unwrap_or(1) != 0)
    }

    fn format_of(&self, shown: &Shown) -> Answer<Format> {
        let picture = &shown.picture;
        let stream = self.engine.stream();
        let [left, top, right, bottom] = shown.crop;
        let (width, height) = (picture.width - left - right, picture.height - top - bottom);
        let depth = u8::try_from(picture.bits - 8).unwrap_or(0);
        let square = stream.aspect.0 <= 0 || stream.aspect.1 <= 0;
        let aspect = if square { (1, 1) } else { stream.aspect };
        let across = int::<i32>(width).saturating_mul(aspect.0);
        let down = int::<i32>(height).saturating_mul(aspect.1);
        Ok(Format {
            codec: self.params.codec,
            rate: [stream.rate.0.unsigned_abs(), stream.rate.1.unsigned_abs()],
            progressive: u8::from(!shown.interlaced),
            luma_minus8: depth,
            chroma_minus8: depth,
            min_surfaces: SURFACES,
            width: int(picture.width),
            height: int(picture.height),
            display: [int(left), int(top), int(left + width), int(top + height)],
            chroma: CHROMA_420,
            bitrate: 0,
            aspect: [across, down],
            // Video format 5 is unspecified.
            signal: 5 | u8::from(stream.full_range) << 3,
            colour: stream.colour,
            header_length: 0,
        })
    }
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    match PARSERS.count() {
        0 => Vec::new(),
        count => vec![format!("{count} × {}", PARSERS.kind())],
    }
}

export! {
    fn cuvidCreateVideoParser(parser: Out<Handle>, params: In<ParserParams>) { parser.put(create(params.get()?)?) }

    fn cuvidParseVideoData(parser: Handle, packet: In<SourcePacket>) {
        PARSERS.get(parser)?.lock().parse(packet.get()?)
    }

    fn cuvidDestroyVideoParser(parser: Handle) { PARSERS.remove(parser).map(|_| ()) }

    fn cuvidCreateVideoSource() { Err(CuError::NOT_SUPPORTED) }
    fn cuvidCreateVideoSourceW() { Err(CuError::NOT_SUPPORTED) }
    fn cuvidDestroyVideoSource() { Err(CuError::NOT_SUPPORTED) }
    fn cuvidSetVideoSourceState() { Err(CuError::NOT_SUPPORTED) }
    fn cuvidGetVideoSourceState() { Err(CuError::NOT_SUPPORTED) }
    fn cuvidGetSourceVideoFormat() { Err(CuError::NOT_SUPPORTED) }
    fn cuvidGetSourceAudioFormat() { Err(CuError::NOT_SUPPORTED) }
}
