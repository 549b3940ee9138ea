//! The order of a delivery: what playlists name before them, again as it grows, the rest at the end, and then a look at
//! what is really there. Not here: one file (`send`).

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use newsreel_model::job::{Finished, layout};
use newsreel_model::{Code, Error, Result};
use object_store::path::Path as Key;
use tokio::runtime::Runtime;

use super::claim::{Claim, claim};
use super::ledger::{Ledger, list};
use super::playlist;
use super::send::{Failed, Item, send};
use super::{Delivered, Order, Shared};
use crate::storage::kinds::{Rank, rank};
use crate::storage::{self, Fault};

/// How many files are on their way at a time.
const AT_ONCE: usize = 8;
/// How often growing playlists are looked at.
const LOOK: Duration = Duration::from_millis(300);
/// The pause after a failure; it doubles with each in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often a bucket may list something other than what it took.
const MAX_DOUBTS: u32 = 5;

/// How a step went.
enum Step {
    Done,
    /// It is to be tried again; why.
    Again(String),
}

/// A delivery, as its thread sees it.
pub struct Carrier<'a> {
    order: Order,
    shared: &'a Shared,
    prefix: Key,
    runtime: Runtime,
    /// None until the destination is known to be the job's.
    ledger: Option<Ledger>,
    /// What has to be sent, by path.
    wanted: BTreeMap<String, Item>,
    /// Everything is asked for.
    complete: bool,
    doubts: u32,
}

