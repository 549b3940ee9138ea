//! The streams beside the picture that a plan takes: what is needed to open them again. Not which are taken.

use std::sync::Arc;

use newsreel_model::plan::AudioPlan;
use newsreel_model::{Rational, Result};

use crate::errors;
use crate::ffi::{Params, StreamInfo, StreamKind};

/// A stream of sound in the source.
#[derive(Clone)]
pub struct SoundSource {
    /// Index in the source.
    pub stream: usize,
    /// How it is coded.
    pub params: Arc<Params>,
    /// Unit of its times.
    pub time_base: Rational,
}

/// A stream of text in the source.
#[derive(Clone)]
pub struct TextSource {
    /// Index in the source.
    pub stream: usize,
    /// As libavcodec names it.
    pub codec: String,
    /// Unit of its times.
    pub time_base: Rational,
}

/// The streams that `renditions` are made from, the default one's first.
///
/// # Errors
/// Out of memory.
pub fn sounds(streams: &[StreamInfo], renditions: &[AudioPlan]) -> Result<Vec<SoundSource>> {
    let mut sources: Vec<SoundSource> = Vec::new();
    for input in renditions.iter().flat_map(|r| &r.inputs) {
        let known = sources.iter().any(|s| s.stream == input.stream);
        let stream = streams.iter().find(|s| s.index == input.stream);
        if let (false, Some(stream)) = (known, stream) {
            sources.push(SoundSource {
                stream: stream.index,
                params: Params::try_clone(&stream.params)
                    .map(Arc::new)
                    .map_err(errors::engine("planning"))?,
                time_base: stream.time_base,
            });
        }
    }
    Ok(sources)
}

/// The streams that may hold text.
#[must_use]
pub fn texts(streams: &[StreamInfo]) -> Vec<TextSource> {
    let texts = streams.iter().filter(|s| s.kind == StreamKind::Subtitle);
    let source = |s: &StreamInfo| TextSource {
        stream: s.index,
        codec: s.params.codec_name(),
        time_base: s.time_base,
    };
    texts.map(source).collect()
}
