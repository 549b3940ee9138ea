//! How breaking news gets its place, and what becomes of who gave it.

use newsreel_model::JobId;
use newsreel_scheduler::{Action, CutAt, Demand, Input, JobEntry, Plan, Policy};

use crate::sim::check::End;
use crate::sim::world::World;
use crate::sim::{cores, cpu, id, job, plan, policy};

fn breaking(number: u64, at_ms: u64) -> JobEntry {
    JobEntry {
        priority: 90,
        ..job(number, at_ms)
    }
}

/// A breaking job that needs two cores at once.
fn wide(number: u64, at_ms: u64) -> JobEntry {
    JobEntry {
        prepare: Demand::cpu_only(cores(2)),
        ..breaking(number, at_ms)
    }
}

fn cuts(world: &World) -> Vec<u64> {
    let cuts = world.log.iter().filter_map(|(at, action)| {
        let next = matches!(
            action,
            Action::Cut {
                at: CutAt::NextLine,
                ..
            }
        );
        next.then_some(*at)
    });
    cuts.collect()
}

/// One core, and a long job that encodes on it.
fn busy() -> World {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(50));
    world.run_until(10_500);
    assert_eq!(world.sessions(id(1)).len(), 1);
    world
}

fn done(world: &World, job: JobId) -> usize {
    world.jobs[&job].published.len()
}

#[test]
fn breaking_news_takes_the_place_at_the_next_line_and_the_other_goes_on_where_it_stopped() {
    let mut world = busy();
    let before = done(&world, id(1));
    world.queue(breaking(2, 10_500), plan(2));
    assert_eq!(cuts(&world), [10_500]);
    world.run_until(11_000);
    assert_eq!(
        done(&world, id(1)),
        before + 1,
        "the segment it was in is kept"
    );
    assert_eq!(world.sessions(id(2)).len(), 1);
    assert_eq!(world.jobs[&id(1)].preempted, [11_000]);
    world.run_until(200_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
    assert!(world.jobs[&id(2)].ended_ms < 20_000);
}

#[test]
fn priority_below_the_band_preempts_nobody() {
    let mut world = busy();
    world.queue(
        JobEntry {
            priority: 89,
            ..job(2, 10_500)
        },
        plan(2),
    );
    world.run_until(20_000);
    assert!(cuts(&world).is_empty());
}

#[test]
fn equal_priority_preempts_nobody_but_higher_does() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(breaking(1, 0), plan(50));
    world.run_until(10_500);
    world.queue(breaking(2, 10_500), plan(2));
    assert!(cuts(&world).is_empty());
    world.queue(
        JobEntry {
            priority: 100,
            ..job(3, 10_500)
        },
        plan(2),
    );
    assert_eq!(cuts(&world), [10_500]);
}

#[test]
fn a_session_runs_for_a_while_before_it_is_preempted() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(50));
    world.run_until(2_100);
    let began = world.sessions(id(1))[0].started_ms;
    world.queue(breaking(2, 2_100), plan(2));
    assert!(cuts(&world).is_empty());
    world.run_until(20_000);
    assert_eq!(cuts(&world), [began + policy().min_run_ms]);
}

#[test]
fn a_job_is_left_alone_for_a_while_after_a_preemption() {
    let mut world = busy();
    for n in 0..40 {
        world.queue(breaking(100 + n, world.at_ms), plan(1));
        world.run_until(11_000 + n * 3_000);
    }
    let cuts = cuts(&world);
    assert!(cuts.len() > 2, "{cuts:?}");
    let mut gaps = cuts.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.all(|gap| gap >= policy().preempt_gap_ms), "{cuts:?}");
}

#[test]
fn only_as_many_are_cut_as_are_needed_and_the_lowest_first() {
    let mut world = World::new(policy());
    world.add(cpu(4));
    for n in 1..=4 {
        let priority = 40 + u8::try_from(n).unwrap();
        world.queue(
            JobEntry {
                priority,
                ..job(n, 0)
            },
            plan(50),
        );
    }
    world.run_until(10_500);
    world.queue(wide(9, 10_500), plan(1));
    world.run_until(11_000);
    assert_eq!(world.sessions(id(9)).len(), 1);
    let left = [1, 2, 3, 4].map(|n| world.sessions(id(n)).is_empty());
    assert_eq!(left, [true, true, false, false]);
}

#[test]
fn what_a_preemption_frees_goes_to_nobody_else() {
    let mut world = World::new(policy());
    world.add(cpu(2));
    for n in 1..=2 {
        world.queue(job(n, 0), plan(50));
    }
    world.run_until(10_500);
    for n in 3..=20 {
        world.queue(
            JobEntry {
                priority: 89,
                ..job(n, 10_500)
            },
            plan(1),
        );
    }
    world.queue(wide(99, 10_500), plan(1));
    assert_eq!(cuts(&world).len(), 2);
    world.run_until(11_000);
    assert_eq!(world.sessions(id(99)).len(), 1);
    assert_eq!(world.running.len(), 1);
}

#[test]
fn the_place_goes_back_when_the_breaking_job_is_cancelled_first() {
    let mut world = busy();
    world.queue(breaking(2, 10_500), plan(2));
    world.cancel(id(2));
    world.run_until(11_500);
    assert_eq!(world.sessions(id(1)).len(), 1);
    world.run_until(100_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}

#[test]
fn a_whole_job_is_preempted_too_and_stays_in_one_session() {
    let mut world = World::new(policy());
    world.add(cpu(2));
    world.queue(
        job(1, 0),
        Plan {
            splittable: false,
            ..plan(20)
        },
    );
    world.run_until(10_500);
    assert_eq!(
        world.sessions(id(1)).len(),
        1,
        "an idle core, but the job is one run"
    );
    for n in 2..=3 {
        world.queue(breaking(n, 10_500), plan(3));
    }
    world.run_until(12_000);
    assert!(world.sessions(id(1)).is_empty());
    world.run_until(100_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
    assert!(world.tell(Input::Tick).is_empty());
}

#[test]
fn a_job_that_becomes_breaking_news_takes_a_place_and_one_that_was_can_lose_it() {
    let mut world = busy();
    world.queue(job(2, 10_500), plan(50));
    world.run_until(12_000);
    assert_eq!(cuts(&world), [0_u64; 0], "it waits like any other");
    let tell = |world: &mut World, number, priority| {
        let job = id(number);
        world.tell(Input::JobPrioritised { job, priority });
    };
    tell(&mut world, 2, 95);
    assert_eq!(cuts(&world), [12_000]);
    world.run_until(25_000);
    assert_eq!(world.sessions(id(2)).len(), 1);
    // It encodes by now; what has run for its least time gives way in turn once it is ordinary again.
    tell(&mut world, 2, 10);
    tell(&mut world, 1, 90);
    world.run_until(30_000);
    assert_eq!(cuts(&world).len(), 2);
    world.run_until(400_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
    assert_eq!(world.end_of(id(2)), Some(End::Complete));
    tell(&mut world, 1, 90);
}

#[test]
fn what_is_breaking_news_can_be_said_anew_while_jobs_run() {
    let mut world = busy();
    let entry = JobEntry {
        priority: 60,
        ..job(2, 10_500)
    };
    world.queue(entry, plan(2));
    world.run_until(12_000);
    assert_eq!(cuts(&world), [0_u64; 0], "60 is not breaking yet");
    world.tell(Input::Policy(Policy {
        breaking_priority: 60,
        ..policy()
    }));
    assert_eq!(cuts(&world), [12_000]);
    world.run_until(200_000);
    assert_eq!(world.end_of(id(2)), Some(End::Complete));
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}
