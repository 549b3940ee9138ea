//! Who waits, in order, kept by shape so that one look tells for all jobs alike that nothing fits. Not here: what fits where.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use newsreel_model::JobId;

use crate::Policy;
use crate::demand::Shape;
use crate::input::JobEntry;
use crate::tenants::Tenants;

/// Lanes go one after the other, tenants by what they were served.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    Breaking,
    Deadline,
    Tenant(Arc<str>),
}

/// Order within a lane: smaller first. What the two numbers are depends on the lane.
pub(crate) type Key = (i64, i64, JobId);

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub shape: Shape,
    pub lane: Lane,
    pub key: Key,
}

impl Ticket {
    pub(crate) fn new(entry: &JobEntry, shape: Shape, policy: &Policy) -> Self {
        let created = entry.created_at.as_millisecond();
        let (lane, first) = if policy.breaking(entry.priority) {
            (Lane::Breaking, -i64::from(entry.priority))
        } else if let Some(deadline) = entry.deadline {
            (Lane::Deadline, deadline.as_millisecond())
        } else {
            // A point of priority is worth as much as having come this much earlier. All jobs age alike, so the order never changes.
            let point = i64::try_from(policy.ageing_ms_per_point).unwrap_or(i64::MAX);
            let head_start = point.saturating_mul(i64::from(entry.priority));
            (
                Lane::Tenant(Arc::clone(&entry.tenant)),
                created.saturating_sub(head_start),
            )
        };
        Self {
            shape,
            lane,
            key: (first, created, entry.id),
        }
    }
}

/// The order between jobs of all lanes at one moment.
type Rank = (u8, u64, Key);

fn rank(lane: &Lane, key: Key, tenants: &Tenants, now_ms: u64) -> Rank {
    match lane {
        Lane::Breaking => (0, 0, key),
        Lane::Deadline => (1, 0, key),
        Lane::Tenant(tenant) => (2, tenants.served(tenant, now_ms), key),
    }
}

/// Jobs by shape, then lane, then key.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    shapes: BTreeMap<Shape, BTreeMap<Lane, BTreeSet<Key>>>,
}

impl Queues {
    pub(crate) fn insert(&mut self, ticket: &Ticket) {
        let lanes = self.shapes.entry(ticket.shape.clone()).or_default();
        let lane = lanes.entry(ticket.lane.clone()).or_default();
        lane.insert(ticket.key);
    }

    pub(crate) fn remove(&mut self, ticket: &Ticket) {
        let Some(lanes) = self.shapes.get_mut(&ticket.shape) else {
            return;
        };
        if let Some(lane) = lanes.get_mut(&ticket.lane) {
            lane.remove(&ticket.key);
            if lane.is_empty() {
                lanes.remove(&ticket.lane);
            }
        }
        if lanes.is_empty() {
            self.shapes.remove(&ticket.shape);
        }
    }

    /// The shapes of all jobs in lanes that pass.
    pub(crate) fn shapes(&self, pass: impl Fn(&Lane) -> bool) -> impl Iterator<Item = &Shape> {
        let some = self.shapes.iter();
        some.filter(move |(_, lanes)| lanes.keys().any(&pass))
            .map(|(shape, _)| shape)
    }

    /// The first job that passes: `shape` is asked once for each, `lane` with its answer.
    pub(crate) fn first<S>(
        &self,
        tenants: &Tenants,
        now_ms: u64,
        shape: impl Fn(&Shape) -> S,
        lane: impl Fn(&S, &Lane) -> bool,
    ) -> Option<Ticket> {
        let mut best: Option<(Rank, &Shape, &Lane)> = None;
        for (alike, lanes) in &self.shapes {
            let known = shape(alike);
            for (queue, keys) in lanes {
                let Some(&key) = keys.first() else { continue };
                if !lane(&known, queue) {
                    continue;
                }
                let rank = rank(queue, key, tenants, now_ms);
                if best.as_ref().is_none_or(|(least, _, _)| rank < *least) {
                    best = Some((rank, alike, queue));
                }
            }
        }
        best.map(|((_, _, key), shape, lane)| Ticket {
            shape: shape.clone(),
            lane: lane.clone(),
            key,
        })
    }

    /// All jobs in the order they would go if all fitted and nobody were served in between.
    pub(crate) fn in_order(&self, tenants: &Tenants, now_ms: u64) -> Vec<JobId> {
        let mut ranks: Vec<Rank> = Vec::new();
        for (lane, keys) in self.shapes.values().flatten() {
            ranks.extend(keys.iter().map(|&key| rank(lane, key, tenants, now_ms)));
        }
        ranks.sort_unstable();
        ranks.into_iter().map(|(_, _, (_, _, id))| id).collect()
    }
}
