//! Invariants over random histories. The simulated daemon checks what must hold at every moment; here is what must hold in the end.

use std::sync::Arc;

use newsreel_model::spec::Fallback;
use newsreel_model::{Class, Code};
use newsreel_scheduler::{Action, Demand, Epoch, Input, JobEntry, Plan, Policy};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::sim::check::End;
use crate::sim::world::World;
use crate::sim::{anywhere, cores, cpu, gpu, id, job, now, plan, policy};

/// A job of random size and place. `shape` picks its fallback, what it needs, and whether it can be split.
#[derive(Clone, Debug)]
struct Wish {
    priority: u8,
    tenant: u8,
    segments: usize,
    shape: u8,
    deadline: Option<u64>,
    killer: bool,
}

/// Something that happens. What names a session or a job picks one of those there are, if there are so many.
#[derive(Clone, Debug)]
enum Op {
    Queue(Wish),
    Pass(u64),
    Cancel(usize),
    Fail(usize, Class),
    Kill(usize, bool),
    Break(u8),
    Mend,
    Remove(u8),
    Add(u8, u64),
    Disk(u64),
    Policy(u8, u64),
    Prioritise(usize, u8),
    Stale(u64),
}

fn wish() -> impl Strategy<Value = Wish> {
    let deadline = prop::option::of(0..100_000_u64);
    let parts = (
        0..=100_u8,
        0..3_u8,
        0..30_usize,
        0..5_u8,
        deadline,
        0..12_u8,
    );
    parts.prop_map(
        |(priority, tenant, segments, shape, deadline, killer)| Wish {
            priority,
            tenant,
            segments,
            shape,
            deadline,
            killer: killer == 0,
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let class = prop_oneof![
        4 => Just(Class::Retry),
        4 => Just(Class::FallBack),
        1 => Just(Class::Reject),
        1 => Just(Class::Bug)
    ];
    prop_oneof![
        8 => wish().prop_map(Op::Queue),
        12 => (1..8_000_u64).prop_map(Op::Pass),
        1 => (0..20_usize).prop_map(Op::Cancel),
        2 => (0..20_usize, class).prop_map(|(at, class)| Op::Fail(at, class)),
        1 => (0..20_usize, any::<bool>()).prop_map(|(at, hint)| Op::Kill(at, hint)),
        1 => (0..3_u8).prop_map(Op::Break),
        1 => Just(Op::Mend),
        1 => (0..3_u8).prop_map(Op::Remove),
        2 => (0..3_u8, 1..6_u64).prop_map(|(which, size)| Op::Add(which, size)),
        1 => (50..=100_u8, 0..3_000_u64).prop_map(|(breaking, reserve)| Op::Policy(breaking, reserve)),
        1 => (0..20_usize, 0..=100_u8).prop_map(|(at, priority)| Op::Prioritise(at, priority)),
        1 => (0..8_000_u64).prop_map(Op::Disk),
        1 => (0..40_u64).prop_map(Op::Stale),
    ]
}

fn name(which: u8) -> &'static str {
    ["cpu", "gpu-a", "gpu-b"][usize::from(which)]
}

/// Adds a device, or makes it larger: one that shrinks under what runs is overfull through nobody's decision.
fn add(world: &mut World, which: u8, size: u64) {
    let had = world.devices.get(name(which)).map_or(0, |(capacity, _)| {
        capacity
            .encoder_sessions
            .max(capacity.cpu_millicores / 1_000)
    });
    let size = size.max(had);
    world.add(match which {
        0 => cpu(size),
        _ => gpu(name(which), size),
    });
}

fn queue(world: &mut World, number: u64, wish: &Wish) {
    let shape = wish.shape;
    let mut entry = JobEntry {
        priority: wish.priority,
        tenant: Arc::from(format!("tenant-{}", wish.tenant)),
        deadline: wish.deadline.map(|ms| now(ms).wall),
        fallback: [Fallback::Any, Fallback::Gpu, Fallback::Never][usize::from(shape % 3)],
        disk_bytes: 100,
        ..job(number, world.at_ms)
    };
    let mut plan = Plan {
        encode: anywhere(2),
        splittable: shape % 4 != 1,
        disk_bytes: 150,
        ..plan(wish.segments)
    };
    if shape.is_multiple_of(2) {
        entry.prepare = anywhere(1);
    } else {
        entry.prepare = Demand::cpu_only(cores(2));
    }
    if shape == 4 {
        plan.encode = Demand::cpu_only(cores(9));
    }
    if wish.killer {
        world.killers.insert(id(number), wish.segments / 2);
    }
    world.queue(entry, plan);
}

fn apply(world: &mut World, number: u64, op: &Op) {
    match op {
        Op::Queue(wish) => queue(world, number, wish),
        Op::Pass(ms) => world.run_until(world.at_ms + ms),
        Op::Cancel(at) => {
            if let Some(job) = world.jobs.keys().nth(*at).copied() {
                world.cancel(job);
            }
        }
        Op::Fail(at, class) => {
            let code = match class {
                Class::Retry => Code::StoreFailed,
                Class::FallBack => Code::EngineFailed,
                Class::Reject => Code::InputUnreadable,
                Class::Bug => Code::Internal,
            };
            if let Some(epoch) = world.running.keys().nth(*at).copied() {
                world.fail(epoch, *class, code);
            }
        }
        Op::Kill(at, hint) => {
            let session = world.running.values().nth(*at);
            if let Some((slot, epoch)) = session.map(|r| (r.start.worker, r.start.epoch)) {
                world.kill(slot, hint.then_some(epoch));
            }
        }
        Op::Break(which) => {
            world.broken.insert(name(*which).into());
        }
        Op::Mend => world.broken.clear(),
        Op::Remove(which) => {
            world.remove(name(*which));
        }
        Op::Add(which, size) => add(world, *which, *size),
        Op::Policy(breaking_priority, disk_reserve_bytes) => {
            world.tell(Input::Policy(Policy {
                breaking_priority: *breaking_priority,
                disk_reserve_bytes: *disk_reserve_bytes,
                ..policy()
            }));
        }
        Op::Prioritise(at, priority) => {
            if let Some(job) = world.jobs.keys().nth(*at).copied() {
                let priority = *priority;
                world.tell(Input::JobPrioritised { job, priority });
            }
        }
        Op::Disk(bytes) => {
            world.tell(Input::DiskFree(*bytes));
        }
        Op::Stale(number) => {
            let epoch = Epoch((7 << 32) + number);
            if !world.running.contains_key(&epoch) {
                let stale = Input::SegmentDone { epoch, segment: 0 };
                assert!(world.tell(stale).is_empty());
            }
        }
    }
}

fn play(ops: &[Op]) -> World {
    let mut world = World::new(policy());
    add(&mut world, 0, 4);
    add(&mut world, 1, 3);
    for (number, op) in (0..).zip(ops) {
        apply(&mut world, number, op);
    }
    no_thrash(&world);
    world
}

/// No job is preempted more often than its gap allows (the sessions of one decision end within a segment).
fn no_thrash(world: &World) {
    for (job, record) in &world.jobs {
        let gap = policy().preempt_gap_ms - world.segment_ms;
        let mut between = record.preempted.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(between.all(|ms| ms >= gap), "{job}: {:?}", record.preempted);
    }
}

/// With everything repaired, every job comes to an end of its own.
fn settle(world: &mut World) {
    world.broken.clear();
    for which in 0..3 {
        add(world, which, 4);
    }
    world.tell(Input::DiskFree(1 << 40));
    world.run_until(world.at_ms + 40_000_000);
    for (job, record) in &world.jobs {
        assert!(record.end.is_some(), "{job} was lost: {record:?}");
        assert!(!world.scheduler.knows(*job), "{job} is still known");
    }
    assert!(world.running.is_empty());
    assert!(world.scheduler.devices().all(|device| device.sessions == 0));
}

fn config(quick: u32, soak: u32) -> ProptestConfig {
    let soaks = std::env::var("NEWSREEL_TIER").is_ok_and(|tier| tier == "soak");
    ProptestConfig {
        cases: if soaks { soak } else { quick },
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(400, 20_000))]

    #[test]
    fn no_job_is_lost_whatever_happens(ops in prop::collection::vec(op(), 1..80)) {
        let mut world = play(&ops);
        settle(&mut world);
        no_thrash(&world);
    }

    #[test]
    fn the_same_history_gives_the_same_decisions(ops in prop::collection::vec(op(), 1..40)) {
        prop_assert_eq!(play(&ops).log, play(&ops).log);
    }

    #[test]
    fn a_drain_ends_whatever_runs(ops in prop::collection::vec(op(), 1..60)) {
        let mut world = play(&ops);
        world.tell(Input::Drain);
        // No session does more than the segment it is in, a Prepare its two steps.
        world.run_until(world.at_ms + 3 * world.segment_ms);
        prop_assert!(world.running.is_empty());
        let drained = world.log.iter().filter(|(_, a)| *a == Action::Drained);
        prop_assert_eq!(drained.count(), 1);
    }
}

proptest! {
    #![proptest_config(config(50, 2_000))]

    #[test]
    fn bulk_goes_on_under_an_endless_breaking_stream(
        sizes in prop::collection::vec((0..30_usize, 1..4_u64), 1..8),
        stream in prop::collection::vec((1..6_usize, 90..=100_u8), 20..40),
    ) {
        let mut world = World::new(policy());
        add(&mut world, 0, 4);
        let mut bulk = Vec::new();
        for (number, (segments, wide)) in (0..).zip(&sizes) {
            let encode = Demand::cpu_only(cores(*wide));
            world.queue(job(number, 0), Plan { encode, ..plan(*segments) });
            bulk.push(id(number));
        }
        for (number, (segments, priority)) in (1_000..).zip(stream.iter().cycle()) {
            if bulk.iter().all(|job| world.end_of(*job).is_some()) {
                break;
            }
            let entry = JobEntry { priority: *priority, ..job(number, world.at_ms) };
            world.queue(entry, plan(*segments));
            world.run_until(world.at_ms + 500);
            prop_assert!(world.at_ms < 10_000_000, "bulk is starved");
        }
        no_thrash(&world);
        prop_assert!(bulk.iter().all(|job| world.end_of(*job) == Some(End::Complete)));
    }
}
