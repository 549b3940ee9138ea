//! What a job's tasks need of a machine, estimated from its plan. Not what the machine has.

use newsreel_model::capacity::Resources;
use newsreel_model::grid::SHORTEST_RUN;
use newsreel_model::plan::Plan;
use newsreel_scheduler::Demand;

/// The most cores one run makes good use of.
const MAX_CORES_PER_RUN: usize = 8;

/// Pictures that decoder, scalers and encoders of one run hold at a time, per rung: measured on the `web` ladder.
const PICTURES_HELD: u64 = 50;

/// Probing, planning, pictures and sound.
pub fn prepare() -> Demand {
    Demand::cpu_only(Resources {
        cpu_millicores: 1000,
        memory_mib: 256,
        ..Resources::default()
    })
}

/// Stitching and checking: bound by the disk.
pub fn finish() -> Demand {
    Demand::cpu_only(Resources {
        cpu_millicores: 500,
        memory_mib: 64,
        ..Resources::default()
    })
}

/// One run of a plan on a machine of so many cores.
pub fn run(plan: &Plan, cores: usize) -> Demand {
    let pixels = |width: u32, height: u32| u64::from(width) * u64::from(height);
    let ladder: u64 = plan
        .video
        .rungs
        .iter()
        .map(|r| pixels(r.width, r.height))
        .sum();
    let source = pixels(plan.video.source_width, plan.video.source_height);
    // 4:2:0 has one and a half bytes a pixel.
    let bytes = (ladder * PICTURES_HELD + source * 16) * 3 / 2;
    let cores = u64::try_from(cores_of_run(plan, cores)).unwrap_or(1);
    Demand::cpu_only(Resources {
        cpu_millicores: cores * 1000,
        memory_mib: 64 + bytes / (1 << 20),
        ..Resources::default()
    })
}

/// The cores one run gets: as many as there are when the job is one run, one each when it has runs for all.
pub fn cores_of_run(plan: &Plan, cores: usize) -> usize {
    let runs = if is_splittable(plan) {
        (plan.grid.len() / SHORTEST_RUN).max(1)
    } else {
        1
    };
    (cores / runs).clamp(1, MAX_CORES_PER_RUN).min(cores.max(1))
}

/// Whether the rungs' rate control allows independent runs.
pub fn is_splittable(plan: &Plan) -> bool {
    let mut rungs = plan.video.rungs.iter();
    rungs.all(|r| r.rate_control.allows_independent_runs())
}

/// Bytes a job will write, by its source before it is planned: every rung as segments and again in its MP4.
pub fn disk_bytes(plan: Option<&Plan>, source_bytes: u64) -> u64 {
    let Some(plan) = plan else {
        return source_bytes.min(1 << 40);
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a duration in whole seconds"
    )]
    let seconds = plan.duration_s().ceil() as u64;
    let bps: u64 = plan
        .video
        .rungs
        .iter()
        .map(|r| {
            r.bitrate_bps
                .unwrap_or(u64::from(r.width) * u64::from(r.height) * 4)
                + 128_000
        })
        .sum();
    bps / 8 * seconds * 2
}
