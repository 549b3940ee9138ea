//! What is simulated: nodes, devices, jobs and mishaps, the same for the same seed. Not here: who runs what.
//!
//! Devices are made up after vendors' figures (engines, memory, session caps), not measured.

use std::sync::Arc;

use newsreel_model::capacity::{DeviceKind, Resources};
use newsreel_scheduler::{Demand, Device};

/// Seconds of programme in a segment.
const SEGMENT_S: u64 = 4;

/// What is to be simulated.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Machines, each with ten GPUs.
    pub nodes: usize,
    /// How many jobs arrive.
    pub jobs: usize,
    /// Of everything random.
    pub seed: u64,
    /// How many times the speed of the programme a session is given room for.
    pub pace: u64,
}

/// A small generator of numbers that repeat (SplitMix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `below`, which is not 0.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % below
    }
}

/// One job.
#[derive(Clone, Debug)]
pub struct Job {
    /// When it arrives.
    pub at_ms: u64,
    /// 0–100; from 90 on it is breaking.
    pub priority: u8,
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Which kind: an index into [`Workload::needs`].
    pub kind: usize,
    /// How many segments it has.
    pub segments: usize,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// A device fails all its sessions and is away until it passes a test.
    DeviceLost,
    /// The process that hosts one of a device's sessions dies.
    WorkerDied,
    /// A device's driver refuses the session that began there last.
    Refused,
}

/// All of it.
#[derive(Debug)]
pub struct Workload {
    /// GPUs and, one per node, the cores; GPUs first.
    pub devices: Vec<Device>,
    /// How many of them are GPUs.
    pub gpus: usize,
    /// What a session of each kind of job takes of a GPU.
    pub needs: Vec<Resources>,
    /// By arrival.
    pub jobs: Vec<Job>,
    /// When, what, and on which GPU; by time.
    pub mishaps: Vec<(u64, Mishap, usize)>,
    /// How long a segment takes.
    pub segment_ms: u64,
}

/// Kinds of GPU: name, kind, decode and encode in megapixels a second, memory in GiB, session cap, nodes in a hundred.
const GPUS: [(&str, DeviceKind, u64, u64, u64, u64, usize); 6] = [
    ("t4", DeviceKind::Nvidia, 1_400, 700, 16, 1_000, 25),
    ("l4", DeviceKind::Nvidia, 3_200, 1_600, 24, 1_000, 25),
    ("a10", DeviceKind::Nvidia, 1_600, 800, 24, 1_000, 15),
    ("l40s", DeviceKind::Nvidia, 2_700, 2_400, 48, 1_000, 10),
    ("rtx4090", DeviceKind::Nvidia, 900, 1_600, 24, 8, 15),
    ("flex", DeviceKind::Vaapi, 1_800, 900, 12, 1_000, 10),
];

/// Kinds of job at the programme's own speed: decode and encode in megapixels a second, memory in MiB, encoder sessions, jobs in a hundred.
const KINDS: [(u64, u64, u64, u64, u64); 6] = [
    (52, 93, 1_000, 5, 25),
    (23, 42, 600, 4, 25),
    (52, 52, 500, 1, 15),
    (104, 12, 350, 1, 15),
    (62, 28, 450, 2, 15),
    (207, 240, 2_200, 6, 5),
];

