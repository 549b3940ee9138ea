//! One listener: what it missed, then what happens. Not here: the form in which it is sent.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::control::Control;
use newsreel_model::envelope::Envelope;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, interval_at};

use super::hub::{Subscription, Told};
use crate::problem::{Problem, Reason};
use crate::seen::Seen;
use crate::state::Api;

/// Where a listener wants to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// With what happens from now on.
    Now,
    /// With everything the log still has.
    Start,
    /// After an event it has seen.
    After(u64),
}

/// A listener. Events come in the order of their numbers, none twice.
pub(super) struct Listener {
    control: Arc<dyn Control>,
    job: Option<JobId>,
    seen: Seen,
    /// Whose jobs' events are told; everybody's, and those of no job, when there is none.
    tenant: Option<String>,
    /// When it is looked whether the caller may still listen.
    look: Interval,
    subscription: Subscription,
    /// The last event that was given.
    last: u64,
    /// How far the log was read.
    read: u64,
    /// Whether there may be logged events between `last` and where the subscription begins.
    behind: bool,
    ready: VecDeque<Arc<Told>>,
    _room: OwnedSemaphorePermit,
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// There are too many listeners, no such job, or the log cannot be read.
    pub(super) async fn new(
        api: &Api,
        seen: &Seen,
        job: Option<JobId>,
        from: From,
    ) -> Result<Self, Problem> {
        let Ok(room) = api.listeners.clone().try_acquire_owned() else {
            let detail = "too many clients listen for events; try again in a moment";
            return Err(Problem::new(Reason::Overloaded, detail));
        };
        if let Some(id) = job {
            seen.job(id).await?;
        }
        let subscription = api.hub.subscribe().await?;
        let every = api.options.listener_check;
        let last = match from {
            From::Now => subscription.at,
            From::Start => 0,
            From::After(id) => id,
        };
        let mut listener = Self {
            control: Arc::clone(&api.control),
            job,
            seen: seen.clone(),
            tenant: seen.tenant(),
            look: interval_at(Instant::now() + every, every),
            last,
            read: last,
            subscription,
            behind: from != From::Now,
            ready: VecDeque::new(),
            _room: room,
        };
        if let From::After(id) = from {
            listener.tell_of_gap(id).await?;
        }
        Ok(listener)
    }

    async fn tell_of_gap(&mut self, after: u64) -> Result<(), Problem> {
        let ends = self.control.events(u64::MAX, None).await?.ends;
        if after < ends.dropped {
            let gap = Envelope::gap(after, ends.dropped, Timestamp::now());
            self.ready.push_back(Arc::new(Told::new(gap, None)));
        }
        // An id from another store's log: everything of this one is later.
        if after > ends.newest {
            (self.last, self.read) = (0, 0);
            let gap = Envelope::gap(after, ends.dropped, Timestamp::now());
            self.ready.push_back(Arc::new(Told::new(gap, None)));
        }
        Ok(())
    }

    /// The next event; none when the listener is too far behind, may listen no more, or the log cannot be read: it may come
    /// again and say where it was.
    pub(super) async fn next(&mut self) -> Option<Arc<Told>> {
        loop {
            if let Some(told) = self.ready.pop_front() {
                self.last = told.id.unwrap_or(self.last);
                return Some(told);
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            let heard = tokio::select! {
                heard = self.subscription.coming.recv() => heard,
                _ = self.look.tick() => match self.seen.lasts().await {
                    true => continue,
                    false => return None,
                },
            };
            match heard {
                Ok(told) if self.wants(&told) => return Some(self.take(told)),
                Ok(_) => {}
                Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
            }
        }
    }

    fn wants(&self, told: &Told) -> bool {
        let new = told.id.is_none_or(|id| id > self.last);
        new && (self.job.is_none() || told.job == self.job) && self.may_hear(told)
    }

    fn may_hear(&self, told: &Told) -> bool {
        self.tenant.is_none() || told.tenant == self.tenant
    }

    fn take(&mut self, told: Arc<Told>) -> Arc<Told> {
        self.last = told.id.unwrap_or(self.last);
        told
    }

    /// Reads on in the log, until the subscription takes over.
    async fn catch_up(&mut self) -> Option<()> {
        let page = self.control.events(self.read, self.job).await.ok()?;
        self.behind = match page.events.last() {
            Some(newest) => {
                self.read = newest.id;
                newest.id < self.subscription.at
            }
            None => false,
        };
        let told = page.events.iter().map(Told::from);
        let heard: Vec<_> = told.filter(|told| self.may_hear(told)).collect();
        self.ready.extend(heard.into_iter().map(Arc::new));
        Some(())
    }
}
