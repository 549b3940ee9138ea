//! A log nobody reads any more: the daemon goes on without it.

use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes;
use crate::support::turn;
use crate::{clip, sound};

#[test]
fn it_goes_on_when_its_log_has_no_reader() {
    let _turn = turn();
    let daemon = Daemon::start("");
    daemon.stop_reading();
    let jobs: Vec<_> = (0..3)
        .map(|_| daemon.submit(&spec(&clip(2), "story")))
        .collect();
    for job in jobs {
        sound(&dir(&daemon.wait_for(job.id, JobState::Completed)));
    }
    // Workers log as well.
    let workers = daemon.workers();
    for pid in &workers {
        processes::signal(*pid, "KILL");
    }
    let job = daemon.submit(&spec(&clip(2), "story"));
    sound(&dir(&daemon.wait_for(job.id, JobState::Completed)));
    assert!(daemon.lines_with("newsreel listens on ") > 0);
    assert_eq!(daemon.stop(), Some(0), "it stops in order");
}
