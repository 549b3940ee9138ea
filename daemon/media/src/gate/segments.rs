//! Reads one segment and checks what is the same for picture and sound. Not here: what a rung or a sound track must hold.

use crate::boxes::FragmentInfo;
use crate::package::segment_file::read_fragments;

use super::files::Files;
use super::report::{Check, Findings};
use super::track::Track;

/// The only fragment of a segment, if it is this track's segment of this number; anything else is reported.
pub(super) fn read(
    track: &Track,
    index: usize,
    files: &Files<'_>,
    found: &mut Findings,
) -> Option<FragmentInfo> {
    let name = track.segment(index);
    let path = files.path(&name)?;
    found.segment_read();
    let mut fragments = match read_fragments(&path) {
        Ok(fragments) => fragments,
        Err(e) => {
            found.fail(Check::Unreadable, &name, e.message());
            return None;
        }
    };
    let count = fragments.len();
    let fragment = fragments.pop().filter(|_| count == 1);
    let Some(fragment) = fragment else {
        found.fail(
            Check::SegmentTimes,
            &name,
            format!("{count} fragments, expected one"),
        );
        return None;
    };
    let track_id = track
        .info
        .as_ref()
        .map_or(fragment.track_id, |i| i.track_id);
    let ours = found.expect(
        fragment.track_id == track_id,
        Check::ParameterSets,
        &name,
        || {
            format!(
                "it is of track {}, its init segment describes track {track_id}",
                fragment.track_id
            )
        },
    );
    let number = u64::from(fragment.sequence);
    let right = found.expect(
        number == index as u64 + 1,
        Check::SegmentTimes,
        &name,
        || format!("inside it is segment {number}"),
    );
    let count = fragment.samples.len() as u64;
    if let Some(entry) = files.entry(&name) {
        // A wrong count is said by what knows the planned one; this is the journal's own mistake.
        let frames = u64::from(entry.frames);
        found.expect(frames == count, Check::FrameCount, &name, || {
            format!("it holds {count} samples, in the journal {frames}")
        });
    }
    (ours && right).then_some(fragment)
}
