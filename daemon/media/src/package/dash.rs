//! Writes a static DASH manifest over the CMAF segments. Not here: reading it back (see [`super::dash_read`]) or live manifests.

use std::io;

use newsreel_model::Rational;
use newsreel_model::plan::Colour;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

pub use super::dash_read::{Representation, parse_manifest};

/// What kind of track it is, and what only that kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A rung.
    Video {
        /// Pixels, square ones.
        width: u32,
        /// Pixels.
        height: u32,
        /// Frames per second, where there is one rate.
        frame_rate: Option<Rational>,
        /// Its colour, where it is HDR.
        hdr: Option<Colour>,
    },
    /// A sound track.
    Audio {
        /// How many.
        channels: u32,
        /// Hz.
        sample_rate: u32,
        /// BCP 47.
        language: String,
        /// For a player's menu; the renditions of one title are one AdaptationSet.
        title: String,
        /// Values of `urn:mpeg:dash:role:2011`.
        roles: Vec<&'static str>,
    },
}

/// One representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashTrack {
    /// Unique within the manifest, no white space.
    pub id: String,
    /// Picture or sound.
    pub kind: Kind,
    /// RFC 6381.
    pub codecs: String,
    /// Bit/s.
    pub bandwidth_bps: u64,
    /// Ticks per second of `segments`.
    pub timescale: u32,
    /// Path of the init segment, relative to the manifest.
    pub init: String,
    /// Paths of the media segments with `$Number%05d$`, counted from 1, relative to the manifest.
    pub media: String,
    /// Presentation time and length of each segment in ticks. What lies before 0 (encoder priming) is cut off, as a player does.
    pub segments: Vec<(i64, i64)>,
}

/// A track of subtitles: one WebVTT file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashText {
    /// Unique within the manifest, no white space.
    pub id: String,
    /// BCP 47.
    pub language: String,
    /// For a player's menu.
    pub title: String,
    /// Value of `urn:mpeg:dash:role:2011`.
    pub role: &'static str,
    /// Path of the file, relative to the manifest.
    pub file: String,
    /// Bit/s.
    pub bandwidth_bps: u64,
}

/// The manifest: one Period, all rungs in one AdaptationSet, an AdaptationSet per title of the sound.
///
/// `duration_s` and `max_segment_s` are in seconds.
#[must_use]
pub fn manifest(
    duration_s: f64,
    max_segment_s: f64,
    tracks: &[DashTrack],
    texts: &[DashText],
) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Only the sink can fail, and a Vec does not.
    let _ = write_mpd(&mut writer, duration_s, max_segment_s, (tracks, texts));
    let mut text = String::from_utf8(writer.into_inner()).unwrap_or_default();
    text.push('\n');
    text
}

/// The type of WebVTT.
pub(super) const TEXT_TYPE: &str = "text/vtt";

type Xml = Writer<Vec<u8>>;

fn write_mpd(
    xml: &mut Xml,
    duration_s: f64,
    max_s: f64,
    (tracks, texts): (&[DashTrack], &[DashText]),
) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let profiles = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019";
    xml.create_element("MPD")
        .with_attributes([
            ("xmlns", "urn:mpeg:dash:schema:mpd:2011"),
            ("profiles", profiles),
            ("type", "static"),
            ("mediaPresentationDuration", &*iso_duration(duration_s)),
            ("maxSegmentDuration", &*iso_duration(max_s)),
            ("minBufferTime", &*iso_duration(max_s)),
        ])
        .write_inner_content(|xml| {
            xml.create_element("Period")
                .with_attributes([("id", "0"), ("start", "PT0S")])
                .write_inner_content(|xml| {
                    let next = write_sets(xml, tracks)?;
                    texts
                        .iter()
                        .enumerate()
                        .try_for_each(|(n, text)| write_text(xml, next + n, text))
                })?;
            Ok(())
        })?;
    Ok(())
}

/// What the set of a track has in common: language, title and roles of the sound, nothing for pictures.
type Set<'a> = Option<(&'a str, &'a str, &'a [&'static str])>;

fn set_of(track: &DashTrack) -> Set<'_> {
    match &track.kind {
        Kind::Video { .. } => None,
        Kind::Audio {
            language,
            title,
            roles,
            ..
        } => Some((language, title, roles)),
    }
}

/// One set for the pictures, then one per title of the sound in order of appearance.
fn write_sets(xml: &mut Xml, tracks: &[DashTrack]) -> io::Result<usize> {
    let mut sets: Vec<Set<'_>> = Vec::new();
    if tracks.iter().any(|t| set_of(t).is_none()) {
        sets.push(None);
    }
    for track in tracks {
        if !sets.contains(&set_of(track)) {
            sets.push(set_of(track));
        }
    }
    let count = sets.len();
    for (id, set) in sets.into_iter().enumerate() {
        let id = id.to_string();
        let mut element = xml.create_element("AdaptationSet").with_attributes([
            ("id", &*id),
            ("contentType", if set.is_none() { "video" } else { "audio" }),
            ("segmentAlignment", "true"),
            ("startWithSAP", "1"),
        ]);
        if let Some((language, ..)) = set {
            element = element.with_attribute(("lang", language));
        }
        element.write_inner_content(|xml| {
            if let Some((_, title, _)) = set {
                xml.create_element("Label")
                    .write_text_content(BytesText::new(title))?;
            }
            for role in set.map_or(&["main"][..], |(.., roles)| roles) {
                xml.create_element("Role")
                    .with_attributes([("schemeIdUri", "urn:mpeg:dash:role:2011"), ("value", *role)])
                    .write_empty()?;
            }
            for track in tracks.iter().filter(|t| set_of(t) == set) {
                write_representation(xml, track)?;
            }
            Ok(())
        })?;
    }
    Ok(count)
}

