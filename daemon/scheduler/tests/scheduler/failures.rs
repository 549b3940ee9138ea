//! What follows from each class of failure.

use newsreel_model::spec::Fallback;
use newsreel_model::{Class, Code, JobId};
use newsreel_scheduler::{Action, Epoch, Input, JobEntry, Outcome, Plan};

use crate::sim::check::End;
use crate::sim::world::World;
use crate::sim::{anywhere, cpu, gpu, id, job, plan, policy};

fn session(world: &World, job: JobId) -> (Epoch, String) {
    let sessions = world.sessions(job);
    assert_eq!(sessions.len(), 1);
    let start = &sessions[0].start;
    (start.epoch, start.device.to_string())
}

/// A job that encodes on one of two GPUs, in one session.
fn on_a_gpu(fallback: Fallback) -> World {
    let mut world = World::new(policy());
    world.add(cpu(4));
    world.add(gpu("gpu-a", 1));
    world.add(gpu("gpu-b", 1));
    let whole = Plan {
        encode: anywhere(1),
        splittable: false,
        ..plan(10)
    };
    world.queue(
        JobEntry {
            fallback,
            ..job(1, 0)
        },
        whole,
    );
    world.run_until(4_500);
    assert_eq!(session(&world, id(1)).1, "gpu-a");
    world
}

fn break_down(world: &mut World) -> Vec<Action> {
    let (epoch, _) = session(world, id(1));
    world.fail(epoch, Class::FallBack, Code::EngineFailed)
}

#[test]
fn a_retried_failure_pauses_longer_each_time_and_is_counted() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(1));
    let mut pauses = Vec::new();
    while world.end_of(id(1)).is_none() {
        let (epoch, _) = session(&world, id(1));
        world.fail(epoch, Class::Retry, Code::StoreFailed);
        if let Some(at) = world.wake_at_ms {
            pauses.push(at - world.at_ms);
            world.run_until(at);
        }
    }
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000]);
    assert_eq!(world.end_of(id(1)), Some(End::Failed(Code::StoreFailed)));
    assert!(!world.scheduler.knows(id(1)));
}

#[test]
fn what_others_were_quicker_for_is_tried_many_times_and_not_for_ever() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(1));
    let mut refusals = 0;
    while world.end_of(id(1)).is_none() {
        let (epoch, _) = session(&world, id(1));
        world.fail(epoch, Class::Retry, Code::EncoderSessionsExhausted);
        refusals += 1;
        if let Some(at) = world.wake_at_ms {
            world.run_until(at);
        }
    }
    assert_eq!(refusals, policy().max_refusals);
    let end = End::Failed(Code::EncoderSessionsExhausted);
    assert_eq!(world.end_of(id(1)), Some(end));
}

#[test]
fn progress_forgives_earlier_failures() {
    let mut world = World::new(policy());
    world.add(cpu(1));
    world.queue(job(1, 0), plan(30));
    for _ in 0..20 {
        world.run_until(world.at_ms + 11_000);
        if world.end_of(id(1)).is_none() {
            let epoch = world.sessions(id(1))[0].start.epoch;
            world.fail(epoch, Class::Retry, Code::DiskFull);
        }
    }
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}

#[test]
fn a_rejected_input_fails_at_once_and_its_other_sessions_are_stopped() {
    let mut world = World::new(policy());
    world.add(cpu(3));
    world.queue(job(1, 0), plan(20));
    world.run_until(4_500);
    let epoch = world.sessions(id(1))[0].start.epoch;
    let actions = world.fail(epoch, Class::Reject, Code::InputUnreadable);
    let stops = actions.iter().filter(|a| matches!(a, Action::Stop { .. }));
    assert_eq!(stops.count(), 2);
    assert_eq!(
        world.end_of(id(1)),
        Some(End::Failed(Code::InputUnreadable))
    );
    world.run_until(10_000);
    assert!(world.running.is_empty() && !world.scheduler.knows(id(1)));
}

