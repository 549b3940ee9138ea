//! A worker that was given up and wakes again: nothing it does counts.
#![cfg(feature = "faults")]

use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::{lives, signal, stands, until};
use crate::support::{Random, by_tier, out, turn};
use crate::{as_if_undisturbed, clip};

#[test]
fn a_worker_stopped_past_its_lease_changes_nothing_when_it_wakes() {
    let _turn = turn();
    let mut random = Random::new("SIGSTOP");
    let spare = [("NEWSREEL_FAULTS_SPARE", "1")];
    let daemon = Daemon::start_with("[worker]\nlease_s = 1\n", &spare);
    let mut missing = by_tier(1, 3, 30);
    while missing > 0 {
        let job = daemon.submit(&spec(&clip(20), "story"));
        daemon.wait_for_segments(job.id, 4 + random.below(16));
        let workers = daemon.workers();
        let Some(&stopped) = workers.get(random.below(workers.len())) else {
            continue;
        };
        signal(stopped, "STOP");
        until("it stands", || stands(stopped));
        println!("worker {stopped} of {workers:?} stopped");
        let before = daemon.store().stamps(job.id);
        let given_up = || {
            let said = daemon.said();
            let pid = format!("pid={stopped} ");
            said.lines()
                .any(|l| l.contains("no sign of life") && format!("{l} ").contains(&pid))
        };
        let complete = || daemon.job(job.id).state == JobState::Completed;
        until("its lease runs out", || given_up() || complete());
        if !given_up() {
            println!("it had done its work; another");
            signal(stopped, "CONT");
            continue;
        }
        missing -= 1;
        let job = daemon.wait_for(job.id, JobState::Completed);
        before.unchanged();
        let names = out::files(&dir(&job));
        let complete = out::stamps(&dir(&job), &names);
        assert!(stands(stopped), "it was to live on");
        signal(stopped, "CONT");
        until("it ends by itself", || !lives(stopped));
        assert_eq!(out::files(&dir(&job)), names);
        out::unchanged(&dir(&job), &complete);
        as_if_undisturbed(&daemon, &job);
    }
}
