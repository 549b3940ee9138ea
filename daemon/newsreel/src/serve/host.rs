//! A worker process as the daemon sees it: started, listened to, ended. Not which work it gets (`core`).

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, unbounded};
use newsreel_model::job::{Finished, layout};
use newsreel_model::plan::Plan;
use newsreel_model::{Code, Error, Result};
use newsreel_scheduler::{Epoch, WorkerSlot};
use parking_lot::Mutex;

use super::live::LiveJob;
use super::message::Message;
use super::process;
use crate::faults;
use crate::job::publisher::Piece;
use crate::threads;
use crate::worker::channel::{self, Channel};
use crate::worker::protocol::{self, Order, Planned, Task, Word};

/// How long a worker that was told to go may take before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// One worker process.
pub struct Host {
    slot: WorkerSlot,
    channel: Arc<Channel>,
    orders: Sender<(Order, Vec<OwnedFd>)>,
    child: Mutex<Child>,
    sessions: Mutex<HashMap<u64, Arc<Link>>>,
    /// Set while a piece of it is being taken: the disk is slow then, not the worker.
    pub busy: AtomicBool,
    tell: Sender<Message>,
}

/// A session's right to publish.
pub struct Link {
    live: Arc<LiveJob>,
    /// Cleared when the work is given away; nothing that comes afterwards counts.
    current: AtomicBool,
    /// Whether it makes what is made once; a run makes segments.
    programme: bool,
    /// A run's segments as it was given them, and the first that is not the run's any more.
    given: std::ops::Range<usize>,
    until: AtomicUsize,
    /// What the daemon found wrong with the session.
    refused: Mutex<Option<Error>>,
}

impl Host {
    /// Starts a worker: this binary, re-executed, with the memory it may take and how far it stands back. `tell_device` says for
    /// which device.
    ///
    /// # Errors
    /// No process or thread can be started.
    pub fn start(
        slot: WorkerSlot,
        limits: (u64, u8),
        tell_device: impl FnOnce(&mut Command),
        tell: Sender<Message>,
    ) -> Result<Arc<Self>> {
        let (channel, child) = process::start(limits, tell_device)?;
        let channel = Arc::new(channel);
        let (orders, given) = unbounded();
        let host = Arc::new(Self {
            slot,
            channel: Arc::clone(&channel),
            orders,
            child: Mutex::new(child),
            sessions: Mutex::default(),
            busy: AtomicBool::new(false),
            tell,
        });
        let listening = Arc::clone(&host);
        threads::start("worker-words", move || listening.listen())?;
        threads::start("worker-orders", move || pass_on(&given, &channel))?;
        Ok(host)
    }

