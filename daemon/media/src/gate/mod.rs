//! The integrity gate: whether what lies in a job's directory is what its plan promised. It reads files and boxes, never
//! decodes a picture, and changes nothing. Not here: what happens to a job that does not pass.
//!
//! A file that is not the one the journal names is reported as that once, and its content is not judged; whatever is
//! derived from a broken segment (playlist entry, timeline, MP4) is held against it only where the segment itself is sound.

mod captions;
mod edits;
mod files;
mod init;
mod manifest;
mod movie;
mod movie_tables;
mod playlists;
mod report;
mod segments;
mod sound;
mod text;
mod track;
mod video;

use std::path::Path;

use newsreel_model::job::{Finished, layout};
use newsreel_model::plan::Plan;

pub use report::{Check, Failure, GateReport, MAX_FAILURES};

use files::Files;
use report::Findings;
use video::Ladder;

/// Holds the job in `dir` against its plan and the journal of its published files. Reads every byte of every file in the
/// journal once for its hash, and the boxes of segments and MP4s once more.
///
/// Whatever the files hold, this ends with a report: every problem found, up to [`MAX_FAILURES`]. At any time it holds the
/// sample table of one segment, or the index of one MP4.
#[must_use]
pub fn check(dir: &Path, plan: &Plan, journal: &[Finished]) -> GateReport {
    let mut found = Findings::default();
    let files = Files::check(dir, plan, journal, &mut found);
    let mut ladder = Ladder::new(plan);
    let rungs: Vec<_> = plan
        .video
        .rungs
        .iter()
        .map(|rung| ladder.check_rung(rung, &files, &mut found))
        .collect();
    let sounds: Vec<_> = plan
        .audio
        .iter()
        .map(|audio| sound::check(plan, audio, &files, &mut found))
        .collect();
    for track in rungs.iter().chain(&sounds) {
        playlists::check_media(plan, track, &files, &mut found);
    }
    for track in &plan.subtitles {
        text::check(plan, track, &files, &mut found);
    }
    playlists::check_master(plan, &rungs, &sounds, &files, &mut found);
    manifest::check(plan, &rungs, &sounds, &files, &mut found);
    for (rung, track) in plan.video.rungs.iter().zip(&rungs) {
        let name = layout::mp4(&rung.name);
        let tracks = (Some(track), sounds.first());
        movie::check(plan, &name, tracks, &files, &mut found);
    }
    if plan.is_sound_alone() {
        for (audio, track) in plan.audio.iter().zip(&sounds) {
            let name = layout::m4a(&audio.name);
            movie::check(plan, &name, (None, Some(track)), &files, &mut found);
        }
    }
    found.into_report()
}