/// Which of several comes up, by their weights.
fn pick(dice: &mut Dice, weights: impl Iterator<Item = u64> + Clone) -> usize {
    let mut left = dice.below(weights.clone().sum());
    let mut weights = weights.enumerate();
    let hit = weights.find(|(_, weight)| match left.checked_sub(*weight) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    hit.map_or(0, |(index, _)| index)
}

fn devices(nodes: usize) -> (Vec<Device>, usize) {
    let mut gpus = Vec::new();
    let mut cores = Vec::new();
    let host = Resources {
        cpu_millicores: 64_000,
        memory_mib: 262_144,
        ..Resources::default()
    };
    for node in 0..nodes {
        let machine: Arc<str> = format!("node-{node:03}").into();
        // Kinds are dealt out over a hundred nodes, whatever their number.
        let mut place = (node * 37 + 11) % 100;
        let kind = GPUS.iter().find(|kind| {
            let here = place < kind.6;
            place = place.saturating_sub(kind.6);
            here
        });
        let (name, kind, decode, encode, gib, sessions, _) = *kind.unwrap_or(&GPUS[0]);
        let device = |id: String, kind, capacity, sessions_per_worker| Device {
            id: id.into(),
            kind,
            machine: Arc::clone(&machine),
            capacity,
            sessions_per_worker,
            sessions_in_all: usize::MAX,
        };
        for gpu in 0..10 {
            let capacity = Resources {
                decode_kpx_s: decode * 1000,
                scale_kpx_s: 20_000_000,
                encode_kpx_s: encode * 1000,
                vram_mib: gib * 1024 - 512,
                encoder_sessions: sessions,
                ..host
            };
            gpus.push(device(format!("{machine}/{name}-{gpu}"), kind, capacity, 8));
        }
        cores.push(device(format!("{machine}/cpu"), DeviceKind::Cpu, host, 1));
    }
    let count = gpus.len();
    gpus.append(&mut cores);
    (gpus, count)
}

fn needs(pace: u64) -> Vec<Resources> {
    let needs = KINDS
        .iter()
        .map(|&(decode, encode, vram_mib, sessions, _)| Resources {
            cpu_millicores: 100,
            memory_mib: 200,
            decode_kpx_s: decode * 1000 * pace,
            scale_kpx_s: encode * 1000 * pace,
            encode_kpx_s: encode * 1000 * pace,
            vram_mib,
            encoder_sessions: sessions,
        });
    needs.collect()
}

/// Six in ten jobs trickle in over the first part, the others come in five bursts within a second each.
fn jobs(size: Size, over_ms: u64, dice: &mut Dice) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for _ in 0..size.jobs {
        let at_ms = match dice.below(10) {
            0..6 => dice.below(over_ms),
            _ => dice.below(5) * over_ms / 5 + dice.below(1000),
        };
        let priority = match dice.below(100) {
            0..2 => 95,
            2..70 => 50,
            _ => 20,
        };
        // Most clips are short, a few are hours: three factors, each even.
        let minutes = 1 + dice.below(30) * dice.below(6) / (1 + dice.below(4));
        let seconds = minutes * 60 + dice.below(60);
        let tenant = format!("desk-{}", dice.below(8)).into();
        let kind = pick(dice, KINDS.iter().map(|kind| kind.4));
        let segments = usize::try_from(seconds.div_ceil(SEGMENT_S)).unwrap_or(1);
        jobs.push(Job {
            at_ms,
            priority,
            tenant,
            kind,
            segments,
        });
    }
    jobs.sort_by_key(|job| job.at_ms);
    jobs
}

impl Workload {
    /// The same for the same size; with `mishaps` of them, a third of each sort.
    pub fn new(size: Size, mishaps: u64) -> Self {
        let mut dice = Dice::new(size.seed);
        let (devices, gpus) = devices(size.nodes);
        let over_ms = 1_000 * 10 * size.jobs as u64 / gpus as u64;
        let jobs = jobs(size, over_ms, &mut dice);
        let mut mishaps: Vec<_> = (0..mishaps)
            .map(|n| {
                let sort = [Mishap::DeviceLost, Mishap::WorkerDied, Mishap::Refused];
                let sort = sort[usize::try_from(n % 3).unwrap_or(0)];
                let gpu = usize::try_from(dice.below(gpus as u64)).unwrap_or(0);
                (dice.below(over_ms * 2), sort, gpu)
            })
            .collect();
        mishaps.sort_by_key(|(at, _, gpu)| (*at, *gpu));
        Self {
            devices,
            gpus,
            needs: needs(size.pace),
            jobs,
            mishaps,
            segment_ms: SEGMENT_S * 1000 / size.pace,
        }
    }

    /// What a job's Encode asks of each kind of device: a GPU of either make.
    pub fn demand(&self, kind: usize) -> Demand {
        Demand {
            nvidia: Some(self.needs[kind]),
            vaapi: Some(self.needs[kind]),
            ..Demand::default()
        }
    }
}
