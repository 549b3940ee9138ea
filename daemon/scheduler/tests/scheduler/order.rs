//! Who goes first.

use std::sync::Arc;

use newsreel_model::JobId;
use newsreel_scheduler::{Action, Input, JobEntry, Policy};

use crate::sim::world::World;
use crate::sim::{cpu, id, job, now, plan, policy};

/// The order in which jobs got their first session.
fn starts(world: &World) -> Vec<JobId> {
    let mut order = Vec::new();
    for (_, action) in &world.log {
        if let Action::Start(start) = action
            && !order.contains(&start.job)
        {
            order.push(start.job);
        }
    }
    order
}

/// The order of these jobs on one core.
fn order_of(entries: Vec<JobEntry>) -> Vec<JobId> {
    let mut world = World::new(policy());
    for entry in entries {
        world.queue(entry, plan(1));
    }
    let queued = world.scheduler.next_jobs(100);
    assert_eq!(queued.len(), 0, "without a device nobody is in line");
    world.add(cpu(1));
    world.run_until(100_000);
    starts(&world)
}

#[test]
fn breaking_first_then_deadlines_then_the_rest() {
    let breaking = JobEntry {
        priority: 90,
        ..job(4, 3)
    };
    let most_breaking = JobEntry {
        priority: 95,
        ..job(5, 4)
    };
    let soon = JobEntry {
        deadline: Some(now(50_000).wall),
        ..job(2, 1)
    };
    let sooner = JobEntry {
        deadline: Some(now(40_000).wall),
        ..job(3, 2)
    };
    let order = order_of(vec![job(1, 0), soon, sooner, breaking, most_breaking]);
    assert_eq!(order, [5, 4, 3, 2, 1].map(id));
}

#[test]
fn within_a_tenant_priority_goes_first_until_age_outweighs_it() {
    let point_ms = policy().ageing_ms_per_point;
    let young = JobEntry {
        priority: 51,
        ..job(2, point_ms - 1)
    };
    assert_eq!(order_of(vec![job(1, 0), young.clone()]), [2, 1].map(id));
    let younger = JobEntry {
        created_at: now(point_ms + 1).wall,
        ..young
    };
    assert_eq!(order_of(vec![job(1, 0), younger]), [1, 2].map(id));
}

#[test]
fn a_job_that_waits_finds_its_place_anew_when_its_priority_changes() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    for n in 1..=4 {
        world.queue(job(n, n), plan(2));
    }
    assert_eq!(world.scheduler.next_jobs(10), [2, 3, 4].map(id));
    let mut tell = |number, priority| {
        let job = id(number);
        world.tell(Input::JobPrioritised { job, priority });
        world.scheduler.next_jobs(10)
    };
    assert_eq!(tell(4, 60), [4, 2, 3].map(id));
    assert_eq!(tell(4, 0), [2, 3, 4].map(id));
    assert_eq!(tell(99, 100), [2, 3, 4].map(id), "there is no such job");
}

#[test]
fn tenants_take_turns_however_much_one_has_queued() {
    let mut entries: Vec<JobEntry> = (1..=6).map(|n| job(n, n)).collect();
    for n in 7..=8 {
        entries.push(JobEntry {
            tenant: Arc::from("sport"),
            ..job(n, n)
        });
    }
    let order = order_of(entries);
    let sport = |n: u64| order.iter().position(|job| *job == id(n)).unwrap();
    assert!(sport(7) <= 1 && sport(8) <= 3, "{order:?}");
}

#[test]
fn a_tenant_that_was_away_has_no_credit() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    for n in 1..=20 {
        world.queue(job(n, 0), plan(2));
    }
    world.run_until(30_000);
    for n in 21..=40 {
        let sport = JobEntry {
            tenant: Arc::from("sport"),
            ..job(n, 30_000)
        };
        world.queue(sport, plan(2));
    }
    world.log.clear();
    world.run_until(60_000);
    let sport = starts(&world).iter().filter(|job| **job >= id(21)).count();
    let news = starts(&world).len() - sport;
    assert!(sport.abs_diff(news) <= 2, "{sport} against {news}");
}

#[test]
fn the_limit_on_running_jobs_does_not_hold_back_breaking_ones() {
    let mut world = World::new(Policy {
        max_running_jobs: 2,
        ..policy()
    });
    world.add(cpu(8));
    for n in 1..=4 {
        world.queue(job(n, 0), plan(4));
    }
    assert_eq!(world.running.len(), 2);
    world.queue(
        JobEntry {
            priority: 90,
            ..job(5, 0)
        },
        plan(4),
    );
    assert_eq!(world.running.len(), 3);
    assert_eq!(world.scheduler.next_jobs(10), [3, 4].map(id));
}

#[test]
fn an_endless_breaking_stream_does_not_starve_the_rest() {
    let mut world = World::new(policy());
    world.add(cpu(2));
    world.queue(job(1, 0), plan(3));
    for step in 0..600 {
        let breaking = JobEntry {
            priority: 90,
            ..job(100 + step, step * 1_000)
        };
        world.queue(breaking, plan(4));
        world.run_until((step + 1) * 1_000);
    }
    assert!(world.end_of(id(1)).is_some(), "the bulk job was starved");
    let late = world.jobs[&id(1)].ended_ms;
    assert!(late > 20_000, "but it had to wait: {late}");
}

#[test]
fn a_job_queued_twice_is_one_job_and_a_forgotten_one_can_come_back() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(2));
    assert!(world.tell(Input::JobQueued(job(1, 0))).is_empty());
    world.cancel(id(1));
    // Its session still ends, so it begins anew only then.
    assert!(world.tell(Input::JobQueued(job(1, 0))).is_empty());
    world.jobs.get_mut(&id(1)).unwrap().end = None;
    world.run_until(20_000);
    assert!(world.end_of(id(1)).is_some());
}

#[test]
fn draining_cuts_what_runs_and_starts_nothing() {
    let mut world = World::new(policy());
    world.add(cpu(2));
    world.queue(job(1, 0), plan(100));
    world.queue(job(2, 0), plan(100));
    world.run_until(5_500);
    world.tell(Input::Drain);
    world.queue(job(3, 0), plan(1));
    world.run_until(60_000);
    assert!(world.running.is_empty());
    let drained = world.log.iter().filter(|(_, a)| *a == Action::Drained);
    assert_eq!(drained.map(|(at, _)| *at).collect::<Vec<_>>(), [6_000]);
}