    /// Gives the worker a session. `segments` are those it may publish; `index` belongs to a run.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn begin(
        &self,
        epoch: Epoch,
        live: &Arc<LiveJob>,
        task: &Task,
        segments: std::ops::Range<usize>,
        index: Option<&OwnedFd>,
    ) -> Result<()> {
        let link = Link {
            live: Arc::clone(live),
            current: AtomicBool::new(true),
            programme: matches!(task, Task::Programme { .. }),
            until: AtomicUsize::new(segments.end),
            given: segments,
            refused: Mutex::new(None),
        };
        self.sessions.lock().insert(epoch.0, Arc::new(link));
        let task = serde_json::to_vec(task).map_err(|e| Error::bug(e.to_string()))?;
        let task = channel::in_memory(&task)?;
        let copy = |fd: BorrowedFd<'_>| {
            fd.try_clone_to_owned()
                .map_err(|e| Error::new(Code::WorkerLost, format!("no descriptor is left: {e}")))
        };
        let mut fds = vec![copy(live.source.file().as_fd())?, task];
        if let Some(index) = index {
            fds.push(copy(index.as_fd())?);
        }
        // A worker that is gone is noticed by whoever listens to it.
        let _ = self.orders.send((Order::Start { epoch: epoch.0 }, fds));
        Ok(())
    }

    /// From now on the session may not publish segments from `before` on, and is asked not to make them.
    pub fn cut(&self, epoch: Epoch, before: usize) {
        if let Some(link) = self.sessions.lock().get(&epoch.0) {
            link.until
                .fetch_min(before.max(link.given.start), Ordering::SeqCst);
        }
        self.order(Order::Cut {
            epoch: epoch.0,
            before,
        });
    }

    /// Asks the session to end after the segment it is in.
    pub fn cut_at_next_line(&self, epoch: Epoch) {
        self.order(Order::Cut {
            epoch: epoch.0,
            before: 0,
        });
    }

    /// Nothing of this session counts from now on, whether it hears of it or not.
    pub fn revoke(&self, epoch: Epoch) {
        if let Some(link) = self.sessions.lock().get(&epoch.0) {
            link.current.store(false, Ordering::SeqCst);
        }
        self.order(Order::Stop { epoch: epoch.0 });
    }

    /// Nothing of this worker counts from now on, and it is killed.
    pub fn kill(&self) {
        for link in self.sessions.lock().values() {
            link.current.store(false, Ordering::SeqCst);
        }
        if faults::spares_workers() {
            // Given up like one that cannot be killed: the socket is closed, and nothing more is heard of it.
            return self.close();
        }
        // Killed or gone already: it is the same.
        let _ = self.child.lock().kill();
    }

    /// The worker is not needed any more: a closed socket ends it.
    pub fn close(&self) {
        let _ = rustix::net::shutdown(&self.channel, rustix::net::Shutdown::Both);
    }

    /// Process id, for the log.
    pub fn pid(&self) -> u32 {
        self.child.lock().id()
    }

    fn order(&self, order: Order) {
        // A worker that is gone is noticed by whoever listens to it.
        let _ = self.orders.send((order, Vec::new()));
    }

    fn listen(self: Arc<Self>) {
        let why = loop {
            match self.channel.receive::<Word>() {
                Ok(Some((word, fds))) => {
                    if let Err(e) = self.hear(word, fds) {
                        break e.to_string();
                    }
                }
                Ok(None) => break "it ended".to_owned(),
                Err(e) => break e.to_string(),
            }
        };
        let why = self.reap().unwrap_or(why);
        // What it handed over is finished before its work is given out again; then nothing here holds its jobs any more.
        for (_, link) in self.sessions.lock().drain() {
            link.current.store(false, Ordering::SeqCst);
            // A failure to publish is the job's, and told by whoever publishes next.
            let _ = link.live.flush();
        }
        let slot = self.slot;
        let _ = self.tell.send(Message::WorkerGone { slot, why });
    }

    /// Waits for the process to end, and kills it if it does not; how it ended, in words.
    fn reap(&self) -> Option<String> {
        let until = Instant::now() + GRACE;
        loop {
            let mut child = self.child.lock();
            match child.try_wait() {
                Ok(Some(status)) => return Some(status.to_string()),
                Ok(None) if Instant::now() < until => {}
                _ if faults::spares_workers() => return Some("it was given up".to_owned()),
                _ => {
                    let _ = child.kill();
                    return child.wait().ok().map(|status| status.to_string());
                }
            }
            drop(child);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn hear(&self, word: Word, fds: Vec<OwnedFd>) -> Result<()> {
        match word {
            Word::Hello { build, unenforced } => {
                if build != protocol::build() {
                    return Err(Error::bug("a worker of another build"));
                }
                tracing::debug!(pid = self.pid(), ?unenforced, "worker ready");
                Ok(())
            }
            Word::Beat { done } => {
                let slot = self.slot;
                let done = done.into_iter().map(|(e, d)| (Epoch(e), d)).collect();
                let _ = self.tell.send(Message::Beat { slot, done });
                Ok(())
            }
            Word::Head { epoch } => self.guarded(epoch, |link| {
                let plan: Plan = parse(fds.into_iter().next())?;
                link.live.begin_publishing(&plan)
            }),
            Word::Planned { epoch } => self.guarded(epoch, |link| {
                let mut fds = fds.into_iter();
                let planned: Planned = parse(fds.next())?;
                let index = fds
                    .next()
                    .ok_or_else(|| Error::bug("a plan without an index"))?;
                // What is public of the beginning is committed before the plan says what is missing.
                link.live.flush()?;
                let _ = self.tell.send(Message::Planned {
                    epoch: Epoch(epoch),
                    planned: Box::new(planned),
                    index,
                });
                Ok(())
            }),
            Word::Piece { epoch, finished } => {
                self.busy.store(true, Ordering::SeqCst);
                let heard = self.guarded(epoch, |link| {
                    let fd = fds.into_iter().next();
                    let fd = fd.ok_or_else(|| Error::bug("a piece without its bytes"))?;
                    let bytes = channel::payload(fd)?;
                    match link.right_to(&finished) {
                        Right::Own => link.live.publish(Piece { finished, bytes }),
                        // It was begun before the worker heard of the cut.
                        Right::GivenAway => Ok(()),
                        Right::None => Err(Error::bug("a piece that is not its session's")),
                    }
                });
                self.busy.store(false, Ordering::SeqCst);
                self.order(Order::Taken { epoch });
                heard
            }
            Word::FellBack { epoch, fallback } => self.guarded(epoch, |link| {
                link.live.fell_back(&fallback);
                let epoch = Epoch(epoch);
                let _ = self.tell.send(Message::FellBack { epoch, fallback });
                Ok(())
            }),
            // Only who asked for it listens to it, over a worker of its own.
            Word::Measured { .. } => Ok(()),
            Word::Ended { epoch, failure } => {
                let Some(link) = self.sessions.lock().remove(&epoch) else {
                    return Ok(());
                };
                self.busy.store(true, Ordering::SeqCst);
                let flushed = link.live.flush();
                self.busy.store(false, Ordering::SeqCst);
                let refused = link.refused.lock().take();
                let error = refused.or(flushed.err()).or(failure.map(Error::from));
                // Whoever hears of the end may open the job anew, and finds its directory free.
                drop(link);
                let epoch = Epoch(epoch);
                let _ = self.tell.send(Message::Ended { epoch, error });
                Ok(())
            }
        }
    }

    /// Does something for a session that still counts; what goes wrong ends the session, not the worker.
    fn guarded(&self, epoch: u64, work: impl FnOnce(&Link) -> Result<()>) -> Result<()> {
        let Some(link) = self.sessions.lock().get(&epoch).cloned() else {
            return Ok(());
        };
        let wanted = link.current.load(Ordering::SeqCst) && link.refused.lock().is_none();
        if let Err(e) = if wanted { work(&link) } else { Ok(()) } {
            *link.refused.lock() = Some(e);
            self.order(Order::Stop { epoch });
        }
        Ok(())
    }
}

/// Whose a piece is.
#[derive(PartialEq, Eq)]
enum Right {
    Own,
    /// It was the session's, and was given to another since.
    GivenAway,
    None,
}

impl Link {
    /// Whether a piece is one this session was asked for: a worker may be in the hands of a hostile file.
    fn right_to(&self, piece: &Finished) -> Right {
        let until = self.until.load(Ordering::SeqCst);
        let segment = piece
            .path
            .rsplit('/')
            .next()
            .and_then(layout::segment_index);
        let given_away = !self.programme && segment.is_some_and(|s| s >= until);
        match (self.asked_for(piece), given_away) {
            (false, _) => Right::None,
            (true, true) => Right::GivenAway,
            (true, false) => Right::Own,
        }
    }

    /// Whether a piece is of the kind this session was given to make.
    fn asked_for(&self, piece: &Finished) -> bool {
        let mut parts = piece.path.split('/');
        let (Some(kind), name, file, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let programme = self.programme;
        let plain =
            |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match (kind, name, file) {
            ("video", Some(rung), Some(file)) if plain(rung) => {
                let segment = layout::segment_index(file);
                let own = |s: usize| {
                    if programme {
                        s == 0
                    } else {
                        self.given.contains(&s)
                    }
                };
                file == layout::INIT || segment.is_some_and(own)
            }
            ("audio", Some(language), Some(file)) if programme && plain(language) => {
                file == layout::INIT || layout::segment_index(file).is_some()
            }
            ("subs", Some(track), Some(file)) if programme && plain(track) => {
                file.strip_suffix(".vtt").is_some_and(plain)
            }
            ("thumbs", ..) if programme => layout::picture(&piece.path).is_some(),
            (layout::POSTER | layout::STORYBOARD | layout::STORYBOARD_VTT, None, None) => programme,
            _ => false,
        }
    }
}

/// Sends orders in a thread of its own: a socket takes a few of them, and a worker that stands still reads none.
fn pass_on(orders: &Receiver<(Order, Vec<OwnedFd>)>, channel: &Channel) {
    for (order, fds) in orders {
        let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        if channel.send(&order, &fds).is_err() {
            // Ends the worker too, should it still be there: it would wait for what it was never told.
            let _ = rustix::net::shutdown(channel, rustix::net::Shutdown::Both);
            return;
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(fd: Option<OwnedFd>) -> Result<T> {
    let fd = fd.ok_or_else(|| Error::bug("a word of a worker lacks its payload"))?;
    serde_json::from_slice(&channel::payload(fd)?)
        .map_err(|e| Error::bug("a worker's payload cannot be read").with_detail(e.to_string()))
}
