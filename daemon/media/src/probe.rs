//! A first look at an input: its streams, which of them are the programme, and what is odd about them. No packets kept.

use std::sync::Arc;

use newsreel_model::plan::Warning;
use newsreel_model::profile::AudioSpec;
use newsreel_model::{Cancel, Code, Error, Result};
use serde::Serialize;

use crate::audio::choose::{self, Chosen};
use crate::errors;
use crate::ffi::{Input, Source, StreamInfo, StreamKind};

/// One stream, for people and for `probe --json`.
#[derive(Clone, Debug, Serialize)]
pub struct StreamSummary {
    /// Index in the container.
    pub index: usize,
    /// `video`, `audio`, `subtitle` or `other`.
    pub kind: &'static str,
    /// As libavcodec names it.
    pub codec: String,
    /// Whether it is (part of) the programme that would be encoded.
    pub chosen: bool,
    /// As tagged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// `16:15`, when pixels are not square.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_aspect: Option<String>,
    /// As libavutil names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_format: Option<String>,
    /// Average frames per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// Whether the headers call it interlaced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interlaced: bool,
    /// Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Number of channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
}

/// What `newsreel probe` shows.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// As libavformat names it.
    pub container: String,
    /// Length of the input in bytes.
    pub size_bytes: u64,
    /// What the header claims or libavformat estimates.
    pub duration_s: Option<f64>,
    /// All streams.
    pub streams: Vec<StreamSummary>,
    /// What would be different from what one might expect.
    pub warnings: Vec<Warning>,
}

/// An opened input with the programme's streams chosen.
pub struct Probed {
    /// Still at its first packet.
    pub input: Input,
    /// All streams.
    pub streams: Vec<StreamInfo>,
    /// Position in `streams` of the picture; `None` for sound alone.
    pub video: Option<usize>,
    /// As libavformat names it.
    pub container: String,
    /// What the header claims or libavformat estimates.
    pub duration_s: Option<f64>,
}

/// Opens the input and chooses the programme.
///
/// # Errors
/// It cannot be read, refers to another input, or has neither picture nor sound that can be decoded. Sound is not taken for
/// all there is where there is a picture that cannot be decoded.
pub fn open(source: &Arc<dyn Source>, cancel: &Cancel) -> Result<Probed> {
    let (input, streams) = open_streams(source, cancel)?;
    let video = choose_video(&streams);
    if video.is_none() && !is_sound_alone(&streams) {
        return Err(Error::new(
            Code::InputNothingToEncode,
            "the input holds no moving picture that can be decoded",
        ));
    }
    Ok(Probed {
        video,
        container: input.format_name(),
        duration_s: input.duration_s(),
        input,
        streams,
    })
}

fn open_streams(source: &Arc<dyn Source>, cancel: &Cancel) -> Result<(Input, Vec<StreamInfo>)> {
    let mut input =
        Input::open(source.as_ref(), cancel).map_err(|(e, nested)| errors::opening(e, nested))?;
    // A failure here leaves what the header said; whether that is enough is seen below.
    input.find_stream_info().ok();
    cancel.check()?;
    let streams = input.streams().map_err(errors::engine("probing"))?;
    let holds_any = choose_video(&streams).is_some() || is_sound_alone(&streams);
    if input.tried_nested_reference() && !holds_any {
        return Err(errors::nested_reference());
    }
    Ok((input, streams))
}

/// Everything there is to say about an input, whether or not it can be encoded.
///
/// # Errors
/// It cannot be read at all.
pub fn summary(source: &Arc<dyn Source>, cancel: &Cancel) -> Result<Summary> {
    let size_bytes = source.reader().len();
    let (input, streams) = open_streams(source, cancel)?;
    let video = choose_video(&streams);
    let sound = choose::renditions(&streams, &input.format_name(), &AudioSpec::default());
    let encodable = video.is_some() || is_sound_alone(&streams);
    let warnings = if encodable {
        oddities(&streams, video, &sound)
    } else {
        Vec::new()
    };
    let heard = |index: usize| {
        let inputs = sound.renditions.iter().flat_map(|r| &r.inputs);
        encodable && inputs.into_iter().any(|input| input.stream == index)
    };
    Ok(Summary {
        container: input.format_name(),
        size_bytes,
        duration_s: input.duration_s(),
        streams: streams
            .iter()
            .enumerate()
            .map(|(i, s)| describe(s, Some(i) == video || heard(s.index)))
            .collect(),
        warnings,
    })
}

