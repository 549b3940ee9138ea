//! Breaking news while every core is at a bulk job: in at the next line, and the bulk job goes on afterwards.
#![cfg(feature = "faults")]

use newsreel_model::JobId;
use newsreel_model::control::JobView;
use newsreel_model::job::JobState;

use crate::daemon::{Daemon, dir, spec};
use crate::processes::until;
use crate::support::{Random, by_tier, turn};
use crate::{as_if_undisturbed, clip, sound};

/// Rungs of every profile here.
const RUNGS: usize = 2;

fn bulk(daemon: &Daemon, seconds: u32) -> JobId {
    let mut spec = spec(&clip(seconds), "bulk");
    spec.priority = 10;
    daemon.submit(&spec).id
}

fn breaking(daemon: &Daemon) -> JobView {
    let mut spec = spec(&clip(2), "story");
    spec.priority = 90;
    daemon.submit(&spec)
}

#[test]
fn a_breaking_job_starts_within_a_segment_and_the_bulk_job_loses_nothing() {
    let _turn = turn();
    let mut random = Random::new("preempt");
    let settings = "[queue]\nmin_run_s = 0\npreempt_gap_s = 0\n";
    for (round, cores) in ["1", "2"]
        .into_iter()
        .cycle()
        .take(by_tier(1, 4, 40))
        .enumerate()
    {
        let daemon = Daemon::start_with(settings, &[("NEWSREEL_FAULTS_CORES", cores)]);
        let store = daemon.store();
        let bulk = bulk(&daemon, by_tier(20, 60, 60));
        daemon.wait_for_segments(bulk, 3 + random.below(8));
        let before = store.stamps(bulk);
        let sessions = daemon.workers().len();
        let breaking = breaking(&daemon);
        // Before its 201 the daemon does not know of it.
        let made = store.segments(bulk);
        let mut more = 0;
        until("the breaking job runs", || {
            let (state, now) = store.at_once(|s| (s.state(breaking.id), s.segments(bulk)));
            more = now - made;
            state != "queued"
        });
        println!(
            "round {round}: {cores} cores, {sessions} sessions, {more} pieces more until it ran"
        );
        // Each session ends the segment it is in; of the one before, something may still be on its way.
        assert!(
            more <= (sessions + 1) * RUNGS,
            "{more} pieces in {sessions} sessions"
        );
        let breaking = daemon.wait_for(breaking.id, JobState::Completed);
        assert_eq!(
            daemon.job(bulk).state,
            JobState::Running,
            "it was to be the longer one"
        );
        sound(&dir(&breaking));
        let bulk = daemon.wait_for(bulk, JobState::Completed);
        before.unchanged();
        if cores == "1" {
            assert!(store.events(bulk.id).contains(&"job.preempted".to_owned()));
        }
        daemon.made_nothing_twice();
        as_if_undisturbed(&daemon, &bulk);
    }
}

#[test]
fn an_endless_stream_of_breaking_jobs_does_not_starve_the_bulk_job() {
    let _turn = turn();
    let settings = "[queue]\nmin_run_s = 1\npreempt_gap_s = 0\nstarvation_s = 1\n";
    let daemon = Daemon::start_with(settings, &[("NEWSREEL_FAULTS_CORES", "1")]);
    let bulk = bulk(&daemon, by_tier(12, 60, 240));
    daemon.wait_for_segments(bulk, 1);
    let mut underway = [breaking(&daemon), breaking(&daemon)];
    let mut made = 0;
    until("the bulk job is complete", || {
        let over = |job: &JobView| daemon.job(job.id).state == JobState::Completed;
        while let Some(at) = underway.iter().position(over) {
            underway[at] = breaking(&daemon);
            made += 1;
        }
        let state = daemon.job(bulk).state;
        assert!(matches!(
            state,
            JobState::Running | JobState::Queued | JobState::Completed
        ));
        state == JobState::Completed
    });
    println!("{made} breaking jobs completed meanwhile");
    assert!(made > 0);
    sound(&dir(&daemon.job(bulk)));
    daemon.made_nothing_twice();
}
