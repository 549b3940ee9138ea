//! Finding the one input that kills its workers.

use newsreel_model::Code;
use newsreel_scheduler::{Action, JobEntry, Plan};

use crate::sim::check::End;
use crate::sim::world::World;
use crate::sim::{anywhere, cpu, gpu, id, job, plan, policy};

/// So many jobs in one worker on one GPU; one of them kills it at its fifth segment.
fn infected(jobs: u64, killer: u64) -> World {
    let mut world = World::new(policy());
    let mut device = gpu("gpu", jobs);
    device.sessions_per_worker = 64;
    world.add(device);
    world.killers.insert(id(killer), 4);
    let encode = anywhere(1);
    for n in 1..=jobs {
        let entry = JobEntry {
            prepare: encode,
            ..job(n, 0)
        };
        let plan = Plan {
            encode,
            finish: encode,
            splittable: false,
            ..plan(8)
        };
        world.queue(entry, plan);
    }
    world
}

fn found(world: &World, jobs: u64, killer: u64, bound: usize) {
    for n in (1..=jobs).filter(|n| *n != killer) {
        assert_eq!(world.end_of(id(n)), Some(End::Complete), "job {n}");
    }
    let failed = Some(End::Failed(Code::InputKillsWorker));
    assert_eq!(world.end_of(id(killer)), failed);
    // Its first death is no restart.
    let restarts = world.deaths[&id(killer)] - 1;
    assert!(restarts <= bound, "{restarts} restarts among {jobs}");
}

#[test]
fn the_culprit_is_found_by_halving() {
    for jobs in [2, 3, 5, 8, 13, 16] {
        for killer in [1, jobs / 2 + 1, jobs] {
            let mut world = infected(jobs, killer);
            world.run_until(300_000);
            let halvings = jobs.next_power_of_two().ilog2();
            found(&world, jobs, killer, usize::try_from(halvings).unwrap() + 2);
        }
    }
}

#[test]
fn the_one_last_inside_the_codec_is_tried_alone_first() {
    let mut world = infected(16, 9);
    world.hints = true;
    world.run_until(300_000);
    found(&world, 16, 9, 2);
    let mut others = (1..=16).filter(|n| *n != 9);
    let once = others.all(|n| world.deaths[&id(n)] == 1);
    assert!(once, "nobody is taken down twice");
}

#[test]
fn a_wrong_hint_costs_one_restart_at_most() {
    let mut world = infected(8, 1);
    world.run_until(3_500);
    let (slot, wrong) = {
        let innocent = &world.sessions(id(5))[0].start;
        (innocent.worker, innocent.epoch)
    };
    world.kill(slot, Some(wrong));
    world.run_until(300_000);
    found(&world, 8, 1, 5);
}

#[test]
fn one_that_dies_alone_gets_a_second_chance_and_progress_clears_it() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(10));
    for _ in 0..6 {
        world.run_until(world.at_ms + 4_500);
        if let Some(slot) = world.sessions(id(1)).first().map(|r| r.start.worker) {
            world.kill(slot, None);
        }
    }
    world.run_until(200_000);
    assert_eq!(
        world.end_of(id(1)),
        Some(End::Complete),
        "each time it got further"
    );
}

#[test]
fn one_that_dies_alone_twice_at_the_same_place_has_failed() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.killers.insert(id(1), 3);
    world.queue(job(1, 0), plan(10));
    world.run_until(200_000);
    found(&world, 0, 1, 1);
}

#[test]
fn an_idle_worker_may_die_unnoticed() {
    let mut world = infected(1, 99);
    let slot = world.sessions(id(1))[0].start.worker;
    world.run_until(20_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
    assert!(world.kill(slot, None).is_empty());
    let entry = JobEntry {
        prepare: anywhere(1),
        ..job(2, 0)
    };
    let actions = world.queue(entry, plan(1));
    assert!(matches!(&actions[..], [Action::Start(start)] if start.worker != slot));
}
