//! Words of a job's subtitles, kept to be searched as soon as a track is there. Not here: making tracks, or searching.

use newsreel_media::text;
use newsreel_model::job::layout;
use newsreel_model::spoken::{Passage, passages};
use newsreel_model::store::Store;
use newsreel_model::{JobId, Result};

use crate::job::publisher::Piece;

/// Keeps what a piece says, if it is a whole track of subtitles.
///
/// # Errors
/// The store cannot be written.
pub fn keep(store: &dyn Store, job: JobId, piece: &Piece) -> Result<()> {
    let track = piece.finished.path.strip_prefix("subs/");
    let track = track.and_then(|path| path.strip_suffix(layout::SUBTITLES_WHOLE));
    let Some(track) = track.and_then(|path| path.strip_suffix('/')) else {
        return Ok(());
    };
    store.keep_spoken(job, track, said(&piece.bytes))
}

fn said(file: &[u8]) -> Vec<Passage> {
    let cues = text::cues(file).into_iter();
    passages(cues.map(|cue| (u64::try_from(cue.from_ms).unwrap_or(0), cue.text)))
}
