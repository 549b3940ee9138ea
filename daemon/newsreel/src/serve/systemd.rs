//! What the service manager is told, where one started the daemon (`NOTIFY_SOCKET`); elsewhere nothing happens.
//!
//! Not here: the unit (`scripts/package/newsreel.service`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use newsreel_model::Result;
use sd_notify::NotifyState;

use crate::threads;

/// Beats as long as the deciding thread gets round: what else looks alive does not count.
#[derive(Clone, Default)]
pub struct Heart(Arc<AtomicU64>);

impl Heart {
    /// Once round.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn beats(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Requests are answered from now on, by the configuration in force.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read.
pub fn reloading() {
    let now = NotifyState::monotonic_usec_now().ok();
    let words: Vec<_> = std::iter::once(NotifyState::Reloading).chain(now).collect();
    tell(&words);
}

/// Nothing new is begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Feeds the manager's watchdog while the heart beats, if the manager wants that (`WATCHDOG_USEC`).
///
/// # Errors
/// No thread can be started.
pub fn keep_watch(heart: Heart) -> Result<()> {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return Ok(());
    };
    threads::start("watchdog", move || {
        let mut before = None;
        loop {
            let beats = heart.beats();
            if before != Some(beats) {
                tell(&[NotifyState::Watchdog]);
            }
            before = Some(beats);
            std::thread::sleep(patience / 4);
        }
    })
}

fn tell(words: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(words) {
        tracing::debug!("the service manager cannot be told: {error}");
    }
}
