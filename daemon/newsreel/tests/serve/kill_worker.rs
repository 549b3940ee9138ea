//! `kill -9` of a worker: what it was at is made by another, and nothing else.

use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::{niceness, signal};
use crate::support::{Random, by_tier, turn};
use crate::{as_if_undisturbed, clip, sound};

#[test]
fn a_killed_workers_sessions_alone_are_tried_again_from_their_last_finished_segment() {
    let _turn = turn();
    let rounds = by_tier(2, 5, 100);
    println!("!!!!!!!! {rounds} workers are killed; in soak 100");
    let mut random = Random::new("kill -9 of a worker");
    let daemon = Daemon::start("");
    let store = daemon.store();
    let mut hit = 0;
    for round in 0..rounds {
        let jobs = [20, 12].map(|seconds| daemon.submit(&spec(&clip(seconds), "story")));
        let at = random.below(30);
        daemon.wait_for_segments(jobs[0].id, at);
        let workers = daemon.workers();
        let Some(victim) = workers.get(random.below(workers.len())) else {
            continue;
        };
        signal(*victim, "KILL");
        // Read after the kill: what was finished before it is among this.
        let before = jobs.each_ref().map(|job| store.stamps(job.id));
        let done = jobs
            .each_ref()
            .map(|job| daemon.wait_for(job.id, JobState::Completed));
        before.iter().for_each(|finished| finished.unchanged());
        let failures = jobs.each_ref().map(|job| store.failures(job.id));
        println!("round {round}: killed {victim} at segment {at}, failures {failures:?}");
        // A worker that had just nothing to do is missed by nobody.
        assert!(failures.iter().sum::<u32>() <= 1, "{failures:?}");
        hit += failures.iter().sum::<u32>();
        done.iter().for_each(|job| sound(&dir(job)));
        if round == 0 {
            as_if_undisturbed(&daemon, &done[0]);
        }
    }
    assert!(hit > 0, "no kill met a session");
    daemon.made_nothing_twice();
}

#[test]
fn workers_stand_back_for_the_daemon_as_far_as_configured() {
    let _turn = turn();
    let daemon = Daemon::start("[worker]\nnice = 7\n");
    let job = daemon.submit(&spec(&clip(20), "story"));
    daemon.wait_for_segments(job.id, 1);
    let workers = daemon.workers();
    assert!(!workers.is_empty());
    for worker in workers {
        let behind = niceness(worker) - niceness(std::process::id());
        assert_eq!(behind, 7);
    }
    daemon.wait_for(job.id, JobState::Completed);
}
