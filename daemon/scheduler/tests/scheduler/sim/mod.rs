//! A small daemon that believes the scheduler, and checks everything it is told. Not here: any video.

pub mod check;
pub mod world;

use std::sync::Arc;

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::capacity::{DeviceKind, Resources};
use newsreel_model::spec::Fallback;
use newsreel_scheduler::{Demand, Device, JobEntry, Now, Plan, Policy, SegmentWork};

/// Short times, so that scenarios stay readable.
pub fn policy() -> Policy {
    Policy {
        starvation_ms: 20_000,
        patience_ms: 20_000,
        min_run_ms: 2_000,
        preempt_gap_ms: 10_000,
        backoff_base_ms: 1_000,
        backoff_max_ms: 8_000,
        breaker_window_ms: 30_000,
        breaker_cooldown_ms: 5_000,
        disk_reserve_bytes: 1_000,
        min_segments_per_run: 2,
        ..Policy::default()
    }
}

pub fn now(mono_ms: u64) -> Now {
    let wall = i64::try_from(mono_ms).unwrap();
    Now {
        mono_ms,
        wall: Timestamp::from_millisecond(wall).unwrap(),
    }
}

pub fn id(number: u64) -> JobId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    JobId::from_bytes(bytes)
}

/// The CPU: so many cores, one session per worker.
pub fn cpu(cores: u64) -> Device {
    Device {
        id: "cpu".into(),
        kind: DeviceKind::Cpu,
        machine: "here".into(),
        capacity: Resources {
            cpu_millicores: cores * 1000,
            memory_mib: cores * 1000,
            ..Resources::default()
        },
        sessions_per_worker: 1,
        sessions_in_all: usize::MAX,
    }
}

/// A GPU for so many sessions, four to a worker.
pub fn gpu(name: &str, sessions: u64) -> Device {
    Device {
        id: name.into(),
        kind: DeviceKind::Nvidia,
        machine: "here".into(),
        capacity: Resources {
            encoder_sessions: sessions,
            vram_mib: sessions * 500,
            encode_kpx_s: sessions * 1000,
            ..Resources::default()
        },
        sessions_per_worker: 4,
        sessions_in_all: usize::MAX,
    }
}

pub fn cores(cores: u64) -> Resources {
    Resources {
        cpu_millicores: cores * 1000,
        memory_mib: 500,
        ..Resources::default()
    }
}

/// One session on a GPU or so many cores.
pub fn anywhere(on_cpu: u64) -> Demand {
    let gpu = Resources {
        encoder_sessions: 1,
        vram_mib: 500,
        encode_kpx_s: 1000,
        ..Resources::default()
    };
    Demand {
        cpu: Some(cores(on_cpu)),
        nvidia: Some(gpu),
        vaapi: None,
        without_encoder: None,
    }
}

/// A job of priority 50 that was accepted at so many milliseconds.
pub fn job(number: u64, created_ms: u64) -> JobEntry {
    JobEntry {
        id: id(number),
        priority: 50,
        tenant: Arc::from("news"),
        deadline: None,
        created_at: now(created_ms).wall,
        fallback: Fallback::Any,
        prepare: Demand::cpu_only(cores(1)),
        disk_bytes: 0,
    }
}

/// A plan of so many segments of 100 frames, encoded on one core.
pub fn plan(segments: usize) -> Plan {
    Plan {
        missing: (0..segments)
            .map(|index| SegmentWork { index, frames: 100 })
            .collect(),
        encode: Demand::cpu_only(cores(1)),
        finish: Demand::cpu_only(cores(1)),
        splittable: true,
        disk_bytes: 0,
    }
}
