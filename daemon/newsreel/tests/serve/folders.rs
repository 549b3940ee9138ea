//! Watched folders of the real daemon: files that grow, restarts, names that were there before, files that are no video.

use std::io::Write;
use std::path::Path;

use newsreel_model::job::JobState;

use crate::clip;
use crate::daemon::{Daemon, folder};
use crate::processes::until;
use crate::support::turn;

fn watching(dir: &Path) -> String {
    format!(
        "[watch]\nsettle_s = 3\n[watch.folders.ingest]\ndirectory = {:?}\nprofile = \"story\"\ntenant = \"sport\"\npriority = 60\n",
        dir.join("in")
    )
}

#[test]
fn a_file_that_has_stopped_growing_becomes_one_job_and_is_moved() {
    let _turn = turn();
    let dir = folder();
    let settings = watching(dir.path());
    let daemon = Daemon::start_in(dir, &settings, &[]);
    let whole = std::fs::read(clip(2)).unwrap();
    let path = daemon.path("in/Flood & fire.mp4");
    let mut growing = std::fs::File::create(&path).unwrap();
    for piece in whole.chunks(whole.len() / 6 + 1) {
        growing.write_all(piece).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert_eq!(daemon.jobs().len(), 0, "it still grows");
    }
    until("it is taken", || daemon.jobs().len() == 1);
    daemon.kill9();
    daemon.restart();
    until("it is moved", || {
        daemon.path("in/done/Flood & fire.mp4").exists()
    });
    let [job] = &daemon.jobs()[..] else {
        panic!("one file, one job")
    };
    assert_eq!(job.state, JobState::Completed);
    assert_eq!(job.spec.title.as_deref(), Some("Flood & fire"));
    assert_eq!((job.spec.tenant.as_str(), job.spec.priority), ("sport", 60));
    // Another file of that name keeps the first.
    std::fs::copy(clip(2), &path).unwrap();
    until("the second is moved", || !path.exists());
    assert_eq!(
        std::fs::read_dir(daemon.path("in/done")).unwrap().count(),
        2
    );
    assert_eq!(daemon.jobs().len(), 2);
}

#[test]
fn what_fails_is_moved_with_the_reason_and_what_is_no_file_is_left_alone() {
    let _turn = turn();
    let dir = folder();
    std::fs::write(dir.path().join("secret.mp4"), "x").unwrap();
    for name in ["no video.mp4", ".hidden.mp4"] {
        std::fs::write(dir.path().join("in").join(name), "this is text").unwrap();
    }
    let link = dir.path().join("in/link.mp4");
    std::os::unix::fs::symlink(dir.path().join("secret.mp4"), &link).unwrap();
    let settings = watching(dir.path());
    let daemon = Daemon::start_in(dir, &settings, &[]);
    let reason = daemon.path("in/failed/no video.mp4.txt");
    until("it is moved", || !daemon.path("in/no video.mp4").exists());
    let said = std::fs::read_to_string(reason).unwrap();
    let job = &daemon.jobs()[0];
    assert!(said.starts_with("input_unreadable\n"), "{said}");
    assert!(said.contains(&job.id.to_string()));
    assert!(daemon.path("in/failed/no video.mp4").exists());
    assert!(daemon.path("in/.hidden.mp4").exists() && link.exists());
    assert_eq!(daemon.jobs().len(), 1);
}