#[test]
fn a_failed_device_is_left_for_another_gpu_then_for_the_cpu() {
    let mut world = on_a_gpu(Fallback::Any);
    let done = world.jobs[&id(1)].published.len();
    let actions = break_down(&mut world);
    let fell = Action::FellBack {
        job: id(1),
        from: "gpu-a".into(),
        code: Code::EngineFailed,
    };
    assert!(actions.contains(&fell));
    assert_eq!(session(&world, id(1)).1, "gpu-b");
    break_down(&mut world);
    assert_eq!(session(&world, id(1)).1, "cpu");
    assert_eq!(world.sessions(id(1))[0].todo.len(), 10 - done);
    world.run_until(60_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}

#[test]
fn when_no_device_is_left_the_job_fails_with_the_devices_code() {
    let mut world = on_a_gpu(Fallback::Any);
    for _ in 0..3 {
        break_down(&mut world);
    }
    assert_eq!(world.end_of(id(1)), Some(End::Failed(Code::EngineFailed)));
}

#[test]
fn fallback_gpu_does_not_go_to_the_cpu_and_never_goes_nowhere() {
    let mut world = on_a_gpu(Fallback::Gpu);
    break_down(&mut world);
    assert_eq!(session(&world, id(1)).1, "gpu-b");
    break_down(&mut world);
    assert_eq!(world.end_of(id(1)), Some(End::Failed(Code::EngineFailed)));
    let mut world = on_a_gpu(Fallback::Never);
    break_down(&mut world);
    assert_eq!(world.end_of(id(1)), Some(End::Failed(Code::EngineFailed)));
}

#[test]
fn a_job_that_waits_for_the_last_device_left_fails_when_that_is_removed() {
    let mut world = on_a_gpu(Fallback::Gpu);
    let whole = Plan {
        encode: anywhere(1),
        splittable: false,
        ..plan(50)
    };
    world.queue(job(2, 0), whole);
    world.run_until(8_500);
    break_down(&mut world);
    assert!(world.sessions(id(1)).is_empty(), "gpu-b is taken");
    world.remove("gpu-b");
    assert_eq!(world.end_of(id(1)), Some(End::Failed(Code::EngineFailed)));
}

#[test]
fn our_own_bug_is_tried_once_more_elsewhere() {
    let mut world = on_a_gpu(Fallback::Never);
    let (epoch, _) = session(&world, id(1));
    world.fail(epoch, Class::Bug, Code::Internal);
    assert_eq!(session(&world, id(1)).1, "gpu-b");
    let (epoch, _) = session(&world, id(1));
    world.fail(epoch, Class::Bug, Code::Internal);
    assert_eq!(world.end_of(id(1)), Some(End::Failed(Code::Internal)));
}

#[test]
fn a_session_that_claims_to_be_done_but_is_not_is_a_bug() {
    for outcome in [Outcome::Done, Outcome::Cut] {
        let mut world = on_a_gpu(Fallback::Any);
        for _ in 0..2 {
            let (epoch, _) = session(&world, id(1));
            world.ended(epoch, outcome);
        }
        assert_eq!(world.end_of(id(1)), Some(End::Failed(Code::Internal)));
    }
}

#[test]
fn whatever_comes_from_an_earlier_epoch_is_ignored() {
    let mut world = on_a_gpu(Fallback::Any);
    let (old, _) = session(&world, id(1));
    break_down(&mut world);
    let before = world.jobs[&id(1)].published.clone();
    let segment = world.sessions(id(1))[0].todo[0];
    assert!(!world.scheduler.may_publish(old, segment));
    assert!(!world.scheduler.is_current(old));
    let outcome = Outcome::Done;
    for input in [
        Input::SegmentDone {
            epoch: old,
            segment,
        },
        Input::SessionEnded {
            epoch: old,
            outcome,
        },
        Input::JobPlanned {
            epoch: old,
            plan: plan(3),
        },
    ] {
        assert!(world.tell(input).is_empty());
    }
    assert_eq!(world.jobs[&id(1)].published, before);
    world.run_until(60_000);
    assert_eq!(world.end_of(id(1)), Some(End::Complete));
}

#[test]
fn a_cancelled_job_publishes_nothing_more() {
    let mut world = on_a_gpu(Fallback::Any);
    let (epoch, _) = session(&world, id(1));
    let segment = world.sessions(id(1))[0].todo[0];
    assert!(world.scheduler.may_publish(epoch, segment));
    world.cancel(id(1));
    assert!(!world.scheduler.may_publish(epoch, segment));
}
