//! The disk as a hard limit.

use newsreel_scheduler::{Action, Input, JobEntry, PauseReason, Plan};

use crate::sim::check::End;
use crate::sim::world::World;
use crate::sim::{cpu, id, job, plan, policy};

fn paused(number: u64) -> Action {
    let reason = PauseReason::Disk;
    Action::Paused {
        job: id(number),
        reason,
    }
}

fn large(number: u64) -> (JobEntry, Plan) {
    let entry = JobEntry {
        disk_bytes: 6_000,
        ..job(number, 0)
    };
    (
        entry,
        Plan {
            disk_bytes: 6_000,
            ..plan(4)
        },
    )
}

#[test]
fn a_job_begins_only_when_its_output_fits_beside_those_that_run() {
    let mut world = World::new(policy());
    world.add(cpu(8));
    world.tell(Input::DiskFree(11_000));
    for n in 1..=2 {
        let (entry, plan) = large(n);
        world.queue(entry, plan);
    }
    assert_eq!(world.running.len(), 1);
    assert_eq!(world.log.last(), Some(&(0, paused(2))));
    world.run_until(60_000);
    assert_eq!(world.end_of(id(2)), Some(End::Complete));
}

#[test]
fn when_the_reserve_is_touched_what_runs_is_cut_and_goes_on_once_there_is_room() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    let (entry, plan) = large(1);
    world.queue(entry, plan);
    world.run_until(3_500);
    world.tell(Input::DiskFree(999));
    world.run_until(10_000);
    assert!(world.running.is_empty());
    assert_eq!(world.log.last(), Some(&(4_000, paused(1))));
    assert!(world.jobs[&id(1)].preempted.is_empty());
    // It was let in before: what it still writes is its own affair.
    world.tell(Input::DiskFree(1_500));
    world.run_until(60_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}
