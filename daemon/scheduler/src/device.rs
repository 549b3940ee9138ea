//! The devices: what is free on each, what is promised, and which fits a shape best. Not here: who should get it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use newsreel_model::JobId;
use newsreel_model::capacity::Resources;

use crate::demand::{Shape, charged, dominant_share, kind_rank, leftover, lopsided};
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
        let need = shape.demand.on_device(self.device.kind, self.usable)?;
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
    machines: BTreeMap<Arc<str>, BTreeSet<DeviceId>>,
}

impl Hosts {
    pub(crate) fn remove(&mut self, id: &DeviceId) {
        if let Some(host) = self.by_id.remove(id)
            && let Some(machine) = self.machines.get_mut(&host.device.machine)
        {
            machine.remove(id);
            if machine.is_empty() {
                self.machines.remove(&host.device.machine);
            }
        }
    }

    /// Changes the books over a session's demand: the whole of it on its device, its cores and main memory on every device of
    /// the machine. Gives the devices it concerns.
    pub(crate) fn book(
        &mut self,
        id: &DeviceId,
        demand: Resources,
        change: impl Fn(&mut Host, Resources),
    ) -> Vec<DeviceId> {
        let Some(host) = self.by_id.get_mut(id) else {
            return Vec::new();
        };
        change(host, demand);
        let common = demand.of_the_machine();
        let mut concerned = vec![id.clone()];
        if common != Resources::default() {
            let beside = self.machines.get(&host.device.machine);
            let others = beside.into_iter().flatten().filter(|other| *other != id);
            concerned.extend(others.cloned());
        }
        for other in &concerned[1..] {
            if let Some(host) = self.by_id.get_mut(other) {
                change(host, common);
            }
        }
        concerned
    }

    /// What a session of this machine's other devices takes of cores and memory, for a device that is new there.
    fn taken_beside(&self, machine: &Arc<str>) -> (Resources, Resources) {
        let beside = self.machines.get(machine).into_iter().flatten();
        let host = beside.filter_map(|id| self.by_id.get(id)).next();
        host.map_or_else(Default::default, |host| {
            (host.used.of_the_machine(), host.ending.of_the_machine())
        })
    }

    /// A device that was not there before.
    pub(crate) fn add(&mut self, device: Device, reserve: Resources) {
        let (used, ending) = self.taken_beside(&device.machine);
        let machine = self.machines.entry(device.machine.clone()).or_default();
        machine.insert(device.id.clone());
        let mut host = Host::new(device, reserve);
        (host.used, host.ending) = (used, ending);
        self.by_id.insert(host.device.id.clone(), host);
    }

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

    /// The best fit among these (or all) devices that pass: GPUs first, then where the shape takes most evenly of all that is
    /// free (what is scarce on one is plenty on another), then the least left over, then by name.
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
            fits.then(|| {
                (
                    host,
                    lopsided(need, free),
                    leftover(need, free, host.usable),
                )
            })
        });
        fitting
            .min_by_key(|(host, tilt, left)| (kind_rank(host.device.kind), *tilt, *left))
            .map(|(host, ..)| host.device.id.clone())
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