impl<'a> Carrier<'a> {
    /// Over an order that was looked at.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn new(order: Order, shared: &'a Shared) -> Result<Self> {
        let prefix = Key::parse(&order.place.key).map_err(|e| Error::bug(e.to_string()))?;
        Ok(Self {
            order,
            shared,
            prefix,
            runtime: storage::runtime(AT_ONCE)?,
            ledger: None,
            wanted: BTreeMap::new(),
            complete: false,
            doubts: 0,
        })
    }

    /// Delivers until everything is there.
    ///
    /// # Errors
    /// It never will be: words that say what to do, or [`Code::Cancelled`].
    pub fn run(&mut self) -> Result<Delivered> {
        let (mut pause, mut since) = (FIRST_PAUSE, Instant::now());
        loop {
            self.wait(LOOK);
            self.is_wanted()?;
            self.take_news();
            let before = self.progress();
            let step = self.step()?;
            if self.progress() > before {
                (pause, since) = (FIRST_PAUSE, Instant::now());
            }
            match step {
                Step::Done if self.complete => {
                    let (files, bytes) = self.ledger.as_ref().map_or((0, 0), Ledger::sums);
                    return Ok(Delivered { files, bytes });
                }
                Step::Done => (pause, since) = (FIRST_PAUSE, Instant::now()),
                Step::Again(why) if since.elapsed() >= self.order.give_up => {
                    let seconds = self.order.give_up.as_secs();
                    return Err(self.failed(&format!(
                        "for {seconds} s nothing could be sent ({why}); see to the store or the network"
                    )));
                }
                Step::Again(why) => {
                    tracing::info!(job = %self.order.job, "its delivery is tried again: {why}");
                    self.pause(pause)?;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Everything that can be done now.
    fn step(&mut self) -> Result<Step> {
        if self.ledger.is_none() {
            let (store, dir) = (&*self.order.bucket.store, &self.order.dir);
            let asked = claim(store, &self.prefix, dir, self.order.job);
            match self.runtime.block_on(asked) {
                Ok(Claim::Ours(listed)) => self.ledger = Some(Ledger::open(dir, &listed)?),
                Ok(Claim::Foreign(what)) => return Err(self.foreign(&what)),
                Err(error) => return self.judge(&error),
            }
        }
        for rank in [
            Rank::Media,
            Rank::Playlist,
            Rank::Master,
            Rank::Whole,
            Rank::Report,
            Rank::Record,
        ] {
            if let Step::Again(why) = self.send_all(rank)? {
                return Ok(Step::Again(why));
            }
        }
        match self.complete {
            true => self.verify(),
            false => Ok(Step::Done),
        }
    }

    /// Sends what is wanted of a rank, some at a time.
    fn send_all(&mut self, which: Rank) -> Result<Step> {
        let Some(ledger) = &mut self.ledger else {
            return Ok(Step::Done);
        };
        self.wanted
            .retain(|path, item| !ledger.has(path, &item.hash));
        let may_go = |item: &&Item| rank(&item.path) == which && is_ready(item, ledger);
        let items: Vec<Item> = self.wanted.values().filter(may_go).cloned().collect();
        let (store, prefix, dir) = (&*self.order.bucket.store, &self.prefix, &self.order.dir);
        let wanted = &mut self.wanted;
        let mut failed = None;
        // What has begun is waited for: it may well arrive, and would be sent again for nothing.
        let halt = Cell::new(false);
        let more = |_: &&Item| !halt.get() && !self.shared.stop.load(Ordering::SeqCst);
        self.runtime.block_on(async {
            let next = items.iter().take_while(more);
            let sending = next.map(|item| send(store, prefix, dir, item));
            let mut sending = futures_util::stream::iter(sending).buffer_unordered(AT_ONCE);
            while let Some(done) = sending.next().await {
                let noted = done.and_then(|sent| {
                    wanted.remove(&sent.path);
                    ledger.add(sent).map_err(Failed::Here)
                });
                failed = noted.err().or(failed.take());
                halt.set(failed.is_some());
            }
        });
        match failed {
            None => Ok(Step::Done),
            Some(Failed::Here(error)) => Err(error),
            Some(Failed::Store(error)) => self.judge(&error),
        }
    }

    /// Compares what the bucket lists with what it took.
    fn verify(&mut self) -> Result<Step> {
        let Some(ledger) = &mut self.ledger else {
            return Ok(Step::Done);
        };
        let listing = list(&*self.order.bucket.store, &self.prefix);
        let listed = match self.runtime.block_on(listing) {
            Ok(listed) => listed,
            Err(error) => return self.judge(&error),
        };
        let Some(wrong) = ledger.compare(&listed) else {
            return match self.wanted.is_empty() {
                true => Ok(Step::Done),
                false => Err(Error::bug(format!("{:?} was not sent", self.wanted.keys()))),
            };
        };
        self.doubts += 1;
        let why = format!("the bucket does not list {wrong} as it was sent");
        if self.doubts > MAX_DOUBTS {
            return Err(self.failed(&format!("{why}; look who else writes or deletes there")));
        }
        let all = self.shared.state.lock().all.clone();
        self.want_all(&all.unwrap_or_default());
        Ok(Step::Again(why))
    }

    /// Takes over what was finished meanwhile.
    fn take_news(&mut self) {
        // Playlists first: what they name was told before they were written.
        let playlists = self.playlists();
        let mut state = self.shared.state.lock();
        let (pieces, all) = (std::mem::take(&mut state.pieces), state.all.clone());
        drop(state);
        match all {
            Some(all) if !self.complete => self.want_all(&all),
            Some(_) => {}
            None => {
                pieces.iter().for_each(|piece| self.want(piece));
                for item in playlists {
                    self.want_item(item);
                }
            }
        }
    }

    fn want_all(&mut self, all: &[Finished]) {
        self.complete = true;
        self.wanted.clear();
        all.iter().for_each(|file| self.want(file));
        // What names others is small, and is looked into before it goes.
        for item in self.wanted.values_mut() {
            if item.path.ends_with(".m3u8") {
                item.text = std::fs::read(self.order.dir.join(&item.path)).ok();
            }
        }
    }

    fn want(&mut self, file: &Finished) {
        self.want_item(Item {
            path: file.path.clone(),
            hash: file.hash.clone(),
            text: None,
        });
    }

    fn want_item(&mut self, item: Item) {
        // Before the destination is ours, nothing is known to be there.
        let there = |ledger: &Ledger| ledger.has(&item.path, &item.hash);
        if self.ledger.as_ref().is_some_and(there) {
            self.wanted.remove(&item.path);
        } else {
            self.wanted.insert(item.path.clone(), item);
        }
    }

    /// The playlists there are now, as they are now.
    fn playlists(&self) -> Vec<Item> {
        let read = |path: String| {
            let text = std::fs::read(self.order.dir.join(&path)).ok()?;
            let hash = blake3::hash(&text).to_hex().to_string();
            let text = Some(text);
            Some(Item { path, hash, text })
        };
        let Some(master) = read(layout::MASTER.to_owned()) else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(master.text.as_deref().unwrap_or_default());
        let media = playlist::names(layout::MASTER, &text).into_iter();
        let mut all: Vec<Item> = media.filter_map(read).collect();
        all.push(master);
        all
    }

    fn judge(&self, error: &object_store::Error) -> Result<Step> {
        match Fault::of(error, &self.order.bucket.section) {
            Fault::Passing(why) => Ok(Step::Again(why)),
            Fault::Missing | Fault::Changed => {
                Ok(Step::Again("the bucket changed meanwhile".to_owned()))
            }
            Fault::Lasting(why) => Err(self.failed(&why)),
        }
    }

    fn failed(&self, why: &str) -> Error {
        let words = format!(
            "{} cannot be delivered to: {why}. What was made is kept; retry the job then, and only what is missing is made and sent",
            self.order.place
        );
        Error::new(Code::OutputUnwritable, words)
    }

    fn foreign(&self, what: &str) -> Error {
        let words = format!(
            "{} holds {what}; choose another destination",
            self.order.place
        );
        Error::new(Code::OutputForeign, words)
    }

    fn progress(&self) -> usize {
        self.ledger.as_ref().map_or(0, |ledger| 1 + ledger.count())
    }

    fn is_wanted(&self) -> Result<()> {
        match self.shared.stop.load(Ordering::SeqCst) {
            true => Err(Error::new(Code::Cancelled, "the job has ended")),
            false => Ok(()),
        }
    }

    /// Waits until there may be something to do.
    fn wait(&self, most: Duration) {
        let mut state = self.shared.state.lock();
        let idle = state.pieces.is_empty() && (state.all.is_none() || self.complete);
        if idle && !self.complete && !self.shared.stop.load(Ordering::SeqCst) {
            self.shared.news.wait_for(&mut state, most);
        }
    }

    fn pause(&self, length: Duration) -> Result<()> {
        let until = Instant::now() + length;
        while Instant::now() < until {
            self.is_wanted()?;
            std::thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }
}

/// Whether everything a file names is there.
fn is_ready(item: &Item, ledger: &Ledger) -> bool {
    match &item.text {
        Some(text) => {
            let text = String::from_utf8_lossy(text);
            let named = playlist::names(&item.path, &text);
            named.iter().all(|name| ledger.knows(name))
        }
        None => true,
    }
}
