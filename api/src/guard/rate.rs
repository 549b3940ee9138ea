//! Keeps each key to so many requests a second. Not here: how many requests there are at a time (`load`).

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use newsreel_model::access::{Principal, Via};

use crate::options::Options;
use crate::problem::{Problem, Reason};
use crate::state::Api;

/// After so many requests, callers that were silent for long are forgotten.
const TIDY_EVERY: u32 = 4096;

/// A bucket for each caller.
pub(crate) struct Buckets {
    limiter: RateLimiter<String, HashMapStateStore<String>, DefaultClock>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl Buckets {
    pub(crate) fn new(options: &Options) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(options.requests_per_s))
            .allow_burst(at_least_one(options.burst));
        Self {
            limiter: RateLimiter::hashmap(quota),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
        }
    }

    /// Takes one from a caller's bucket; the seconds to wait when there is none.
    fn take(&self, caller: &String) -> Result<(), u32> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(caller).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now()).as_secs();
            u32::try_from(wait).unwrap_or(u32::MAX).saturating_add(1)
        })
    }
}

/// 429 for a caller whose bucket is empty. Where no keys are asked for there is no telling callers apart.
pub(super) fn check(api: &Api, who: &Principal) -> Result<(), Problem> {
    if who.via == Via::Nothing {
        return Ok(());
    }
    api.buckets.take(&who.caller).map_err(|seconds| {
        let words = format!("too many requests with this key; try again in {seconds} s");
        Problem::new(Reason::RateLimited, words).with_retry_after(seconds)
    })
}
