//! The text streams of a container, read in one pass over it. Their packets hold text, so nothing is decoded.

use std::collections::HashMap;
use std::sync::Arc;

use newsreel_model::plan::{Plan, SubtitleOrigin};
use newsreel_model::rational::rescale;
use newsreel_model::{Cancel, Rational, Result};

use crate::errors;
use crate::ffi::{Packet, Source};
use crate::reader::PacketReader;
use crate::sources::TextSource;

use super::{Cue, MAX_CUES, charset, markup};

const MILLISECOND: Rational = Rational::new(1, 1000);
/// How long a cue is seen that does not say so, unless the next one comes before; milliseconds.
const USUAL_MS: i64 = 5_000;

/// The cues of the streams that a plan takes, by stream index.
pub fn read(
    source: &Arc<dyn Source>,
    streams: &[TextSource],
    plan: &Plan,
    cancel: &Cancel,
) -> Result<HashMap<usize, Vec<Cue>>> {
    let is_taken = |s: &&TextSource| {
        let origin = SubtitleOrigin::Stream(s.stream);
        plan.subtitles.iter().any(|track| track.origin == origin)
    };
    let taken: Vec<&TextSource> = streams.iter().filter(is_taken).collect();
    let mut all = HashMap::new();
    if taken.is_empty() {
        return Ok(all);
    }
    let indexes: Vec<usize> = taken.iter().map(|s| s.stream).collect();
    let mut reader = PacketReader::open(source.as_ref(), &indexes, cancel)?;
    let mut packet = Packet::new().map_err(errors::engine("reading subtitles"))?;
    let video = &plan.video;
    let origin = rescale(video.origin, video.source_time_base, MILLISECOND);
    while reader.next(&mut packet)? {
        let of = packet.stream();
        let cues: &mut Vec<Cue> = all.entry(of).or_default();
        let Some(stream) = taken.iter().find(|s| s.stream == of) else {
            continue;
        };
        let (Some(at), true) = (packet.pts().or(packet.dts()), cues.len() < MAX_CUES) else {
            continue;
        };
        let from_ms = rescale(at, stream.time_base, MILLISECOND).saturating_sub(origin);
        let duration = rescale(packet.duration().max(0), stream.time_base, MILLISECOND);
        cues.push(Cue {
            from_ms,
            until_ms: from_ms.saturating_add(duration),
            text: lines(&stream.codec, packet.data()),
        });
    }
    for cues in all.values_mut() {
        close(cues);
    }
    Ok(all)
}

/// Gives an end to cues that have none.
pub fn close(cues: &mut [Cue]) {
    cues.sort_by_key(|cue| cue.from_ms);
    let starts: Vec<i64> = cues.iter().map(|cue| cue.from_ms).collect();
    for (number, cue) in cues.iter_mut().enumerate() {
        if cue.until_ms <= cue.from_ms {
            let next = starts
                .iter()
                .skip(number + 1)
                .find(|start| **start > cue.from_ms);
            let usual = cue.from_ms.saturating_add(USUAL_MS);
            cue.until_ms = next.map_or(usual, |next| usual.min(*next));
        }
    }
}

/// A packet's text.
fn lines(codec: &str, data: &[u8]) -> String {
    match codec {
        // Two bytes of length, the text, then boxes with its style.
        "mov_text" => {
            let length = data
                .first_chunk::<2>()
                .map_or(0, |b| usize::from(u16::from_be_bytes(*b)));
            let text = data.get(2..).unwrap_or_default();
            markup::from_plain(&charset::decode(text.get(..length).unwrap_or(text)))
        }
        // Eight fields before the text, of which commas separate them.
        "ass" | "ssa" => {
            let text = charset::decode(data);
            markup::from_ass(text.splitn(9, ',').nth(8).unwrap_or_default())
        }
        "text" => markup::from_plain(&charset::decode(data)),
        _ => markup::from_tagged(&charset::decode(data)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_every_kind_give_their_text() {
        assert_eq!(lines("subrip", b"<i>a</i>\r\nb"), "<i>a</i>\nb");
        assert_eq!(
            lines("ass", b"0,0,Default,,0,0,0,,Yes, {\\b1}no\\Nmore"),
            "Yes, no\nmore"
        );
        assert_eq!(lines("mov_text", b"\0\x05Hello\0\0\0\x0Cstyl"), "Hello");
        for codec in ["subrip", "ass", "mov_text", "text", "webvtt"] {
            for hostile in [
                &b""[..],
                b"\xFF",
                b"\xFF\xFF\xFF",
                b",,,,,,,,",
                b"{{{{",
                b"<<<<",
            ] {
                assert!(!lines(codec, hostile).contains('<'));
            }
        }
    }

    #[test]
    fn a_cue_without_an_end_is_seen_until_the_next() {
        let cue = |from_ms, until_ms| Cue {
            from_ms,
            until_ms,
            text: "x".to_owned(),
        };
        let mut cues = [cue(9000, 9000), cue(0, 0), cue(1000, 2000)];
        close(&mut cues);
        assert_eq!(cues, [cue(0, 1000), cue(1000, 2000), cue(9000, 14_000)]);
    }
}
