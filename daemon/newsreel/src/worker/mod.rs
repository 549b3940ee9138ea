//! `newsreel worker`: the process in which media is decoded and encoded. It opens no path of a job and no connection.
//!
//! Descriptor 0 is its socket to the daemon; when that closes, the worker exits. Not here: what is done about its words.

pub mod channel;
pub mod device;
mod measure;
pub mod protocol;
mod session;

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use newsreel_model::{Error, Result};
use parking_lot::Mutex;

use crate::{sandbox, threads};
use channel::Channel;
use device::WorkerDevice;
use protocol::{BEAT_MS, Failure, Order, Task, Word};
use session::Session;

/// Serves the daemon on a device until its socket closes, with at most `memory_mib` of memory, `nice` steps behind the daemon.
///
/// # Errors
/// The sandbox cannot be entered, or the socket failed.
pub fn run(memory_mib: u64, nice: u8, device: device::Arguments) -> Result<()> {
    let socket = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|e| Error::bug(format!("the worker has no socket: {e}")))?;
    // A terminal, or whoever ends a whole group of processes, signals workers too; when they go is the daemon's affair.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::default())
            .map_err(|e| Error::bug(format!("the worker cannot ignore signals: {e}")))?;
    }
    newsreel_media::ffi::share_one_arena();
    // Before any thread, which would keep the priority it was started with.
    rustix::process::nice(i32::from(nice))
        .map_err(|e| Error::bug(format!("the worker cannot stand back: {e}")))?;
    // Before any thread: Landlock does not cover threads that already run.
    let unenforced = sandbox::enter(memory_mib, &device.gpu())?;
    let worker = Arc::new(Worker {
        channel: Channel::over(socket),
        device: WorkerDevice::new(device),
        sessions: Mutex::default(),
    });
    let build = protocol::build();
    worker
        .channel
        .send(&Word::Hello { build, unenforced }, &[])?;
    let beating = Arc::clone(&worker);
    threads::start("beat", move || beating.beat())?;
    while let Some((order, fds)) = worker.channel.receive::<Order>()? {
        worker.obey(order, fds)?;
    }
    if worker.sessions.lock().is_empty() {
        worker.device.close();
    }
    // Whoever is still encoding works for nobody: a clean end could take as long as a stuck driver does.
    std::process::exit(0);
}

struct Worker {
    channel: Channel,
    device: WorkerDevice,
    sessions: Mutex<Vec<Arc<Session>>>,
}

impl Worker {
    fn obey(self: &Arc<Self>, order: Order, fds: Vec<OwnedFd>) -> Result<()> {
        match order {
            Order::Start { epoch } => self.start(epoch, fds),
            Order::Cut { epoch, before } => {
                self.with(epoch, |s| s.control.cut_before(before));
                Ok(())
            }
            Order::Stop { epoch } => {
                self.with(epoch, |s| s.control.cancel.cancel());
                Ok(())
            }
            Order::Taken { epoch } => {
                self.with(epoch, Session::piece_taken);
                Ok(())
            }
        }
    }

    fn with(&self, epoch: u64, tell: impl FnOnce(&Session)) {
        let found = self
            .sessions
            .lock()
            .iter()
            .find(|s| s.epoch == epoch)
            .cloned();
        if let Some(session) = found {
            tell(&session);
        }
    }

    fn start(self: &Arc<Self>, epoch: u64, fds: Vec<OwnedFd>) -> Result<()> {
        let begun = (|| {
            let mut fds = fds.into_iter();
            let input = fds.next().ok_or_else(|| Error::bug("no input"))?;
            let task = fds.next().ok_or_else(|| Error::bug("no task"))?;
            let task: Task = serde_json::from_slice(&channel::payload(task)?)
                .map_err(|e| Error::bug(format!("a task: {e}")))?;
            let session = Session::new(epoch, input, task.promised())?;
            Ok((Arc::new(session), task, fds))
        })();
        let (session, task, more) = match begun {
            Ok(begun) => begun,
            Err(e) => return self.ended(epoch, Err(e)),
        };
        self.sessions.lock().push(Arc::clone(&session));
        let worker = Arc::clone(self);
        threads::start("session", move || {
            let outcome = session.execute(&worker.channel, &worker.device, task, more);
            worker.sessions.lock().retain(|s| s.epoch != epoch);
            // A daemon that is gone needs no word.
            let _ = worker.ended(epoch, outcome);
        })
    }

    fn ended(&self, epoch: u64, outcome: Result<()>) -> Result<()> {
        let failure = outcome.err().map(|e| Failure::from(&e));
        self.channel.send(&Word::Ended { epoch, failure }, &[])
    }

    fn beat(&self) {
        loop {
            let sessions = self.sessions.lock().clone();
            let done = sessions.iter().map(|s| (s.epoch, s.done())).collect();
            if self.channel.send(&Word::Beat { done }, &[]).is_err() {
                std::process::exit(0);
            }
            std::thread::sleep(Duration::from_millis(BEAT_MS));
        }
    }
}
