//! The circuit breaker of one device. Not here: what else a device is.

use std::collections::VecDeque;

use newsreel_model::JobId;

use crate::Policy;

/// Whether a device takes sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// The breaker tripped, but there was no other device: a pause without a test.
    Resting {
        until_ms: u64,
    },
    Quarantined {
        until_ms: u64,
    },
    Testing,
}

/// What a device has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    SelfTest,
    Rested,
}

/// Failures of late, and what came of them.
#[derive(Debug)]
pub(crate) struct Health {
    state: State,
    failures: VecDeque<(u64, JobId)>,
    failed_tests: u32,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Good,
            failures: VecDeque::new(),
            failed_tests: 0,
        }
    }

    pub(crate) fn good(&self) -> bool {
        self.state == State::Good
    }

    pub(crate) fn quarantined(&self) -> bool {
        matches!(self.state, State::Quarantined { .. } | State::Testing)
    }

    pub(crate) fn due_ms(&self) -> Option<u64> {
        match self.state {
            State::Resting { until_ms } | State::Quarantined { until_ms } => Some(until_ms),
            State::Good | State::Testing => None,
        }
    }

    /// Counts a failure; true when the breaker trips: enough different jobs failed within the window.
    pub(crate) fn failed(&mut self, job: JobId, policy: &Policy, now_ms: u64) -> bool {
        self.failures.retain(|&(at, other)| {
            other != job && now_ms.saturating_sub(at) < policy.breaker_window_ms
        });
        self.failures.push_back((now_ms, job));
        self.good() && self.failures.len() >= policy.breaker_failures.max(1)
    }

    /// The jobs whose failures tripped the breaker; they are forgotten.
    pub(crate) fn take_failures(&mut self) -> Vec<JobId> {
        self.failures.drain(..).map(|(_, job)| job).collect()
    }

    pub(crate) fn quarantine(&mut self, policy: &Policy, now_ms: u64) {
        self.state = State::Quarantined {
            until_ms: now_ms.saturating_add(policy.cooldown_ms(self.failed_tests)),
        };
    }

    pub(crate) fn rest(&mut self, policy: &Policy, now_ms: u64) {
        self.state = State::Resting {
            until_ms: now_ms.saturating_add(policy.backoff_base_ms),
        };
    }

    /// What the passing of time brings, if anything.
    pub(crate) fn wake(&mut self, now_ms: u64) -> Option<Due> {
        match self.state {
            State::Resting { until_ms } if until_ms <= now_ms => {
                self.state = State::Good;
                Some(Due::Rested)
            }
            State::Quarantined { until_ms } if until_ms <= now_ms => {
                self.state = State::Testing;
                Some(Due::SelfTest)
            }
            _ => None,
        }
    }

    /// The self-test's verdict; true when the device is in use again. An answer nobody asked for changes nothing.
    pub(crate) fn tested(&mut self, passed: bool, policy: &Policy, now_ms: u64) -> bool {
        if self.state != State::Testing {
            return false;
        }
        if passed {
            self.state = State::Good;
            return true;
        }
        self.failed_tests = self.failed_tests.saturating_add(1);
        self.quarantine(policy, now_ms);
        false
    }

    /// Real work was done here: the next quarantine is a short one again.
    pub(crate) fn progressed(&mut self) {
        self.failed_tests = 0;
    }
}
