//! The circuit breaker.

use newsreel_model::{Class, Code};
use newsreel_scheduler::{Action, Plan};

use crate::sim::check::End;
use crate::sim::world::World;
use crate::sim::{anywhere, cpu, gpu, id, job, plan, policy};

fn told(world: &World, wanted: fn(&Action) -> bool) -> Vec<u64> {
    let of = world.log.iter().filter(|(_, action)| wanted(action));
    of.map(|(at, _)| *at).collect()
}

fn whole() -> Plan {
    Plan {
        encode: anywhere(1),
        splittable: false,
        ..plan(10)
    }
}

/// A GPU that fails everything, a CPU that does not, and some jobs.
fn with_a_broken_gpu(jobs: u64) -> World {
    let mut world = World::new(policy());
    world.add(cpu(16));
    world.add(gpu("gpu", 4));
    world.broken.insert("gpu".into());
    for n in 1..=jobs {
        world.queue(job(n, 0), whole());
    }
    world
}

#[test]
fn a_device_that_fails_different_jobs_is_quarantined_tested_and_restored() {
    let mut world = with_a_broken_gpu(6);
    world.run_until(40_000);
    let quarantined = told(&world, |a| matches!(a, Action::Quarantine(_)));
    assert_eq!(quarantined.len(), 1);
    let mut devices = world.scheduler.devices();
    assert!(devices.any(|d| &*d.id == "gpu" && d.quarantined));
    drop(devices);
    let tests = told(&world, |a| matches!(a, Action::SelfTest(_)));
    // 5 s, then 10 s, then 20 s: each failed test doubles the wait.
    let from = quarantined[0];
    assert_eq!(tests, [from + 5_000, from + 15_000, from + 35_000]);
    world.broken.clear();
    world.run_until(100_000);
    assert_eq!(told(&world, |a| matches!(a, Action::Restore(_))).len(), 1);
    assert!((1..=6).all(|n| world.end_of(id(n)) == Some(End::Complete)));
    world.queue(job(9, 0), whole());
    world.run_until(104_000);
    let sessions = world.sessions(id(9));
    assert!(sessions.iter().any(|r| &*r.start.device == "gpu"));
}

#[test]
fn one_job_that_fails_again_and_again_says_nothing_about_the_device() {
    let mut world = with_a_broken_gpu(1);
    world.run_until(60_000);
    assert!(told(&world, |a| matches!(a, Action::Quarantine(_))).is_empty());
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}

#[test]
fn the_only_device_is_never_quarantined_it_rests() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    for n in 1..=4 {
        world.queue(job(n, 0), plan(1));
    }
    for n in 1..=3 {
        let epoch = world.sessions(id(n))[0].start.epoch;
        world.fail(epoch, Class::FallBack, Code::EngineFailed);
    }
    assert!(told(&world, |a| matches!(a, Action::Quarantine(_))).is_empty());
    assert!(world.running.is_empty());
    assert_eq!(world.wake_at_ms, Some(policy().backoff_base_ms));
    world.run_until(60_000);
    assert_eq!(world.end_of(id(4)), Some(End::Complete));
}

#[test]
fn jobs_are_not_blamed_for_workers_that_a_bad_device_kills() {
    let mut world = World::new(policy());
    world.add(cpu(16));
    let mut device = gpu("gpu", 4);
    device.sessions_per_worker = 1;
    world.add(device);
    for n in 1..=4 {
        world.queue(job(n, 0), whole());
    }
    for _ in 0..3 {
        world.run_until(world.at_ms + 3_500);
        let on_gpu = world.running.values().filter(|r| &*r.start.device == "gpu");
        let slots: Vec<_> = on_gpu.map(|r| r.start.worker).collect();
        for slot in slots {
            world.kill(slot, None);
        }
    }
    world.run_until(200_000);
    assert_eq!(
        told(&world, |a| matches!(a, Action::Quarantine(_))).len(),
        1
    );
    assert!((1..=4).all(|n| world.end_of(id(n)) == Some(End::Complete)));
}
