//! One job: what it has done, what it wants next, and what stands against it. Not here: whether it gets it.

use std::collections::{BTreeMap, BTreeSet};

use newsreel_model::Code;

use crate::action::PauseReason;
use crate::demand::{Demand, Shape};
use crate::input::{DeviceId, Epoch, JobEntry, Plan};
use crate::queue::Ticket;
use crate::session::Kind;
use crate::work::{Segments, segments};
use crate::workers::Group;

/// Where one kind of a job's tasks may no longer go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bars {
    pub devices: BTreeSet<DeviceId>,
    pub gpu_only: bool,
    /// How the last of the devices failed.
    pub code: Option<Code>,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub entry: JobEntry,
    /// When it last began to wait or got something.
    pub waiting_since_ms: u64,
    pub plan: Option<Planned>,
    /// Missing segments that no session has.
    pub pending: Segments,
    pub prepared: bool,
    pub sessions: BTreeMap<Epoch, Kind>,
    /// Retried failures since the last progress.
    pub failures: u32,
    /// Retried refusals since the last progress.
    pub refusals: u32,
    pub bugs: u32,
    pub not_before_ms: u64,
    pub bars: BTreeMap<Kind, Bars>,
    /// It may have killed a worker: it runs only with others of the same suspicion, and in one session.
    pub suspicion: Option<Group>,
    /// Workers that died with it alone since the last progress.
    pub solo_deaths: u32,
    /// Its deaths were once blamed on a device instead. That happens only once.
    pub forgiven: bool,
    pub preempted_ms: Option<u64>,
    pub paused: Option<PauseReason>,
    /// It has ended and is only waiting for its sessions to end.
    pub over: bool,
    /// It is to begin anew once it is over.
    pub again: Option<JobEntry>,
    /// Its place among those that wait for a session.
    pub waiting: Option<Ticket>,
    /// Its place among those that could use more sessions.
    pub spreading: Option<Ticket>,
}

/// What is kept of a [`Plan`].
#[derive(Debug)]
pub(crate) struct Planned {
    encode: Demand,
    finish: Demand,
    pub splittable: bool,
}

impl Job {
    pub(crate) fn new(entry: JobEntry, waiting_since_ms: u64) -> Self {
        Self {
            entry,
            waiting_since_ms,
            plan: None,
            pending: Segments::new(),
            prepared: false,
            sessions: BTreeMap::new(),
            failures: 0,
            refusals: 0,
            bugs: 0,
            not_before_ms: 0,
            bars: BTreeMap::new(),
            suspicion: None,
            solo_deaths: 0,
            forgiven: false,
            preempted_ms: None,
            paused: None,
            over: false,
            again: None,
            waiting: None,
            spreading: None,
        }
    }

    /// Takes the plan; false when there is one.
    pub(crate) fn set_plan(&mut self, plan: &Plan) -> bool {
        if self.plan.is_some() {
            return false;
        }
        self.pending = segments(&plan.missing);
        self.entry.disk_bytes = plan.disk_bytes;
        self.plan = Some(Planned {
            encode: plan.encode,
            finish: plan.finish,
            splittable: plan.splittable,
        });
        true
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.sessions.values().any(|other| *other == kind)
    }

    /// The task it needs a session for before anything else can go on.
    pub(crate) fn wants(&self) -> Option<Kind> {
        if self.over {
            None
        } else if !self.prepared && !self.has(Kind::Prepare) {
            Some(Kind::Prepare)
        } else if self.plan.is_none() || self.has(Kind::Encode) || self.has(Kind::Finish) {
            None
        } else if !self.pending.is_empty() {
            Some(Kind::Encode)
        } else {
            self.prepared.then_some(Kind::Finish)
        }
    }

    /// Whether more than one session may make its segments.
    pub(crate) fn splittable(&self) -> bool {
        let whole = self.plan.as_ref().is_none_or(|plan| !plan.splittable);
        !whole && !self.over && self.suspicion.is_none()
    }

    /// What decides where a task of this kind fits.
    pub(crate) fn shape(&self, kind: Kind) -> Shape {
        let plan = self.plan.as_ref();
        let mut demand = match kind {
            Kind::Prepare => self.entry.prepare,
            Kind::Encode => plan.map_or_else(Demand::default, |plan| plan.encode),
            Kind::Finish => plan.map_or_else(Demand::default, |plan| plan.finish),
        };
        let bars = self.bars.get(&kind).cloned().unwrap_or_default();
        if bars.gpu_only {
            demand.cpu = None;
        }
        Shape {
            demand,
            barred: bars.devices,
        }
    }
}
