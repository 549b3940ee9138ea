//! Whether workers are alive and get on: leases, stalls, time limits, and the disk. Not what becomes of their work.

use std::time::{Duration, Instant};

use newsreel_model::store::Change;
use newsreel_model::{Code, Error};
use newsreel_scheduler::{Epoch, Input, WorkerSlot};

use super::core::Core;
use crate::telemetry::WorkerDied;
use crate::worker::protocol::Done;

/// A session's signs of life.
pub(super) struct Pulse {
    began: Instant,
    done: Done,
    /// When `done` last changed.
    moved: Instant,
}

impl Pulse {
    /// A session that just began.
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            done: Done::default(),
            moved: now,
        }
    }

    /// What it waits for is not its affair.
    pub fn excuse(&mut self) {
        self.moved = Instant::now();
    }

    /// Whether its encoders are open.
    pub fn encodes(&self) -> bool {
        self.done.frames > 0
    }
}

impl Core {
    pub(super) fn beat(&mut self, slot: WorkerSlot, done: &[(Epoch, Done)]) {
        let now = Instant::now();
        if let Some(entry) = self.hosts.get_mut(&slot) {
            entry.heard = now;
        }
        for (epoch, done) in done {
            if let Some(pulse) = self.sessions.get_mut(epoch).and_then(|s| s.pulse.as_mut())
                && pulse.done != *done
            {
                pulse.done = *done;
                pulse.moved = now;
            }
        }
        self.see_sessions_held(slot);
    }

    /// Ends workers that hang, and tells the scheduler how much disk there is.
    pub(super) fn look_after_workers(&mut self) {
        let limit = |s: u32| Duration::from_secs(u64::from(s));
        let worker = &self.config.worker;
        let (lease, stall) = (limit(worker.lease_s), limit(worker.stall_s));
        let longest = limit(worker.max_session_s);
        let hung = |what: String| Error::new(Code::WorkerStalled, what);
        self.look_after_arrivals();
        let slots: Vec<WorkerSlot> = self.hosts.keys().copied().collect();
        for slot in slots {
            let Some(entry) = self.hosts.get_mut(&slot) else {
                continue;
            };
            // While the disk is slow, nothing is held against the worker.
            if entry.host.busy.load(std::sync::atomic::Ordering::SeqCst) {
                entry.heard = Instant::now();
                let sessions = self.sessions.values_mut().filter(|s| s.slot == slot);
                let pulses = sessions.filter_map(|s| s.pulse.as_mut());
                pulses.for_each(Pulse::excuse);
                continue;
            }
            if entry.condemned.is_some() || entry.closing {
                continue;
            }
            let mut why = None;
            if entry.heard.elapsed() > lease {
                why = Some((
                    None,
                    hung(format!(
                        "a worker gave no sign of life for {} s",
                        lease.as_secs()
                    )),
                ));
            }
            let sessions = self.sessions.iter().filter(|(_, s)| s.slot == slot);
            for (epoch, pulse) in sessions.filter_map(|(e, s)| Some((e, s.pulse.as_ref()?))) {
                if pulse.moved.elapsed() > stall {
                    let words = format!("nothing was encoded or read for {} s", stall.as_secs());
                    why = Some((Some(*epoch), hung(words)));
                } else if pulse.began.elapsed() > longest {
                    let words = format!(
                        "the work took longer than worker.max_session_s ({})",
                        longest.as_secs()
                    );
                    why = Some((Some(*epoch), hung(words)));
                }
            }
            if let Some((epoch, error)) = why {
                tracing::warn!(slot = slot.0, pid = entry.host.pid(), "{error}");
                entry.host.kill();
                entry.condemned = Some((epoch, error));
            }
        }
        self.relax_limits();
        self.measure_disk();
    }

    pub(super) fn worker_gone(&mut self, slot: WorkerSlot, why: &str) {
        let Some(entry) = self.hosts.remove(&slot) else {
            return;
        };
        let lost: Vec<Epoch> = self
            .sessions
            .iter()
            .filter(|(_, s)| s.slot == slot)
            .map(|(epoch, _)| *epoch)
            .collect();
        if entry.closing && lost.is_empty() {
            return;
        }
        let words = format!("the worker process ended ({why})");
        let died = Error::new(Code::WorkerLost, words);
        let (last_inside, error) = entry.condemned.unwrap_or((None, died));
        let sessions = lost.len();
        WorkerDied {
            slot,
            sessions,
            error: &error,
            why,
        }
        .emit();
        let last_inside = last_inside.or_else(|| lost.first().copied().filter(|_| lost.len() == 1));
        let mut jobs = Vec::new();
        for epoch in &lost {
            if let Some(session) = self.close_books(*epoch) {
                if let Some(job) = self.jobs.get_mut(&session.job) {
                    job.error = Some(error.clone());
                }
                self.apply(vec![(Change::Failure { job: session.job }, None)]);
                jobs.push(session.job);
            }
        }
        self.inputs
            .push_back(Input::WorkerDied { slot, last_inside });
        self.settle();
        jobs.into_iter().for_each(|job| self.forget_if_idle(job));
    }

    fn measure_disk(&mut self) {
        if let Ok(disk) = rustix::fs::statvfs(self.config.storage.data_dir.as_str()) {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            self.disk_free = free;
            self.inputs.push_back(Input::DiskFree(free));
        }
    }
}
