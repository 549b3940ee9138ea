//! Faults on demand, for tests of what survives them. Compiled in only with the feature `faults`; without it, nothing here
//! does anything. Not a way to configure the daemon.

#[cfg(feature = "faults")]
mod on {
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Segments of a run that come through before its fault.
    const SOUND_SEGMENTS: u32 = 1;

    /// A profile called `fault-crash…` ends its worker, one called `fault-hang…` stops inside the engine.
    pub fn at_segment(profile: &str, made: &AtomicU32) {
        if made.fetch_add(1, Ordering::SeqCst) < SOUND_SEGMENTS {
            return;
        }
        if profile.starts_with("fault-crash") {
            std::process::abort();
        }
        while profile.starts_with("fault-hang") {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    fn number(name: &str) -> Option<usize> {
        std::env::var(name).ok()?.parse().ok()
    }

    /// Sessions one CPU worker hosts, where `NEWSREEL_FAULTS_SESSIONS` says so.
    pub fn sessions_per_worker() -> usize {
        number("NEWSREEL_FAULTS_SESSIONS").unwrap_or(1)
    }

    /// Cores the CPU is taken to have, where `NEWSREEL_FAULTS_CORES` says so.
    pub fn cores(real: usize) -> usize {
        number("NEWSREEL_FAULTS_CORES").unwrap_or(real)
    }

    /// The first pause between two attempts of a webhook in milliseconds, where `NEWSREEL_FAULTS_WEBHOOK_MS` says so.
    pub fn webhook_step_ms() -> i64 {
        let step = number("NEWSREEL_FAULTS_WEBHOOK_MS").and_then(|ms| i64::try_from(ms).ok());
        step.unwrap_or(5000)
    }

    /// Whether workers that are given up live on, as one stuck in a driver would: only their words are ignored.
    pub fn spares_workers() -> bool {
        std::env::var_os("NEWSREEL_FAULTS_SPARE").is_some()
    }
}

#[cfg(not(feature = "faults"))]
mod on {
    pub fn at_segment(_: &str, _: &std::sync::atomic::AtomicU32) {}

    pub fn sessions_per_worker() -> usize {
        1
    }

    pub fn cores(real: usize) -> usize {
        real
    }

    pub fn webhook_step_ms() -> i64 {
        5000
    }

    pub fn spares_workers() -> bool {
        false
    }
}

pub use on::*;
