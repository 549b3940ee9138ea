//! A file that kills every worker it is in, among good ones in the same worker.
#![cfg(feature = "faults")]

use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::support::{Random, by_tier, turn};
use crate::{clip, sound};

#[test]
fn a_file_that_kills_its_workers_fails_alone_among_its_neighbours() {
    let _turn = turn();
    let mut random = Random::new("crash");
    let shared = [
        ("NEWSREEL_FAULTS_SESSIONS", "32"),
        ("NEWSREEL_FAULTS_CORES", "32"),
    ];
    let neighbours = by_tier(8, 20, 20);
    println!("!!!!!!!! {neighbours} good files beside the bad one; in soak 20");
    for round in 0..by_tier(1, 2, 20) {
        let daemon = Daemon::start_with("", &shared);
        let place = random.below(neighbours);
        let mut good = Vec::new();
        let mut bad = None;
        for number in 0..neighbours {
            if number == place {
                bad = Some(daemon.submit(&spec(&clip(12), "fault-crash")));
            }
            good.push(daemon.submit(&spec(&clip([6, 12][number % 2]), "story")));
        }
        let bad = daemon.wait_for(bad.unwrap().id, JobState::Failed);
        let failure = bad.failure.unwrap();
        assert_eq!(failure.code, "input_kills_worker", "{}", failure.message);
        let done: Vec<_> = good
            .iter()
            .map(|job| daemon.wait_for(job.id, JobState::Completed))
            .collect();
        done.iter().for_each(|job| sound(&dir(job)));
        let died = daemon.lines_with("the worker process ended");
        let started = daemon.lines_with("worker started");
        println!("round {round}: {died} workers died, {started} were started");
        // Halving 21 suspects takes five, and alone it is tried twice.
        assert!(died <= 7, "{died} workers died");
        daemon.made_nothing_twice();
    }
}
