//! Cancelling, trying again and deleting, in the middle of the work.

use newsreel_model::job::JobState;

use crate::daemon::{Bad, Daemon, dir, spec};
use crate::processes::until;
use crate::support::{Random, by_tier, turn};
use crate::{as_if_undisturbed, clip, sound};

#[test]
fn a_cancelled_job_stops_keeps_what_it_published_and_can_be_taken_up_again() {
    let _turn = turn();
    let mut random = Random::new("cancel");
    let daemon = Daemon::start("");
    let store = daemon.store();
    for round in 0..by_tier(2, 6, 60) {
        let id = daemon.submit(&spec(&clip(20), "story")).id;
        let mut at = 0;
        for _ in 0..=random.below(3) {
            at += 1 + random.below(10);
            daemon.wait_for_segments(id, at);
            let cancelled = daemon.tell(id, "cancel").unwrap();
            assert_eq!(cancelled.state, JobState::Cancelled);
            if random.below(2) == 0 {
                until("its workers go", || daemon.workers().is_empty());
                let before = store.stamps(id);
                assert!(store.segments(id) >= at);
                assert_eq!(daemon.job(id).state, JobState::Cancelled);
                daemon.tell(id, "retry").unwrap();
                before.unchanged();
            } else {
                // At once, while its sessions still end.
                daemon.tell(id, "retry").unwrap();
            }
            println!("round {round}: cancelled at segment {at}");
        }
        let before = store.stamps(id);
        let job = daemon.wait_for(id, JobState::Completed);
        before.unchanged();
        sound(&dir(&job));
        if round == 0 {
            as_if_undisturbed(&daemon, &job);
        }
    }
    daemon.made_nothing_twice();
}

#[test]
fn a_deleted_job_leaves_nothing_behind() {
    let _turn = turn();
    let mut random = Random::new("delete");
    let daemon = Daemon::start("");
    for _ in 0..by_tier(3, 10, 100) {
        let job = daemon.submit(&spec(&clip(20), "story"));
        let path = format!("/v1/jobs/{}", job.id);
        daemon.wait_for_segments(job.id, random.below(12));
        match daemon.ask("DELETE", &path, None, None) {
            Err(Bad::Refused(refused)) => assert_eq!(refused.code, "job_state"),
            other => panic!("a running job is not deleted: {other:?}"),
        }
        daemon.tell(job.id, "cancel").unwrap();
        // At once: whoever still writes for it must not bring its directory back.
        daemon.ask("DELETE", &path, None, None).unwrap();
        assert!(!dir(&job).exists());
        until("its workers go", || daemon.workers().is_empty());
        assert!(!dir(&job).exists(), "it came back");
    }
    assert!(daemon.jobs().is_empty());
}
