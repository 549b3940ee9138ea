//! What the daemon does when it is signalled: SIGTERM and SIGINT stop it, SIGHUP has it read its configuration again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam::channel::Sender;
use newsreel_model::{Code, Error, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::watch;

use super::message::Message;
use super::systemd;
use crate::{printing, threads};

/// What signals lead to.
pub struct Signalled {
    pub tell: Sender<Message>,
    /// Cleared when the daemon is told to stop.
    pub taking: Arc<AtomicBool>,
    /// Set when the configuration is to be read again.
    pub reload: Arc<AtomicBool>,
}

/// Begins to listen to signals. What is given back says when to stop.
///
/// # Errors
/// The system lets nobody listen.
pub fn listen(to: Signalled) -> Result<watch::Receiver<bool>> {
    let failed = |e: std::io::Error| Error::bug(format!("cannot watch for signals: {e}"));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
    let (stop, stopping) = watch::channel(false);
    threads::start("signals", move || {
        for signal in signals.forever() {
            if signal == SIGHUP {
                to.reload.store(true, Ordering::SeqCst);
            } else {
                to.stop(&stop);
            }
        }
    })?;
    Ok(stopping)
}

impl Signalled {
    /// The first signal drains, the second ends at once.
    fn stop(&self, stop: &watch::Sender<bool>) {
        if !self.taking.swap(false, Ordering::SeqCst) {
            std::process::exit(i32::from(Code::Cancelled.exit_status()));
        }
        printing::note("stopping: running segments are finished first; once more stops at once");
        systemd::stopping();
        let _ = self.tell.send(Message::Drain);
        let _ = stop.send(true);
    }
}
