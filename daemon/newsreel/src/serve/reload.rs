//! Looks for another configuration while the daemon runs, and puts it in force or refuses it. Not here: what its keys do.
//!
//! The file is looked at rather than watched through the kernel: what is asked is whether the path leads to other bytes, and that
//! has the same answer over an editor's rename, a network's file system and the links a container platform turns round.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam::channel::Sender;
use newsreel_model::Result;

use super::inputs::Roots;
use super::message::Message;
use super::systemd;
use crate::settings::Settings;
use crate::telemetry::{ConfigApplied, ConfigRefused};
use crate::threads;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What takes up another configuration.
pub struct Reload {
    pub settings: Arc<Settings>,
    pub roots: Roots,
    pub tell: Sender<Message>,
    /// Set by whoever wants the file read again, changed or not.
    pub asked: Arc<AtomicBool>,
}

/// What tells one state of a file from another without reading it: device, inode, length, times of change.
type Mark = (u64, u64, u64, i64, i64, i64);

fn mark(path: &Path) -> Option<Mark> {
    let data = std::fs::metadata(path).ok()?;
    let modified = (data.mtime(), data.mtime_nsec());
    let changed = data.ctime_nsec() ^ data.ctime();
    Some((
        data.dev(),
        data.ino(),
        data.len(),
        modified.0,
        modified.1,
        changed,
    ))
}

impl Reload {
    /// Begins to look; as long as the daemon runs.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(self) -> Result<()> {
        threads::start("reload", move || self.run())
    }

    fn run(&self) {
        let now = || self.settings.origin().file().map(mark);
        let (mut known, mut before) = (now(), now());
        loop {
            std::thread::sleep(LOOK);
            let seen = now();
            // What is still being written is left alone until it has stood still for a moment.
            let changed = seen != known && seen == before;
            before = seen;
            if self.asked.swap(false, Ordering::SeqCst) || changed {
                known = seen;
                systemd::reloading();
                self.take_up();
                systemd::ready();
            }
        }
    }

    fn take_up(&self) {
        match self.apply() {
            Ok(differences) => ConfigApplied(&differences).emit(),
            Err(error) => {
                self.settings.refuse(&error);
                ConfigRefused(&error).emit();
            }
        }
    }

    fn apply(&self) -> Result<Vec<newsreel_config::Difference>> {
        let config = self.settings.origin().read()?;
        // Roots that are not there are found before anything is changed.
        let roots = Roots::new(&config.storage)?;
        let differences = self.settings.replace(config)?;
        self.roots.become_like(&roots);
        let _ = self
            .tell
            .send(Message::Configured(self.settings.in_force()));
        Ok(differences)
    }
}
