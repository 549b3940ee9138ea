//! Jobs over what is sound alone: no run, no picture, and as complete as any other.

use std::fs;

use newsreel_model::job::{JobState, layout};

use crate::daemon::{Daemon, dir, spec};
use crate::support::made::ffmpeg;
use crate::support::{out, turn};

#[test]
fn sound_alone_becomes_a_complete_job_without_pictures() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let input = daemon.path("in/report.mp3");
    ffmpeg("-f lavfi -i sine=r=48000 -t 7", &input);
    let job = daemon.submit(&spec(&input, "story"));
    let job = daemon.wait_for(job.id, JobState::Completed);
    assert!((job.progress.progress - 1.0).abs() < 1e-9);
    let made = dir(&job);
    out::complete(&made);
    let files = out::files(&made);
    let name = files.iter().find(|f| f.starts_with("mp4/")).unwrap();
    assert!(name.ends_with(".m4a"), "{name}");
    assert!(!files.contains(layout::POSTER));
    let master = fs::read_to_string(made.join(layout::MASTER)).unwrap();
    assert!(master.contains("mp4a.40.2"), "{master}");
    // The gate knows what has to be there.
    fs::remove_file(made.join(name)).unwrap();
    let verdict = crate::process::run(&mut crate::process::newsreel([
        std::path::Path::new("verify"),
        &made,
    ]));
    assert_ne!(verdict.code(), 0);
}
