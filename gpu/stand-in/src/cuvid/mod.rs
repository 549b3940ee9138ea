//! libnvcuvid: the decode engines. The parser is for `*_cuvid`, the decoder for both that and plain NVDEC. Not the codecs.

pub mod abi;
pub mod bits;
mod caps;
mod decoder;
mod h264;
mod hevc;
mod hevc_slice;
mod parser;
mod surface;

use newsreel_stand_in_kit::Codec;

pub use decoder::end_of;

/// The codec of a `cudaVideoCodec`, of those that are decoded here.
fn codec(number: i32) -> Option<Codec> {
    match number {
        abi::CODEC_H264 => Some(Codec::H264),
        abi::CODEC_HEVC => Some(Codec::Hevc),
        _ => None,
    }
}

/// What is left at the end of the process.
pub fn leaks() -> Vec<String> {
    let mut leaks = decoder::leaks();
    leaks.extend(parser::leaks());
    leaks
}