fn write_text(xml: &mut Xml, id: usize, text: &DashText) -> io::Result<()> {
    xml.create_element("AdaptationSet")
        .with_attributes([
            ("id", &*id.to_string()),
            ("contentType", "text"),
            ("mimeType", TEXT_TYPE),
            ("lang", &text.language),
        ])
        .write_inner_content(|xml| {
            xml.create_element("Label")
                .write_text_content(BytesText::new(&text.title))?;
            xml.create_element("Role")
                .with_attributes([
                    ("schemeIdUri", "urn:mpeg:dash:role:2011"),
                    ("value", text.role),
                ])
                .write_empty()?;
            xml.create_element("Representation")
                .with_attributes([
                    ("id", &*text.id),
                    ("mimeType", TEXT_TYPE),
                    ("bandwidth", &*text.bandwidth_bps.to_string()),
                ])
                .write_inner_content(|xml| {
                    xml.create_element("BaseURL")
                        .write_text_content(BytesText::new(&text.file))?;
                    Ok(())
                })?;
            Ok(())
        })?;
    Ok(())
}

fn write_representation(xml: &mut Xml, track: &DashTrack) -> io::Result<()> {
    let mut attributes = vec![
        ("id", track.id.clone()),
        ("codecs", track.codecs.clone()),
        ("bandwidth", track.bandwidth_bps.to_string()),
    ];
    let mut channel_count = None;
    let mut colour = None;
    match &track.kind {
        Kind::Video {
            width,
            height,
            frame_rate,
            hdr,
        } => {
            colour = *hdr;
            attributes.push(("mimeType", "video/mp4".to_owned()));
            attributes.push(("width", width.to_string()));
            attributes.push(("height", height.to_string()));
            attributes.push(("sar", "1:1".to_owned()));
            match frame_rate.filter(|r| r.is_positive()) {
                Some(Rational { num, den: 1 }) => attributes.push(("frameRate", num.to_string())),
                Some(Rational { num, den }) => {
                    attributes.push(("frameRate", format!("{num}/{den}")))
                }
                None => {}
            }
        }
        Kind::Audio {
            channels,
            sample_rate,
            ..
        } => {
            attributes.push(("mimeType", "audio/mp4".to_owned()));
            attributes.push(("audioSamplingRate", sample_rate.to_string()));
            channel_count = Some(channels.to_string());
        }
    }
    xml.create_element("Representation")
        .with_attributes(attributes.iter().map(|(k, v)| (*k, v.as_str())))
        .write_inner_content(|xml| {
            if let Some(colour) = colour {
                write_colour(xml, colour)?;
            }
            if let Some(count) = &channel_count {
                let scheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";
                xml.create_element("AudioChannelConfiguration")
                    .with_attributes([("schemeIdUri", scheme), ("value", count)])
                    .write_empty()?;
            }
            write_template(xml, track)
        })?;
    Ok(())
}

/// A player that does not know these must leave the representation alone: it would show washed-out pictures.
fn write_colour(xml: &mut Xml, colour: Colour) -> io::Result<()> {
    let codes = [
        ("ColourPrimaries", colour.primaries),
        ("TransferCharacteristics", colour.transfer),
        ("MatrixCoefficients", colour.matrix),
    ];
    for (name, code) in codes {
        let scheme = format!("urn:mpeg:mpegB:cicp:{name}");
        xml.create_element("EssentialProperty")
            .with_attributes([("schemeIdUri", &*scheme), ("value", &*code.to_string())])
            .write_empty()?;
    }
    Ok(())
}

fn write_template(xml: &mut Xml, track: &DashTrack) -> io::Result<()> {
    let timescale = track.timescale.to_string();
    xml.create_element("SegmentTemplate")
        .with_attributes([
            ("timescale", &*timescale),
            ("initialization", &*track.init),
            ("media", &*track.media),
            ("startNumber", "1"),
        ])
        .write_inner_content(|xml| {
            xml.create_element("SegmentTimeline")
                .write_inner_content(|xml| {
                    for (start, duration, repeats) in timeline(&track.segments) {
                        let mut s = xml.create_element("S");
                        if let Some(start) = start {
                            s = s.with_attribute(("t", &*start.to_string()));
                        }
                        s = s.with_attribute(("d", &*duration.to_string()));
                        if repeats > 0 {
                            s = s.with_attribute(("r", &*repeats.to_string()));
                        }
                        s.write_empty()?;
                    }
                    Ok(())
                })?;
            Ok(())
        })?;
    Ok(())
}

/// `S@t` (only where it does not follow from what is before), `S@d` and `S@r`.
fn timeline(segments: &[(i64, i64)]) -> Vec<(Option<i64>, i64, u64)> {
    let mut out: Vec<(Option<i64>, i64, u64)> = Vec::new();
    let mut expected = None;
    for &(start, duration) in segments {
        let end = start.saturating_add(duration).max(0);
        let start = start.max(0);
        let duration = end - start;
        let follows = expected == Some(start);
        expected = Some(end);
        match out.last_mut() {
            Some((_, last, repeats)) if follows && *last == duration => *repeats += 1,
            _ => out.push(((!follows).then_some(start), duration, 0)),
        }
    }
    out
}

/// `PT12.345S`, to the millisecond and never shorter than it is.
fn iso_duration(seconds: f64) -> String {
    let seconds = (seconds.max(0.0) * 1000.0 - 1e-6).ceil().max(0.0) / 1000.0;
    format!("PT{seconds:.3}S")
}

#[cfg(test)]
#[path = "dash_tests.rs"]
mod tests;
