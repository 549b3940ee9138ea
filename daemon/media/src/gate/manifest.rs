//! The DASH manifest against the boxes: every rendition with its codec and a timeline that is exactly its segments'. Not
//! here: HLS, or DASH that is not ours.

use newsreel_model::job::layout;
use newsreel_model::plan::Plan;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::package::dash::{Representation, parse_manifest};

use super::files::Files;
use super::report::{Check, Findings};
use super::sound::UNIT;
use super::track::{Track, seconds};

const MAX_MANIFEST: u64 = 64 << 20;

/// The duration is written to the millisecond, rounded up.
const DURATION_TOLERANCE_S: f64 = 0.002;

pub(super) fn check(
    plan: &Plan,
    rungs: &[Track],
    sounds: &[Track],
    files: &Files<'_>,
    found: &mut Findings,
) {
    let name = layout::MANIFEST;
    let Some(bytes) = files.read(name, MAX_MANIFEST, found) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    let read = parse_manifest(&text).and_then(|r| Ok((r, read_head(&text)?)));
    let (representations, head) = match read {
        Ok(read) => read,
        Err(why) => return found.fail(Check::Manifest, name, why),
    };
    let mut expect = |holds: bool, why: String| {
        found.expect(holds, Check::Manifest, name, || why);
    };
    expect(head.is_static, "it is not static".to_owned());
    let programme = plan.duration_s();
    // The sound may last up to two units longer.
    let longest = sounds.iter().map(|s| seconds(2 * UNIT, s.timescale));
    let longest = programme + longest.fold(0.0, f64::max);
    let lasts = programme - DURATION_TOLERANCE_S..=longest + DURATION_TOLERANCE_S;
    expect(
        head.duration_s.is_some_and(|d| lasts.contains(&d)),
        format!("it lasts {:?} s, planned {programme:.3} s", head.duration_s),
    );
    let (listed, planned) = (representations.len(), rungs.len() + sounds.len());
    expect(
        listed == planned,
        format!("it lists {listed} representations, planned {planned}"),
    );
    for track in rungs.iter().chain(sounds) {
        let init = track.file(layout::INIT);
        let place = representations.iter().position(|r| r.init == init);
        match place.and_then(|i| Some((representations.get(i)?, head.codecs.get(i)?))) {
            Some((representation, codecs)) => {
                let real = track.info.as_ref().map(|i| i.codecs.as_str());
                expect(
                    real.is_none_or(|real| codecs.as_deref() == Some(real)),
                    format!(
                        "{} has the codec {codecs:?}, in the boxes {real:?}",
                        track.dir
                    ),
                );
                check_timeline(representation, track, plan, &mut expect);
            }
            None => expect(false, format!("it does not list {init}")),
        }
    }
}

fn check_timeline(
    said: &Representation,
    track: &Track,
    plan: &Plan,
    expect: &mut dyn FnMut(bool, String),
) {
    let dir = &track.dir;
    let media = format!("{dir}/seg-$Number%05d$.m4s");
    expect(
        said.media == media,
        format!(
            "the segments of {dir} are named {}, expected {media}",
            said.media
        ),
    );
    expect(
        said.timescale == track.timescale,
        format!(
            "{dir} has {} ticks per second, expected {}",
            said.timescale, track.timescale
        ),
    );
    let (listed, planned) = (said.segments.len(), plan.grid.len());
    expect(
        listed == planned,
        format!("{dir} has {listed} segments, planned {planned}"),
    );
    if listed != planned {
        return;
    }
    for (index, (&(start, duration), span)) in said.segments.iter().zip(&track.segments).enumerate()
    {
        let Some(real) = span.map(|s| s.shown()) else {
            continue;
        };
        expect(
            (start, duration) == (real.start, real.duration),
            format!(
                "segment {} of {dir} is at {start} for {duration}, in the boxes at {} for {} ticks",
                index + 1,
                real.start,
                real.duration
            ),
        );
    }
}

/// What the manifest's reader for segments leaves out.
struct Head {
    is_static: bool,
    duration_s: Option<f64>,
    /// Of each representation, in order.
    codecs: Vec<Option<String>>,
}

fn read_head(text: &str) -> Result<Head, String> {
    let mut reader = Reader::from_str(text);
    let mut head = Head {
        is_static: false,
        duration_s: None,
        codecs: Vec::new(),
    };
    loop {
        let event = reader
            .read_event()
            .map_err(|e| format!("it is not XML: {e}"))?;
        let element = match &event {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => return Ok(head),
            _ => continue,
        };
        match element.name().as_ref() {
            b"MPD" => {
                head.is_static = attribute(element, "type")?.as_deref() == Some("static");
                let duration = attribute(element, "mediaPresentationDuration")?;
                head.duration_s = duration.as_deref().and_then(iso_seconds);
            }
            b"Representation" => head.codecs.push(attribute(element, "codecs")?),
            _ => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let not_xml = |e: &dyn std::fmt::Display| format!("it is not XML: {e}");
    let Some(found) = element.try_get_attribute(name).map_err(|e| not_xml(&e))? else {
        return Ok(None);
    };
    let value = found.unescape_value().map_err(|e| not_xml(&e))?;
    Ok(Some(value.into_owned()))
}

/// `PT12.345S`, the one form we write.
fn iso_seconds(text: &str) -> Option<f64> {
    text.strip_prefix("PT")?.strip_suffix('S')?.parse().ok()
}
