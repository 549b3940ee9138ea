//! Inputs that point at other files or addresses, handed to the daemon: the job fails, and nothing of them is opened.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use newsreel_model::job::JobState;

use crate::clip;
use crate::daemon::{Daemon, dir, spec};
use crate::support::nested::{pointing_at, with_references_outside};
use crate::support::process::run;
use crate::support::{by_tier, turn};

/// `O_NONBLOCK`: opening a pipe for writing then fails while nobody reads it.
const NONBLOCK: i32 = 0o4000;

#[test]
fn what_an_input_points_at_is_never_opened_and_its_job_fails() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let folder = daemon.path("in");
    fs::copy(clip(2), folder.join("clip.mp4")).unwrap();
    let pipe = folder.join("pipe.mp4");
    run(Command::new("mkfifo").arg(&pipe)).expect(0);
    let is_read = || {
        let mut writer = OpenOptions::new();
        writer
            .write(true)
            .custom_flags(NONBLOCK)
            .open(&pipe)
            .is_ok()
    };
    let mut targets = vec!["clip.mp4".to_owned(), pipe.display().to_string()];
    targets.extend(by_tier(
        vec![],
        vec!["http://127.0.0.1:9/clip.mp4".to_owned()],
        vec![
            folder.join("clip.mp4").display().to_string(),
            format!("file:{}", pipe.display()),
            "http://127.0.0.1:9/clip.mp4".to_owned(),
        ],
    ));
    let mut inputs = Vec::new();
    for (number, target) in targets.iter().enumerate() {
        for (name, text) in pointing_at(target) {
            let input = folder.join(format!("{number}-{name}"));
            fs::write(&input, text).unwrap();
            inputs.push(input);
        }
    }
    let movie = folder.join("reference.mov");
    let whole = fs::read(clip(2)).unwrap();
    let pointing = with_references_outside(&whole, folder.join("clip.mp4").to_str().unwrap());
    assert!(pointing.len() > whole.len());
    fs::write(&movie, pointing).unwrap();
    inputs.push(movie);

    let jobs: Vec<_> = inputs
        .iter()
        .map(|i| daemon.submit(&spec(i, "story")))
        .collect();
    for job in jobs {
        let ended = loop {
            assert!(!is_read(), "what {} names was opened", job.spec.input.url);
            let job = daemon.job(job.id);
            if !matches!(job.state, JobState::Queued | JobState::Running) {
                break job;
            }
        };
        let failure = ended.failure.as_ref();
        let code = failure.map(|f| f.code.as_str());
        let expected = [
            "input_nested_reference",
            "input_unreadable",
            "input_nothing_to_encode",
        ];
        assert!(code.is_some_and(|c| expected.contains(&c)), "{ended:#?}");
        assert!(!dir(&ended).join("master.m3u8").exists());
    }
}
