//! The devices: what is free on each, what is promised, and which fits a shape best. Not here: who should get it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use newsreel_model::JobId;
use newsreel_model::capacity::Resources;

use crate::demand::{Shape, charged, dominant_share, kind_rank, leftover};
use crate::health::Health;
use crate::input::{Device, DeviceId, Epoch};

/// One device and what happens on it.
#[derive(Debug)]
pub(crate) struct Host {
    pub device: Device,
    /// Capacity less the reserve.
    pub usable: Resources,
    pub used: Resources,
    /// The part of `used` whose sessions were told to end.
    pub ending: Resources,
    pub sessions: BTreeSet<Epoch>,
    /// Kept for jobs that go before all others.
    pub claims: BTreeMap<JobId, Resources>,
    pub health: Health,
}

impl Host {
    pub(crate) fn new(device: Device, reserve: Resources) -> Self {
        Self {
            usable: device.capacity.minus(reserve),
            device,
            used: Resources::default(),
            ending: Resources::default(),
            sessions: BTreeSet::new(),
            claims: BTreeMap::new(),
            health: Health::new(),
        }
    }

    /// What the shape would be charged here; `None` where it can never run, as long as the device stays as it is.
    pub(crate) fn need(&self, shape: &Shape) -> Option<Resources> {
        let need = shape.demand.on(self.device.kind)?;
        let need = charged(need, self.usable);
        let possible = self.usable.covers(&need) && !shape.barred.contains(&self.device.id);
        possible.then_some(need)
    }

    /// What is kept for jobs, these ones left out.
    fn kept(&self, but: &[JobId]) -> Resources {
        let others = self.claims.iter().filter(|(id, _)| !but.contains(id));
        others.fold(Resources::default(), |sum, (_, claim)| sum.plus(*claim))
    }

    /// What is neither used nor kept for someone else.
    pub(crate) fn free(&self, job: Option<JobId>) -> Resources {
        self.usable
            .minus(self.used)
            .minus(self.kept(job.as_slice()))
    }

    /// What will be free once all that was told to end has ended.
    pub(crate) fn soon(&self, job: JobId) -> Resources {
        let used = self.used.minus(self.ending);
        self.usable.minus(used).minus(self.kept(&[job]))
    }

    pub(crate) fn fits(&self, shape: &Shape, job: Option<JobId>) -> bool {
        let need = self.need(shape);
        self.health.good() && need.is_some_and(|need| self.free(job).covers(&need))
    }

    /// Whether claims, those of these jobs left out, leave room for another one once nothing else runs.
    pub(crate) fn claimable(&self, shape: &Shape, but: &[JobId]) -> Option<Resources> {
        let need = self.need(shape).filter(|_| self.health.good())?;
        let all = self.kept(but).plus(need);
        self.usable.covers(&all).then_some(need)
    }
}

/// All devices, by name.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    pub by_id: BTreeMap<DeviceId, Host>,
}

impl Hosts {
    pub(crate) fn get(&self, id: &DeviceId) -> Option<&Host> {
        self.by_id.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &DeviceId) -> Option<&mut Host> {
        self.by_id.get_mut(id)
    }

    /// Whether any device, be it full or in quarantine, can take the shape.
    pub(crate) fn could_host(&self, shape: &Shape) -> bool {
        self.by_id.values().any(|host| host.need(shape).is_some())
    }

    /// The best fit among these (or all) devices that pass: GPUs first, then the least left over, then by name.
    pub(crate) fn best(
        &self,
        shape: &Shape,
        job: JobId,
        among: Option<&BTreeSet<DeviceId>>,
        pass: impl Fn(&Host) -> bool,
    ) -> Option<DeviceId> {
        let (mut all, mut some);
        let hosts: &mut dyn Iterator<Item = &Host> = if let Some(among) = among {
            some = among.iter().filter_map(|id| self.get(id));
            &mut some
        } else {
            all = self.by_id.values();
            &mut all
        };
        let fitting = hosts.filter_map(|host| {
            let need = host.need(shape)?;
            let free = host.free(Some(job));
            let fits = host.health.good() && free.covers(&need) && pass(host);
            fits.then(|| (host, leftover(need, free, host.usable)))
        });
        fitting
            .min_by_key(|(host, left)| (kind_rank(host.device.kind), *left))
            .map(|(host, _)| host.device.id.clone())
    }

    /// Where a shape that fits nowhere is closest to fitting, as far as claims allow.
    pub(crate) fn nearest(&self, shape: &Shape, job: JobId) -> Option<DeviceId> {
        let possible = self.by_id.values().filter_map(|host| {
            let need = host.claimable(shape, &[job])?;
            let lacking = dominant_share(need.minus(host.soon(job)), host.usable);
            Some((host, lacking))
        });
        possible
            .min_by_key(|(host, lacking)| {
                (
                    *lacking,
                    kind_rank(host.device.kind),
                    Reverse(host.usable.encode_kpx_s),
                )
            })
            .map(|(host, _)| host.device.id.clone())
    }
}
