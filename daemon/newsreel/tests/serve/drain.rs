//! SIGTERM: what runs is ended in order, and taken up again by the next daemon.

use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::{self, until};
use crate::support::{Random, by_tier, turn};
use crate::{as_if_undisturbed, clip, sound};

#[test]
fn told_to_stop_it_drains_and_the_next_one_goes_on() {
    let _turn = turn();
    let mut random = Random::new("SIGTERM");
    let daemon = Daemon::start("");
    for round in 0..by_tier(1, 4, 40) {
        let jobs: Vec<_> = (0..by_tier(3, 6, 6))
            .map(|_| daemon.submit(&spec(&clip(20), "story")))
            .collect();
        daemon.wait_for_segments(jobs[0].id, random.below(30));
        let workers = daemon.workers();
        // A service manager or a terminal tells the workers as well: they end when the daemon says so.
        // One that has only just been started is an ordinary process for a moment yet.
        let ready = |pid: &&u32| daemon.lines_with(&format!("worker ready pid={pid} ")) > 0;
        for pid in workers.iter().filter(ready) {
            processes::signal(*pid, "TERM");
            processes::signal(*pid, "INT");
        }
        assert_eq!(daemon.stop(), Some(0), "round {round}");
        until("no worker outlives it", || {
            !workers.iter().any(|pid| processes::lives(*pid))
        });
        let store = daemon.store();
        let before = store.all_stamps();
        for job in &jobs {
            let state = store.state(job.id);
            assert!(
                ["queued", "running", "completed"].contains(&state.as_str()),
                "{state}"
            );
            assert_eq!(store.failures(job.id), 0, "to drain is no failure");
        }
        daemon.restart();
        let done: Vec<_> = jobs
            .iter()
            .map(|job| daemon.wait_for(job.id, JobState::Completed))
            .collect();
        before.values().for_each(|finished| finished.unchanged());
        done.iter().for_each(|job| sound(&dir(job)));
        as_if_undisturbed(&daemon, &done[0]);
    }
    daemon.made_nothing_twice();
}
