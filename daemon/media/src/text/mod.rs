//! Subtitles as text: read from a container or a file beside it, cut along the grid, written as WebVTT. Not bitmaps, which
//! nobody reads here.

mod captions;
mod charset;
pub mod choose;
mod embedded;
mod markup;
mod parse;
mod write;

use std::io::{self, Read};
use std::sync::Arc;

use newsreel_model::plan::{Plan, SubtitleOrigin};
use newsreel_model::subtitle::Sidecar;
use newsreel_model::{Cancel, Code, Error, Result};

use crate::captions::Placed;
use crate::ffi::Source;
use crate::sources::TextSource;

pub use captions::captions;
use charset::MAX_FILE_BYTES;
pub(crate) use parse::interval;
pub use write::{segment, whole};

/// The most cues of one track; what follows is left out.
const MAX_CUES: usize = 100_000;
/// The most characters of one cue.
const MAX_CUE_CHARS: usize = 2_000;

/// Some lines of text and when they are to be seen, in milliseconds of the programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// From when.
    pub from_ms: i64,
    /// Until when, later than `from_ms`.
    pub until_ms: i64,
    /// As WebVTT has it: no blank line, nothing that could be taken for a time.
    pub text: String,
}

/// A file of subtitles as it is; of one that is too large, enough to tell.
///
/// # Errors
/// It cannot be read.
pub fn read_sidecar(file: impl Read, language: &str) -> io::Result<Sidecar> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(Sidecar {
        language: language.to_owned(),
        bytes,
    })
}

/// The cue with another text, marked up as WebVTT is.
#[must_use]
pub fn reworded(cue: &Cue, text: &str) -> Cue {
    Cue {
        text: markup::from_tagged(text),
        ..*cue
    }
}

/// Refuses what is no file of subtitles, before anything is made.
///
/// # Errors
/// [`Code::InputUnreadable`] with the file's number.
pub fn check(sidecars: &[Sidecar]) -> Result<()> {
    for (number, sidecar) in sidecars.iter().enumerate() {
        let number = number + 1;
        let why = if sidecar.bytes.len() > MAX_FILE_BYTES {
            format!("is larger than {} MiB", MAX_FILE_BYTES >> 20)
        } else if cues(&sidecar.bytes).is_empty() {
            "holds no subtitles in SubRip or WebVTT".to_owned()
        } else {
            continue;
        };
        return Err(Error::new(
            Code::InputUnreadable,
            format!("subtitle file {number} {why}; give a .srt or .vtt file"),
        ));
    }
    Ok(())
}

/// The cues of a file of SubRip or WebVTT in any encoding, in its order; none where there are none.
#[must_use]
pub fn cues(file: &[u8]) -> Vec<Cue> {
    parse::cues(&charset::decode(file))
}

/// The cues of every track of a plan, in its order: sorted by time, within the programme. What cannot be read is left
/// out; a track of which nothing can be read is empty.
///
/// # Errors
/// Cancelled, or the source can no longer be opened.
pub fn read(
    source: &Arc<dyn Source>,
    streams: &[TextSource],
    sidecars: &[Sidecar],
    placed: &Placed,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<Vec<Vec<Cue>>> {
    let mut channels = captions(placed, plan.video.timescale);
    let mut embedded = embedded::read(source, streams, plan, cancel)?;
    let tracks = plan.subtitles.iter().map(|track| match track.origin {
        SubtitleOrigin::Stream(stream) => embedded.remove(&stream).unwrap_or_default(),
        SubtitleOrigin::Sidecar(number) => {
            let file = sidecars.get(number);
            file.map_or_else(Vec::new, |s| cues(&s.bytes))
        }
        // Made of what is read here, by who may ask other machines.
        SubtitleOrigin::Translation(_) => Vec::new(),
        SubtitleOrigin::Caption(channel) => {
            let cues = channels.get_mut(usize::from(channel).wrapping_sub(1));
            cues.map(std::mem::take).unwrap_or_default()
        }
    });
    #[allow(clippy::cast_possible_truncation, reason = "float to int saturates")]
    let end_ms = (plan.duration_s() * 1000.0).ceil() as i64;
    Ok(tracks.map(|cues| settle(cues, end_ms)).collect())
}

/// In order, within the programme.
fn settle(mut cues: Vec<Cue>, end_ms: i64) -> Vec<Cue> {
    cues.truncate(MAX_CUES);
    for cue in &mut cues {
        cue.from_ms = cue.from_ms.max(0);
        cue.until_ms = cue.until_ms.min(end_ms);
    }
    cues.retain(|cue| cue.from_ms < cue.until_ms && !cue.text.is_empty());
    cues.sort_by_key(|cue| (cue.from_ms, cue.until_ms));
    cues
}
