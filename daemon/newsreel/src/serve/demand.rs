//! What a job's tasks need of a machine, estimated from its plan. Not what the machine has.

use newsreel_model::capacity::Resources;
use newsreel_model::grid::SHORTEST_RUN;
use newsreel_model::plan::Plan;
use newsreel_model::profile::VideoCodec;
use newsreel_model::spec::Fallback;
use newsreel_scheduler::Demand;

/// The most cores one run makes good use of.
const MAX_CORES_PER_RUN: usize = 8;

/// How many times the speed of the programme a run on a GPU is given room for: enough runs beside each other to keep every engine
/// busy, few enough that each ends soon.
const PACE: u64 = 4;

/// Memory a decoder or an encoder takes on a GPU for pictures of 1080p, in MiB: the upper end of what is told of both.
const MIB_PER_FULL_HD: u64 = 150;
const FULL_HD: u64 = 1920 * 1080;

/// What an encoder session takes beside its pictures, in MiB.
const MIB_PER_SESSION: u64 = 40;

/// Memory of the head start on a GPU: a decoder of the source and one small encoder.
const HEAD_START_VRAM_MIB: u64 = 300;

/// Pictures that decoder, scalers and encoders of one run hold at a time, per rung: measured on the `web` ladder.
const PICTURES_HELD: u64 = 50;

/// Probing, planning, pictures, sound and the head start. Where there is a GPU, the head start is made there, so that the rung
/// begins with the encoder that will go on with it.
pub fn prepare(has_gpu: bool, fallback: Fallback) -> Demand {
    let cpu = Resources {
        cpu_millicores: 1000,
        memory_mib: 256,
        ..Resources::default()
    };
    if !has_gpu {
        return Demand::cpu_only(cpu);
    }
    let gpu = Resources {
        vram_mib: HEAD_START_VRAM_MIB,
        encoder_sessions: 1,
        ..cpu
    };
    Demand {
        cpu: may_use_cores(fallback).then_some(cpu),
        nvidia: Some(gpu),
        vaapi: Some(gpu),
        without_encoder: Some(Resources {
            encoder_sessions: 0,
            ..gpu
        }),
    }
}

/// The same while the input still arrives: it waits more than it works, and must keep no cores from jobs that can run.
pub fn while_arriving(has_gpu: bool, fallback: Fallback) -> Demand {
    let prepare = prepare(has_gpu, fallback);
    let waiting = |resources: Resources| Resources {
        cpu_millicores: 0,
        ..resources
    };
    Demand {
        cpu: prepare.cpu.map(waiting),
        nvidia: prepare.nvidia.map(waiting),
        vaapi: prepare.vaapi.map(waiting),
        without_encoder: prepare.without_encoder.map(waiting),
    }
}

/// Whether a job may be encoded on the cores of a machine that has a GPU.
fn may_use_cores(fallback: Fallback) -> bool {
    fallback == Fallback::Any
}

/// Stitching and checking: bound by the disk. Measuring decodes the source and every rung in two threads.
pub fn finish(plan: &Plan, measures: bool) -> Demand {
    if measures {
        let one = on_cores(plan, 1);
        return Demand::cpu_only(Resources {
            cpu_millicores: 2000,
            ..one
        });
    }
    Demand::cpu_only(Resources {
        cpu_millicores: 500,
        memory_mib: 64,
        ..Resources::default()
    })
}

/// One run of a plan on a machine of so many cores.
pub fn run(plan: &Plan, cores: usize, has_gpu: bool, fallback: Fallback) -> Demand {
    let cpu = on_cores(plan, cores);
    if !has_gpu {
        return Demand::cpu_only(cpu);
    }
    let hybrid = without_encoder(plan, cpu);
    let whole = match encoder_sessions(plan) {
        0 => hybrid,
        _ => on_gpu(plan),
    };
    Demand {
        cpu: may_use_cores(fallback).then_some(cpu),
        nvidia: Some(whole),
        vaapi: Some(whole),
        without_encoder: Some(hybrid),
    }
}

/// Encoder sessions that a run wants of a GPU: one for each rung in a codec that GPUs are used for.
pub fn encoder_sessions(plan: &Plan) -> u64 {
    let rungs = plan.video.rungs.iter();
    rungs.filter(|r| r.codec != VideoCodec::Av1).count() as u64
}

fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

fn ladder_pixels(plan: &Plan) -> u64 {
    let rungs = plan.video.rungs.iter();
    rungs.map(|r| pixels(r.width, r.height)).sum()
}

fn source_pixels(plan: &Plan) -> u64 {
    pixels(plan.video.source_width, plan.video.source_height)
}

fn on_cores(plan: &Plan, cores: usize) -> Resources {
    // 4:2:0 has one and a half bytes a pixel.
    let bytes = (ladder_pixels(plan) * PICTURES_HELD + source_pixels(plan) * 16) * 3 / 2;
    let cores = u64::try_from(cores_of_run(plan, cores)).unwrap_or(1);
    Resources {
        cpu_millicores: cores * 1000,
        memory_mib: 64 + bytes / (1 << 20),
        ..Resources::default()
    }
}

/// A run that a GPU decodes, scales and encodes.
fn on_gpu(plan: &Plan) -> Resources {
    let (source, ladder) = (source_pixels(plan), ladder_pixels(plan));
    let rate = |pixels: u64| pixels * frames_per_s(plan) * PACE / 1000;
    let sessions = encoder_sessions(plan);
    let vram_mib = (source + ladder) * MIB_PER_FULL_HD / FULL_HD + sessions * MIB_PER_SESSION;
    Resources {
        cpu_millicores: 250,
        memory_mib: 256,
        decode_kpx_s: rate(source),
        scale_kpx_s: rate(ladder),
        encode_kpx_s: rate(ladder),
        vram_mib,
        encoder_sessions: sessions,
    }
}

/// The same where the cores encode.
fn without_encoder(plan: &Plan, cpu: Resources) -> Resources {
    let gpu = on_gpu(plan);
    Resources {
        encode_kpx_s: 0,
        encoder_sessions: 0,
        cpu_millicores: cpu.cpu_millicores,
        memory_mib: cpu.memory_mib.max(gpu.memory_mib),
        ..gpu
    }
}

fn frames_per_s(plan: &Plan) -> u64 {
    let frames: u64 = plan.grid.segments.iter().map(|s| u64::from(s.frames)).sum();
    frames.div_ceil(seconds(plan).max(1))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a duration in whole seconds"
)]
fn seconds(plan: &Plan) -> u64 {
    plan.duration_s().ceil() as u64
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

/// Bytes a job will write, by its source before it is planned: every rung as segments and again in its MP4, or the sound where it is alone.
pub fn disk_bytes(plan: Option<&Plan>, source_bytes: u64) -> u64 {
    let Some(plan) = plan else {
        return source_bytes.min(1 << 40);
    };
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
    // Sound alone has no rung that its rate is counted with.
    let sound = plan.audio.iter().filter(|_| plan.is_sound_alone());
    let sound_bps: u64 = sound.map(|a| a.bitrate_bps).sum();
    (bps + sound_bps) / 8 * seconds(plan) * 2
}
