//! Where a session goes.

use newsreel_model::capacity::Resources;
use newsreel_scheduler::{Action, Demand, Device, Input, PauseReason, Plan, Policy, Start};

use crate::sim::world::World;
use crate::sim::{anywhere, cores, cpu, gpu, id, job, plan, policy};

fn starts(actions: &[Action]) -> Vec<&Start> {
    let starts = actions.iter().filter_map(|action| match action {
        Action::Start(start) => Some(start),
        _ => None,
    });
    starts.collect()
}

#[test]
fn gpus_are_filled_before_the_cpu_and_the_fullest_that_fits_first() {
    let mut world = World::new(policy());
    for device in [cpu(8), gpu("large", 8), gpu("small", 2)] {
        world.add(device);
    }
    let mut used = Vec::new();
    for n in 1..=11 {
        let mut entry = job(n, 0);
        entry.prepare = anywhere(1);
        let actions = world.queue(entry, plan(1));
        used.push(starts(&actions)[0].device.to_string());
    }
    assert_eq!(used[..2], ["small"; 2]);
    assert_eq!(used[2..10], ["large"; 8]);
    assert_eq!(used[10], "cpu");
}

#[test]
fn a_job_larger_than_the_machine_takes_all_of_it_and_runs_slower() {
    let mut world = World::new(policy());
    world.add(cpu(2));
    let mut entry = job(1, 0);
    entry.prepare = Demand::cpu_only(cores(16));
    let actions = world.queue(entry, plan(1));
    assert_eq!(starts(&actions)[0].demand.cpu_millicores, 2_000);
}

#[test]
fn memory_is_a_hard_limit_and_the_reserve_is_kept() {
    let reserve = Resources {
        memory_mib: 600,
        ..Resources::default()
    };
    let mut world = World::new(Policy {
        reserve,
        ..policy()
    });
    world.add(cpu(1));
    let mut entry = job(1, 0);
    let pause = Action::Paused {
        job: id(1),
        reason: PauseReason::NoDevice,
    };
    assert_eq!(world.queue(entry.clone(), plan(1)), [pause]);
    let device = Device {
        capacity: Resources {
            memory_mib: 1_100,
            ..cpu(1).capacity
        },
        ..cpu(1)
    };
    assert_eq!(starts(&world.add(device)).len(), 1);
    entry.id = id(2);
    assert!(world.queue(entry, plan(1)).is_empty());
}

#[test]
fn smaller_jobs_pass_one_that_does_not_fit_until_it_is_starved() {
    let mut world = World::new(policy());
    world.add(cpu(4));
    for n in 1..=300 {
        world.queue(
            job(n, 0),
            Plan {
                splittable: false,
                ..plan(3)
            },
        );
    }
    let mut large = job(999, 0);
    large.prepare = Demand::cpu_only(cores(4));
    large.priority = 60;
    world.queue(large, plan(1));
    world.run_until(19_000);
    assert!(world.sessions(id(999)).is_empty());
    world.run_until(40_000);
    assert!(world.jobs[&id(999)].planned, "a device was kept for it");
}

#[test]
fn a_shared_worker_takes_so_many_sessions_and_stays_when_idle() {
    let mut world = World::new(policy());
    world.add(gpu("gpu", 6));
    let mut workers = Vec::new();
    for n in 1..=6 {
        let mut entry = job(n, 0);
        entry.prepare = anywhere(1);
        let actions = world.queue(entry, plan(1));
        workers.push(starts(&actions)[0].worker);
    }
    assert!(workers[..4].iter().all(|slot| *slot == workers[0]));
    assert!(workers[4] == workers[5] && workers[4] != workers[0]);
    for n in 1..=6 {
        world.cancel(id(n));
    }
    world.run_until(1_000);
    let closed = world
        .log
        .iter()
        .filter(|(_, a)| matches!(a, Action::CloseWorker(_)));
    assert_eq!(closed.count(), 1, "one idle worker is kept");
    let mut entry = job(7, 0);
    entry.prepare = anywhere(1);
    let again = starts(&world.queue(entry, plan(1)))[0].worker;
    assert!(workers.contains(&again));
}

#[test]
fn what_runs_on_a_removed_device_goes_on_elsewhere() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.add(gpu("gpu", 1));
    let encode = anywhere(1);
    let whole = Plan {
        encode,
        splittable: false,
        ..plan(10)
    };
    world.queue(job(1, 0), whole);
    world.run_until(5_500);
    assert_eq!(&*world.sessions(id(1))[0].start.device, "gpu");
    let done = world.jobs[&id(1)].published.len();
    let actions = world.remove("gpu");
    assert!(matches!(actions[0], Action::Stop { .. }));
    assert_eq!(&*world.sessions(id(1))[0].start.device, "cpu");
    assert_eq!(world.sessions(id(1))[0].todo.len(), 10 - done);
    world.run_until(60_000);
    assert!(world.end_of(id(1)).is_some());
    assert!(world.tell(Input::Tick).is_empty());
}
