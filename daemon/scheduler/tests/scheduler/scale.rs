//! Thousands of devices and ten thousand jobs: an input must not cost a look at everything.

use std::time::Instant;

use newsreel_scheduler::{Epoch, Input, JobEntry, Outcome, Plan};

use crate::sim::world::World;
use crate::sim::{anywhere, gpu, id, job, now, plan, policy};

#[test]
fn ten_thousand_jobs_on_two_thousand_devices() {
    let mut world = World::new(policy());
    for n in 0..2_000 {
        world.add(gpu(&format!("gpu-{n:04}"), 2));
    }
    let demand = anywhere(1);
    let scheduler = &mut world.scheduler;
    let began = Instant::now();
    for n in 0..10_000 {
        let tenant = format!("tenant-{}", n % 10).into();
        let entry = JobEntry {
            prepare: demand,
            tenant,
            ..job(n, n)
        };
        scheduler.handle(now(n), Input::JobQueued(entry));
    }
    println!("10,000 jobs queued in {:?}", began.elapsed());
    // What the scheduler started is known by its epochs: end each, and see the next one begin.
    let began = Instant::now();
    let mut started = 0;
    for n in 1..=4_000 {
        let at = now(10_000 + n);
        let epoch = Epoch((7 << 32) + n);
        let plan = Plan {
            encode: demand,
            finish: demand,
            ..plan(8)
        };
        scheduler.handle(at, Input::JobPlanned { epoch, plan });
        let outcome = Outcome::Done;
        let answer = scheduler.handle(at, Input::SessionEnded { epoch, outcome });
        started += answer.actions.len();
    }
    println!("8,000 inputs in {:?}", began.elapsed());
    assert_eq!(started, 4_000);
    assert!(scheduler.knows(id(0)));
    // A hundred times what it takes, so that a busy machine does not fail it.
    assert!(began.elapsed().as_secs() < 20);
}
