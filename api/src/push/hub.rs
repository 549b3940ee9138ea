//! Reads the log once for all listeners, and tells them. Not here: what a listener missed before it came (`listen`).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::control::{Control, RunningJob};
use newsreel_model::envelope::Envelope;
use newsreel_model::event::Event;
use newsreel_model::store::LoggedEvent;
use tokio::sync::{Mutex, broadcast};

/// Events kept for listeners that are a little behind; who is further behind is disconnected.
const BEHIND: usize = 1024;

/// Between two looks at how far running jobs are.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// How long to wait before asking again for events that could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// An event on its way to listeners, written once for all of them.
#[derive(Debug)]
pub(super) struct Told {
    /// Its number; none for what is not logged.
    pub(super) id: Option<u64>,
    pub(super) job: Option<JobId>,
    /// Whose job it is.
    pub(super) tenant: Option<String>,
    pub(super) kind: String,
    /// The envelope as JSON.
    pub(super) json: String,
}

impl Told {
    /// An event of a tenant's job, or of none.
    pub(super) fn new(envelope: Envelope, tenant: Option<String>) -> Self {
        Self {
            id: envelope.id,
            job: envelope.job_id,
            tenant,
            // It is made of strings, numbers and maps with string keys: it can always be written.
            json: serde_json::to_string(&envelope).unwrap_or_default(),
            kind: envelope.kind,
        }
    }
}

impl From<&LoggedEvent> for Told {
    fn from(logged: &LoggedEvent) -> Self {
        Self::new(Envelope::from(logged), logged.tenant.clone())
    }
}

/// What has been told so far, and the way to be told the rest.
pub(super) struct Subscription {
    /// Every event after this one will come.
    pub(super) at: u64,
    pub(super) coming: broadcast::Receiver<Arc<Told>>,
}

/// The one reader of the log. It sleeps while nobody listens.
pub(crate) struct Hub {
    control: Arc<dyn Control>,
    /// Where the reader is, while there is one.
    reading: Mutex<Option<broadcast::Sender<Arc<Told>>>>,
    at: Mutex<u64>,
}

impl Hub {
    pub(crate) fn new(control: Arc<dyn Control>) -> Arc<Self> {
        Arc::new(Self {
            control,
            reading: Mutex::default(),
            at: Mutex::default(),
        })
    }

    /// Begins to listen.
    pub(super) async fn subscribe(self: &Arc<Self>) -> newsreel_model::Result<Subscription> {
        let mut reading = self.reading.lock().await;
        // Held, so that the reader tells nothing between its place being looked at and the subscription.
        let mut at = self.at.lock().await;
        if let Some(tell) = &*reading {
            return Ok(Subscription {
                at: *at,
                coming: tell.subscribe(),
            });
        }
        *at = self.control.events(u64::MAX, None).await?.ends.newest;
        let (tell, coming) = broadcast::channel(BEHIND);
        *reading = Some(tell.clone());
        tokio::spawn(Arc::clone(self).read(tell));
        Ok(Subscription { at: *at, coming })
    }

    /// Tells until nobody listens any more.
    async fn read(self: Arc<Self>, tell: broadcast::Sender<Arc<Told>>) {
        let mut seen = 0;
        let mut shown = Vec::new();
        let mut progress = tokio::time::interval(PROGRESS_EVERY);
        loop {
            tokio::select! {
                news = self.control.news(seen) => {
                    match news {
                        Ok(next) => seen = next,
                        Err(_) => tokio::time::sleep(AGAIN).await,
                    }
                    self.pass_on(&tell).await;
                }
                _ = progress.tick() => {
                    if self.leave(&tell).await {
                        return;
                    }
                    let running = self.control.running();
                    show(&tell, &running, &shown);
                    shown = running;
                }
            }
        }
    }

    /// Whether nobody listens; then the next listener starts a reader of its own.
    async fn leave(&self, tell: &broadcast::Sender<Arc<Told>>) -> bool {
        let mut reading = self.reading.lock().await;
        let alone = tell.receiver_count() == 0;
        if alone {
            *reading = None;
        }
        alone
    }

    /// Tells everything that was logged since the last time.
    async fn pass_on(&self, tell: &broadcast::Sender<Arc<Told>>) {
        let mut at = self.at.lock().await;
        loop {
            match self.control.events(*at, None).await {
                Ok(page) if page.events.is_empty() => return,
                Ok(page) => {
                    for logged in &page.events {
                        *at = logged.id;
                        // Nobody listening at this moment is no failure.
                        let _ = tell.send(Arc::new(Told::from(logged)));
                    }
                }
                Err(error) => {
                    tracing::warn!(code = error.code().name(), "events cannot be read: {error}");
                    return tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

/// Tells the progress of jobs that got on.
fn show(tell: &broadcast::Sender<Arc<Told>>, running: &[RunningJob], shown: &[RunningJob]) {
    let now = Timestamp::now();
    for job in running.iter().filter(|job| !shown.contains(job)) {
        let event = Event::Progress {
            frames_done: job.progress.frames_done,
            frames_total: job.progress.frames_total,
            speed: job.progress.speed,
            eta_s: job.progress.eta_s,
        };
        let mut envelope = Envelope::transient(Some(job.id), &event, now);
        let share = job.progress.progress.into();
        envelope.data.insert("progress".to_owned(), share);
        let _ = tell.send(Arc::new(Told::new(envelope, Some(job.tenant.clone()))));
    }
}