fn describe(s: &StreamInfo, chosen: bool) -> StreamSummary {
    let video = s.kind == StreamKind::Video;
    let audio = s.kind == StreamKind::Audio;
    let square = s.sample_aspect.num == s.sample_aspect.den;
    StreamSummary {
        index: s.index,
        kind: match s.kind {
            StreamKind::Video => "video",
            StreamKind::Audio => "audio",
            StreamKind::Subtitle => "subtitle",
            StreamKind::Other => "other",
        },
        codec: s.params.codec_name(),
        chosen,
        language: s.language.clone(),
        width: video.then_some(s.width),
        height: video.then_some(s.height),
        sample_aspect: (video && !square)
            .then(|| format!("{}:{}", s.sample_aspect.num, s.sample_aspect.den)),
        pixel_format: video.then(|| s.params.pixel_format().name()),
        frame_rate: Some(frame_rate(s)).filter(|r| video && *r > 0.0),
        interlaced: video && s.params.is_interlaced(),
        sample_rate: audio.then_some(s.sample_rate),
        channels: audio.then_some(s.channels),
    }
}

/// The container's average; but where two packets make a picture, some containers count each as one and say half the rate.
fn frame_rate(s: &StreamInfo) -> f64 {
    // No system has fewer pictures, so that the half of a real rate is told from a rate.
    const LOWEST_SYSTEM_RATE: f64 = 20.0;
    let (average, guessed) = (s.average_rate.to_f64(), s.guessed_rate.to_f64());
    let is_half = (guessed - average * 2.0).abs() < 0.01;
    if average < LOWEST_SYSTEM_RATE && is_half {
        guessed
    } else {
        average
    }
}

fn choose_video(streams: &[StreamInfo]) -> Option<usize> {
    streams
        .iter()
        .enumerate()
        .filter(|(_, s)| s.kind == StreamKind::Video && !s.is_attached_picture)
        .filter(|(_, s)| s.width > 0 && s.height > 0 && s.params.is_decodable())
        // Of equals the first wins, hence the reversed position.
        .max_by_key(|(i, s)| {
            (
                s.is_default,
                u64::from(s.width) * u64::from(s.height),
                std::cmp::Reverse(*i),
            )
        })
        .map(|(i, _)| i)
}

/// Whether there is sound that can be decoded, and no picture but covers.
fn is_sound_alone(streams: &[StreamInfo]) -> bool {
    let is_picture = |s: &StreamInfo| s.kind == StreamKind::Video && !s.is_attached_picture;
    let is_heard = |s: &StreamInfo| s.kind == StreamKind::Audio && s.params.is_decodable();
    streams.iter().any(is_heard) && !streams.iter().any(is_picture)
}

/// What is passed on as it is or left out, so that nobody takes it for handled. `video` is a position.
#[must_use]
pub fn oddities(streams: &[StreamInfo], video: Option<usize>, sound: &Chosen) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let picture = video.and_then(|v| streams.get(v));
    if picture.is_some_and(|v| v.turn.is_none()) {
        warnings.push(Warning::new(
            "rotation_not_applied",
            "the source asks to be turned by other than quarter turns; the picture is encoded as stored",
        ));
    }
    if sound.renditions.is_empty() && streams.iter().any(|s| s.kind == StreamKind::Audio) {
        warnings.push(Warning::new(
            "sound_not_decodable",
            "the source has sound, but none that can be decoded; the ladder is made without",
        ));
    }
    warnings.extend(sound.warning());
    warnings
}
