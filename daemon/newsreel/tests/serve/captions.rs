//! Captions inside pictures of jobs handed to the daemon: its workers' runs carry what the source does, each pair once.

use std::fs;

use newsreel_model::job::{JobState, layout};

use crate::daemon::{Daemon, dir, spec};
use crate::sound;
use crate::support::captions::triplets;
use crate::support::{media, turn};

#[test]
fn runs_of_workers_carry_the_captions_of_the_source() {
    let Some(media) = media() else { return };
    let _turn = turn();
    let daemon = Daemon::start("");
    let clip = daemon.path("in").join("cc.ts");
    fs::copy(media.join("cc-480i30-mpeg2.ts"), &clip).unwrap();
    let job = daemon.submit(&spec(&clip, "story"));
    daemon.wait_for(job.id, JobState::Completed);
    let out = dir(&job);
    sound(&out);
    let (sent, kept) = (triplets(&clip), triplets(&out.join(layout::mp4("96p"))));
    assert!(sent.len() > 100);
    assert_eq!(kept, sent);
    let said = out.join("subs/cc1").join(layout::SUBTITLES_WHOLE);
    let said = fs::read_to_string(said).unwrap();
    assert!(said.contains("MANUFACTURERS ARE ABOUT AS"), "{said}");
}
