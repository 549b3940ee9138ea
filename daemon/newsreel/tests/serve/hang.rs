//! A worker that stands still inside the engine while its heart beats.
#![cfg(feature = "faults")]

use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::until;
use crate::support::turn;
use crate::{clip, sound};

#[test]
fn a_hanging_worker_is_found_and_its_job_fails_while_others_complete() {
    let _turn = turn();
    let daemon = Daemon::start("[worker]\nstall_s = 2\n");
    let bad = daemon.submit(&spec(&clip(12), "fault-hang"));
    let good = [6; 2].map(|seconds| daemon.submit(&spec(&clip(seconds), "story")));
    let good = good.map(|job| daemon.wait_for(job.id, JobState::Completed));
    let bad = daemon.wait_for(bad.id, JobState::Failed);
    let failure = bad.failure.unwrap();
    assert_eq!(failure.code, "input_kills_worker", "{}", failure.message);
    let said = daemon.said();
    let of_worker = said.lines().filter(|line| line.contains("pid="));
    let found = of_worker
        .filter(|line| line.contains("nothing was encoded or read for 2 s"))
        .count();
    println!("found hanging {found} times");
    // Two for the verdict, and as many for a second run that began beside the first.
    assert!((2..=4).contains(&found), "{found}");
    good.iter().for_each(|job| sound(&dir(job)));
    until("no worker is left", || daemon.workers().is_empty());
}
