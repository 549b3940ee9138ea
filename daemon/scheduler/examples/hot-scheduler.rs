//! A hot path alone, for `scripts/guards` to count its instructions: one job ends and the next begins. Not here: an assertion.
//!
//! `hot-scheduler decide N`: over two hundred GPUs that are full, with a queue behind them.
#![allow(
    clippy::unwrap_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::capacity::{DeviceKind, Resources};
use newsreel_model::spec::Fallback;
use newsreel_scheduler::{
    Demand, Device, Epoch, Input, JobEntry, Now, Outcome, Plan, Policy, Scheduler, SegmentWork,
};

const GPUS: u64 = 200;

fn main() {
    let count: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let mut scheduler = Scheduler::new(Policy::default(), 0);
    let session = Resources {
        encode_kpx_s: 1000,
        vram_mib: 500,
        encoder_sessions: 1,
        ..Resources::default()
    };
    let demand = Demand {
        nvidia: Some(session),
        ..Demand::default()
    };
    let mut tell = |ms: u64, input| {
        let wall = Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap();
        scheduler.handle(Now { mono_ms: ms, wall }, input);
    };
    for gpu in 0..GPUS {
        tell(
            0,
            Input::DeviceAdded(Device {
                id: format!("gpu-{gpu:03}").into(),
                kind: DeviceKind::Nvidia,
                machine: format!("node-{:02}", gpu / 10).into(),
                capacity: session.plus(session),
                sessions_per_worker: 8,
                sessions_in_all: usize::MAX,
            }),
        );
    }
    for job in 0..2 * GPUS + 500 {
        tell(
            job,
            Input::JobQueued(JobEntry {
                id: JobId::from_bytes(u128::from(job).to_be_bytes()),
                priority: 50,
                tenant: format!("desk-{}", job % 8).into(),
                deadline: None,
                created_at: Timestamp::from_millisecond(i64::try_from(job).unwrap()).unwrap(),
                fallback: Fallback::Any,
                prepare: demand,
                disk_bytes: 0,
            }),
        );
    }
    for n in 1..=count {
        let epoch = Epoch(n);
        let plan = Plan {
            missing: (0..8)
                .map(|index| SegmentWork { index, frames: 100 })
                .collect(),
            encode: demand,
            finish: demand,
            splittable: true,
            disk_bytes: 0,
        };
        tell(1_000 + n, Input::JobPlanned { epoch, plan });
        let outcome = Outcome::Done;
        tell(1_000 + n, Input::SessionEnded { epoch, outcome });
    }
}
