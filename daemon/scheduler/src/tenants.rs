//! What each tenant has been served, so that the one served least goes first. Not here: who is waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Default)]
struct Tenant {
    /// Parts per million of a device, times milliseconds, up to `settled_ms`.
    served: u64,
    settled_ms: u64,
    /// Parts per million of devices in use now.
    rate: u64,
    /// Jobs known.
    jobs: usize,
}

impl Tenant {
    fn served(&self, now_ms: u64) -> u64 {
        let passed = now_ms.saturating_sub(self.settled_ms);
        self.served.saturating_add(self.rate.saturating_mul(passed))
    }

    fn settle(&mut self, now_ms: u64) {
        self.served = self.served(now_ms);
        self.settled_ms = now_ms;
    }
}

/// Every tenant with jobs.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    known: BTreeMap<Arc<str>, Tenant>,
}

impl Tenants {
    pub(crate) fn served(&self, name: &str, now_ms: u64) -> u64 {
        self.known.get(name).map_or(0, |t| t.served(now_ms))
    }

    /// A tenant that comes (back) starts level with whoever was served least: an absence earns no credit.
    pub(crate) fn add_job(&mut self, name: &Arc<str>, now_ms: u64) {
        if let Some(tenant) = self.known.get_mut(name) {
            tenant.jobs += 1;
            return;
        }
        let least = self.known.values().map(|t| t.served(now_ms)).min();
        let tenant = Tenant {
            served: least.unwrap_or(0),
            settled_ms: now_ms,
            rate: 0,
            jobs: 1,
        };
        self.known.insert(Arc::clone(name), tenant);
    }

    pub(crate) fn remove_job(&mut self, name: &str) {
        if let Some(tenant) = self.known.get_mut(name) {
            tenant.jobs = tenant.jobs.saturating_sub(1);
            if tenant.jobs == 0 {
                self.known.remove(name);
            }
        }
    }

    /// A session takes `share` from now on; it costs at least as much as if it ran for `least_ms`.
    pub(crate) fn begin(&mut self, name: &str, share: u64, least_ms: u64, now_ms: u64) {
        if let Some(tenant) = self.known.get_mut(name) {
            tenant.settle(now_ms);
            tenant.served = tenant.served.saturating_add(share.saturating_mul(least_ms));
            tenant.rate = tenant.rate.saturating_add(share);
        }
    }

    /// A session no longer takes `share`.
    pub(crate) fn end(&mut self, name: &str, share: u64, now_ms: u64) {
        if let Some(tenant) = self.known.get_mut(name) {
            tenant.settle(now_ms);
            tenant.rate = tenant.rate.saturating_sub(share);
        }
    }
}
