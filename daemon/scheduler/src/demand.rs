//! What a task needs on each kind of device, and whether and how well it fits. Not here: what devices there are.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use newsreel_model::capacity::{DeviceKind, Resources};

use crate::DeviceId;

/// What a task needs, by kind of device; `None` where it must not run.
///
/// Memory and device memory are hard. The rates, cores and encoder sessions are wishes: where the whole device has less, the
/// task takes the whole device and runs slower, or has the cores encode what it gets no session for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// On the machine's cores.
    pub cpu: Option<Resources>,
    /// On a GPU behind NVDEC and NVENC.
    pub nvidia: Option<Resources>,
    /// On a GPU behind VAAPI.
    pub vaapi: Option<Resources>,
    /// On a GPU that has no encoder session to give: it decodes and scales, and the cores encode.
    pub without_encoder: Option<Resources>,
}

impl Demand {
    /// A task for the machine's cores alone.
    #[must_use]
    pub fn cpu_only(need: Resources) -> Self {
        Self {
            cpu: Some(need),
            ..Self::default()
        }
    }

    /// What it needs on a device with so much to give in all.
    pub(crate) fn on_device(&self, kind: DeviceKind, usable: Resources) -> Option<Resources> {
        let need = self.on(kind)?;
        let lacks = kind != DeviceKind::Cpu && usable.encoder_sessions == 0;
        Some(self.without_encoder.filter(|_| lacks).unwrap_or(need))
    }

    /// What it needs on this kind of device, if that has everything such a device can have.
    #[must_use]
    pub fn on(&self, kind: DeviceKind) -> Option<Resources> {
        match kind {
            DeviceKind::Cpu => self.cpu,
            DeviceKind::Nvidia => self.nvidia,
            DeviceKind::Vaapi => self.vaapi,
        }
    }
}

/// GPUs first: the lower goes first.
pub(crate) fn kind_rank(kind: DeviceKind) -> usize {
    match kind {
        DeviceKind::Nvidia => 0,
        DeviceKind::Vaapi => 1,
        DeviceKind::Cpu => 2,
    }
}

/// Everything about a waiting task that decides where it fits: tasks of one shape fit the same devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub demand: Demand,
    /// Devices that failed the job.
    pub barred: BTreeSet<DeviceId>,
}

impl Ord for Shape {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two) = (&self.demand, &other.demand);
        let by = |one: Option<Resources>, two: Option<Resources>| {
            let quantities = |need: Resources| need.quantities();
            one.map(quantities).cmp(&two.map(quantities))
        };
        // Most shapes differ in the first already.
        by(one.nvidia, two.nvidia)
            .then_with(|| by(one.cpu, two.cpu))
            .then_with(|| by(one.vaapi, two.vaapi))
            .then_with(|| by(one.without_encoder, two.without_encoder))
            .then_with(|| self.barred.cmp(&other.barred))
    }
}

impl PartialOrd for Shape {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `need` as charged to a device that has `usable` in all: rates and sessions at most what there is.
pub(crate) fn charged(need: Resources, usable: Resources) -> Resources {
    Resources {
        cpu_millicores: need.cpu_millicores.min(usable.cpu_millicores),
        decode_kpx_s: need.decode_kpx_s.min(usable.decode_kpx_s),
        scale_kpx_s: need.scale_kpx_s.min(usable.scale_kpx_s),
        encode_kpx_s: need.encode_kpx_s.min(usable.encode_kpx_s),
        encoder_sessions: need.encoder_sessions.min(usable.encoder_sessions),
        ..need
    }
}

/// Parts per million of `whole`; everything of nothing is all of it.
fn ppm(part: u64, whole: u64) -> u64 {
    match whole {
        0 if part == 0 => 0,
        0 => 1_000_000,
        _ => part.saturating_mul(1_000_000) / whole,
    }
}

/// The largest share of `usable` that `need` takes in any quantity, in parts per million.
pub(crate) fn dominant_share(need: Resources, usable: Resources) -> u64 {
    let pairs = need.quantities().into_iter().zip(usable.quantities());
    pairs
        .map(|(part, whole)| ppm(part, whole))
        .max()
        .unwrap_or(0)
}

/// How far the scarcest quantity stands out among those that `need` takes of `free`, in percent: 100 where it is the only one,
/// the less the more evenly all are used up. It says nothing of sizes: a small device and a large one of the same kind are alike.
pub(crate) fn lopsided(need: Resources, free: Resources) -> u64 {
    let pairs = need.quantities().into_iter().zip(free.quantities());
    let shares: Vec<u64> = pairs.map(|(part, whole)| ppm(part, whole)).collect();
    let most = shares.iter().max().copied().unwrap_or(0);
    let all: u64 = shares
        .iter()
        .fold(0, |sum, share| sum.saturating_add(*share));
    most.saturating_mul(100).checked_div(all).unwrap_or(0)
}

/// What is left of the dominant quantity once `need` is placed in `free`, in parts per million of `usable`: less is a better fit.
pub(crate) fn leftover(need: Resources, free: Resources, usable: Resources) -> u64 {
    let (need, free, usable) = (need.quantities(), free.quantities(), usable.quantities());
    (0..need.len())
        .max_by_key(|&q| (ppm(need[q], usable[q]), usize::MAX - q))
        .map_or(0, |q| ppm(free[q].saturating_sub(need[q]), usable[q]))
}
