//! One job over many devices, and when not.

use std::ops::Range;

use newsreel_model::{Class, Code};
use newsreel_scheduler::{Action, CutAt, Demand, Plan, Task};

use crate::sim::check::End;
use crate::sim::world::World;
use crate::sim::{anywhere, cpu, gpu, id, job, plan, policy};

/// From the first to past the last segment that each of a job's sessions still has to make.
fn ranges(world: &World, number: u64) -> Vec<(usize, usize)> {
    let sessions = world.sessions(id(number));
    let encoding = sessions.iter().filter(|r| !r.todo.is_empty());
    let mut ranges: Vec<(usize, usize)> = encoding
        .map(|r| (r.todo[0], r.todo[r.todo.len() - 1] + 1))
        .collect();
    ranges.sort_unstable();
    ranges
}

/// The ranges with which Encode sessions began.
fn runs(world: &World) -> Vec<Range<usize>> {
    let starts = world.log.iter().filter_map(|(_, action)| match action {
        Action::Start(start) => Some(&start.task),
        _ => None,
    });
    let encodes = starts.filter_map(|task| match task {
        Task::Encode { segments } => Some(segments.clone()),
        _ => None,
    });
    encodes.collect()
}

#[test]
fn a_lone_job_is_split_over_all_cores_at_once_without_cuts() {
    let mut world = World::new(policy());
    world.add(cpu(5));
    world.queue(job(1, 0), plan(40));
    world.run_until(1_000);
    // Its Prepare still has a core.
    assert_eq!(ranges(&world, 1), [(0, 10), (10, 20), (20, 30), (30, 40)]);
    assert!(
        !world
            .log
            .iter()
            .any(|(_, a)| matches!(a, Action::Cut { .. }))
    );
}

#[test]
fn runs_are_not_shorter_than_worth_while() {
    let mut world = World::new(policy());
    world.add(cpu(64));
    world.queue(job(1, 0), plan(9));
    world.run_until(1_500);
    let ranges = ranges(&world, 1);
    assert_eq!(ranges.len(), 4);
    assert!(
        ranges.iter().all(|(first, end)| end - first >= 2),
        "{ranges:?}"
    );
}

#[test]
fn an_idle_device_takes_the_second_half_of_a_running_run() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(20));
    world.run_until(6_500);
    let done = world.jobs[&id(1)].published.len();
    world.add(cpu(2));
    let line = done + (20 - done) / 2;
    let cut = world.log.iter().find_map(|(_, action)| match action {
        Action::Cut {
            at: CutAt::Before(line),
            ..
        } => Some(*line),
        _ => None,
    });
    assert_eq!(cut, Some(line));
    assert_eq!(ranges(&world, 1), [(done, line), (line, 20)]);
    // Of a session that hears of its cut too late, nothing counts that is another's now.
    let owners = |segment| {
        let sessions = world.running.keys();
        let owning = sessions.filter(|epoch| world.scheduler.may_publish(**epoch, segment));
        owning.count()
    };
    assert!((done..20).all(|segment| owners(segment) == 1));
    world.run_until(60_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}

#[test]
fn a_job_is_not_split_while_others_wait_for_the_same_kind_of_device() {
    let mut world = World::new(policy());
    world.add(cpu(4));
    for n in 1..=8 {
        world.queue(job(n, 0), plan(40));
    }
    world.run_until(20_500);
    assert!((1..=8).all(|n| world.sessions(id(n)).len() <= 1));
    assert_eq!(world.running.len(), 4);
}

#[test]
fn a_job_spreads_over_gpus_while_others_wait_for_the_cpu() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.add(gpu("gpu", 4));
    let encode = Demand {
        cpu: None,
        ..anywhere(1)
    };
    world.queue(job(1, 0), Plan { encode, ..plan(40) });
    world.run_until(3_500);
    for n in 2..=9 {
        world.queue(job(n, 0), plan(40));
    }
    assert_eq!(ranges(&world, 1).len(), 4);
}

#[test]
fn holes_left_by_an_earlier_life_are_filled_and_long_finished_stretches_are_not_decoded() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    let mut holes = plan(40);
    holes.missing.retain(|s| [1, 2, 4, 30].contains(&s.index));
    let record = world.jobs.entry(id(1)).or_default();
    record.published = (0..40).filter(|s| ![1, 2, 4, 30].contains(s)).collect();
    world.queue(job(1, 0), holes);
    world.jobs.get_mut(&id(1)).unwrap().segments = 40;
    world.run_until(60_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
    assert_eq!(runs(&world), [1..5, 30..31]);
}

#[test]
fn what_a_failed_session_leaves_is_taken_up_without_the_part_of_another() {
    let mut world = World::new(policy());
    world.add(cpu(3));
    world.queue(job(1, 0), plan(12));
    world.run_until(1_500);
    assert_eq!(ranges(&world, 1), [(0, 6), (6, 12)]);
    let sessions = world.sessions(id(1));
    let first = sessions.iter().find(|r| r.todo.first() == Some(&0));
    let epoch = first.unwrap().start.epoch;
    world.fail(epoch, Class::Retry, Code::StoreFailed);
    world.run_until(60_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
    // By then its Prepare is over, and two cores are idle.
    assert_eq!(runs(&world)[2..4], [0..3, 3..6]);
}

#[test]
fn a_job_with_nothing_missing_goes_straight_to_its_finish() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(0));
    world.run_until(5_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}
