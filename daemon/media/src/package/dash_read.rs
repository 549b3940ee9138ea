//! Reads back the manifests [`super::dash`] writes, so that the gate can hold them against the boxes. Not a general DASH client.

use super::dash::TEXT_TYPE;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// More segments than a programme of days has; a longer timeline is refused rather than unrolled.
const MAX_SEGMENTS: usize = 1 << 20;

/// What the manifest says about one representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representation {
    /// Unique within the manifest.
    pub id: String,
    /// Ticks per second of `segments`; never 0.
    pub timescale: u32,
    /// Path of the init segment.
    pub init: String,
    /// Template of the media segments' paths.
    pub media: String,
    /// Presentation time and length of each segment in ticks, repeats unrolled.
    pub segments: Vec<(i64, i64)>,
}

/// All representations in order. Each must have a SegmentTemplate with a SegmentTimeline of its own.
///
/// # Errors
/// In words, when the manifest is not of that shape.
pub fn parse_manifest(text: &str) -> Result<Vec<Representation>, String> {
    let mut reader = Reader::from_str(text);
    let mut representations: Vec<Representation> = Vec::new();
    let mut total = 0usize;
    let mut depth = 0usize;
    loop {
        let event = reader
            .read_event()
            .map_err(|e| format!("the manifest is not XML: {e}"))?;
        let (element, nested) = match &event {
            Event::Start(element) => (element, 1),
            Event::Empty(element) => (element, 0),
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        if depth == 0 && element.name().as_ref() != b"MPD" {
            return Err("the manifest's root is not an MPD".to_owned());
        }
        depth += nested;
        match element.name().as_ref() {
            // A file of subtitles has no segments.
            b"Representation" if attribute(element, "mimeType")?.as_deref() == Some(TEXT_TYPE) => {}
            b"Representation" => representations.push(Representation {
                id: required(element, "id")?,
                timescale: 0,
                init: String::new(),
                media: String::new(),
                segments: Vec::new(),
            }),
            b"SegmentTemplate" => {
                let current = current(&mut representations)?;
                current.init = required(element, "initialization")?;
                current.media = required(element, "media")?;
                current.timescale = number(element, "timescale")?
                    .filter(|&t| t > 0)
                    .ok_or("a SegmentTemplate has no timescale")?;
            }
            b"S" => read_s(element, current(&mut representations)?, &mut total)?,
            _ => {}
        }
    }
    if depth > 0 {
        return Err("the manifest ends in the middle".to_owned());
    }
    match representations.iter().find(|r| r.timescale == 0) {
        Some(bare) => Err(format!("representation {} has no SegmentTemplate", bare.id)),
        None if representations.is_empty() => Err("the manifest has no representation".to_owned()),
        None => Ok(representations),
    }
}

fn current(all: &mut [Representation]) -> Result<&mut Representation, String> {
    all.last_mut()
        .ok_or_else(|| "segments are described outside a representation".to_owned())
}

/// Unrolls one `S`. `total` counts the segments of the whole manifest against the limit.
fn read_s(
    element: &BytesStart<'_>,
    into: &mut Representation,
    total: &mut usize,
) -> Result<(), String> {
    let duration: i64 = number(element, "d")?.ok_or("an S has no d")?;
    let repeats: u32 = number(element, "r")?.unwrap_or(0);
    let follows = into
        .segments
        .last()
        .map_or(0, |(t, d)| t.saturating_add(*d));
    let mut start: i64 = number(element, "t")?.unwrap_or(follows);
    let count = usize::try_from(repeats)
        .unwrap_or(MAX_SEGMENTS)
        .saturating_add(1);
    *total = total.saturating_add(count);
    if *total > MAX_SEGMENTS {
        return Err("the manifest has too many segments".to_owned());
    }
    for _ in 0..count {
        into.segments.push((start, duration));
        start = start.saturating_add(duration);
    }
    Ok(())
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = element
        .try_get_attribute(name)
        .map_err(|e| format!("the manifest is not XML: {e}"))?;
    let value = found.map(|a| a.unescape_value().map(std::borrow::Cow::into_owned));
    value
        .transpose()
        .map_err(|e| format!("the manifest is not XML: {e}"))
}

fn required(element: &BytesStart<'_>, name: &str) -> Result<String, String> {
    attribute(element, name)?.ok_or_else(|| format!("an element of the manifest has no {name}"))
}

fn number<T: std::str::FromStr>(element: &BytesStart<'_>, name: &str) -> Result<Option<T>, String> {
    let text = attribute(element, name)?;
    let parsed = text.map(|t| {
        t.parse()
            .map_err(|_| format!("{name}=\"{t}\" is not a usable number"))
    });
    parsed.transpose()
}
