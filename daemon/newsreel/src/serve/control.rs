//! The daemon's side of the HTTP interface: requests checked, made durable, passed on. Not HTTP, not decisions.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam::channel::{RecvTimeoutError, Sender, bounded};
use newsreel_model::access::Principal;
use newsreel_model::control::{
    Answer, ConfigView, Control, DeviceView, EventPage, JobPage, JobQuery, JobView, MediaFile,
    ProfileView, QueueView, RunningJob, Submitted,
};
use newsreel_model::event::Event;
use newsreel_model::job::{JobState, layout};
use newsreel_model::output::OutputView;
use newsreel_model::pictures::PictureSet;
use newsreel_model::search::{SearchHit, SearchQuery};
use newsreel_model::spec::JobSpec;
use newsreel_model::steer::PosterChoice;
use newsreel_model::store::{Applied, Change, Store, StoredJob};
use newsreel_model::uploads::Uploads;
use newsreel_model::webhook::EndpointView;
use newsreel_model::{Code, Error, JobId, Result};
use parking_lot::{Mutex, RwLock};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use tokio::sync::watch;

use super::arrivals::Arrivals;
use super::message::Message;
use super::place;
use super::steer::{unknown, wrong_state};
use super::view::{self, Snapshot};
use crate::settings::Settings;
use crate::storage;
use crate::telemetry::{self, Metrics, Moment};
use crate::uploads::Desk;

/// How long work on an ended job may take to stop before its deletion is put off.
const WIND_UP: Duration = Duration::from_secs(10);

/// The most events read from the log at a time.
const EVENTS_AT_ONCE: u32 = 500;

/// What answers requests.
#[derive(Clone)]
pub struct Daemon {
    pub store: Arc<dyn Store>,
    pub settings: Arc<Settings>,
    pub arrivals: Arrivals,
    /// Held by whoever changes the poster of a delivered job: one at a time.
    pub posters: Arc<Mutex<()>>,
    pub uploads: Desk,
    pub data_dir: PathBuf,
    pub tell: Sender<Message>,
    pub snapshot: Arc<RwLock<Snapshot>>,
    pub metrics: Metrics,
    /// Counts the store's commits.
    pub commits: Arc<watch::Sender<u64>>,
    /// Cleared when the daemon is told to stop.
    pub taking: Arc<AtomicBool>,
}

impl Daemon {
    pub(super) fn view(&self, job: StoredJob) -> JobView {
        let running = self.snapshot.read().running.get(&job.id).cloned();
        // What was delivered elsewhere may be gone here.
        let gone = storage::is_s3(&job.destination) && !place::of(&job, &self.data_dir).is_dir();
        let mut view = view::job(job, running.map(|running| running.progress));
        view.playback_path = view.playback_path.filter(|_| !gone);
        view
    }

    pub(super) fn find(&self, id: JobId) -> Result<StoredJob> {
        self.store.job(id)?.ok_or_else(unknown)
    }

    pub(super) fn tell(&self, message: Message) -> Result<()> {
        let stopping = || Error::new(Code::ShuttingDown, "the daemon is stopping");
        self.tell.send(message).map_err(|_| stopping())
    }

    fn jobs_now(&self, mut query: JobQuery) -> Result<JobPage> {
        let limit = query.limit.clamp(1, 200);
        // One more than is shown says whether there is a next page.
        query.limit = limit + 1;
        let mut jobs = self.store.jobs(&query)?;
        let more = jobs.len() > limit as usize;
        jobs.truncate(limit as usize);
        Ok(JobPage {
            next_cursor: jobs.last().map(|j| j.id).filter(|_| more),
            jobs: jobs.into_iter().map(|j| self.view(j)).collect(),
        })
    }

    fn cancel_now(&self, id: JobId) -> Result<JobView> {
        let _in_order = self.arrivals.order.lock();
        self.find(id)?;
        let end = Change::End {
            job: id,
            state: JobState::Cancelled,
            failure: None,
            at: jiff::Timestamp::now(),
        };
        let applied = self.store.apply(vec![(end, Some(Event::Cancelled {}))])?;
        let job = self.find(id)?;
        match (applied.first(), job.state) {
            (Some(Applied::Yes), _) => self.tell(Message::Cancelled(id))?,
            (_, JobState::Cancelled) => {}
            (_, state) => {
                return Err(wrong_state(
                    state,
                    "only a queued or running job can be cancelled",
                ));
            }
        }
        Ok(self.view(job))
    }

    fn retry_now(&self, id: JobId) -> Result<JobView> {
        let _in_order = self.arrivals.order.lock();
        let before = self.find(id)?;
        let requeue = Change::Requeue { job: id };
        let applied = self.store.apply(vec![(requeue, Some(Event::Queued {}))])?;
        let job = self.find(id)?;
        if applied.first() != Some(&Applied::Yes) {
            return Err(match job.state {
                JobState::Failed | JobState::Cancelled => Error::new(
                    Code::OutputBusy,
                    format!("another job writes to {} now; wait for it", job.destination),
                ),
                _ => wrong_state(
                    before.state,
                    "only a failed or cancelled job can be retried",
                ),
            });
        }
        self.arrivals.queued(job.clone())?;
        Ok(self.view(job))
    }

    pub(super) fn delete_now(&self, id: JobId) -> Result<()> {
        let job = self.find(id)?;
        // Whoever still winds up its work would write into what is removed here.
        let (waiting, gone) = bounded(0);
        self.tell(Message::LetGo { job: id, waiting })?;
        if job.ended_at.is_some() && gone.recv_timeout(WIND_UP) == Err(RecvTimeoutError::Timeout) {
            return Err(wrong_state(
                job.state,
                "its work is still being stopped; try again",
            ));
        }
        if !self.store.delete(id)? {
            return Err(wrong_state(job.state, "cancel it first"));
        }
        // Only what the daemon chose itself is removed: a destination may hold what is not ours.
        let own = place::default_destination(&self.data_dir, id);
        if place::of(&job, &self.data_dir) == own {
            match std::fs::remove_dir_all(&own) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::writing(&own.display().to_string(), &e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn media_now(&self, id: JobId, path: &str) -> Result<MediaFile> {
        let missing = || Error::new(Code::InputNotFound, "there is no such file");
        let job = self.find(id).map_err(|e| match e.code() {
            Code::JobUnknown => missing(),
            _ => e,
        })?;
        if path.split('/').any(|part| part == layout::WORK) {
            return Err(missing());
        }
        let opened = open_below(&place::of(&job, &self.data_dir), Path::new(path));
        let file = std::fs::File::from(opened.map_err(|_| missing())?);
        let data = file.metadata().map_err(|_| missing())?;
        if !data.is_file() {
            return Err(missing());
        }
        let modified = data.modified().ok();
        let name = path.rsplit('/').next().unwrap_or(path);
        Ok(MediaFile {
            len: data.len(),
            modified: modified.and_then(|at| jiff::Timestamp::try_from(at).ok()),
            immutable: name.ends_with(".m4s") || name == layout::INIT,
            file,
        })
    }
}

/// Opens a file below a directory: no link is followed, and nothing leads out.
pub(super) fn open_below(dir: &Path, path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    let dir = openat(CWD, dir, flags, Mode::empty())?;
    openat2(
        &dir,
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}

/// The store and the file system block: not on the threads that serve connections.
fn off_thread<T: Send + 'static>(
    daemon: &Daemon,
    work: impl FnOnce(&Daemon) -> Result<T> + Send + 'static,
) -> Answer<'static, T> {
    let daemon = daemon.clone();
    Box::pin(async move {
        tokio::task::spawn_blocking(move || work(&daemon))
            .await
            .unwrap_or_else(|e| Err(Error::bug(format!("a request panicked: {e}"))))
    })
}

impl Control for Daemon {
    fn submit(&self, spec: JobSpec, key: Option<String>, by: &Principal) -> Answer<'_, Submitted> {
        let by = by.clone();
        off_thread(self, move |d| d.submit_now(spec, key, by))
    }

    fn jobs(&self, query: JobQuery) -> Answer<'_, JobPage> {
        off_thread(self, move |d| d.jobs_now(query))
    }

    fn search(&self, query: SearchQuery) -> Answer<'_, Vec<SearchHit>> {
        off_thread(self, move |d| {
            let hits = d.store.search(&query)?.into_iter();
            let shown = hits.map(|hit| SearchHit {
                job: d.view(hit.job),
                snippet: hit.snippet,
                said: hit.said,
            });
            Ok(shown.collect())
        })
    }

    fn job(&self, id: JobId) -> Answer<'_, JobView> {
        off_thread(self, move |d| d.find(id).map(|job| d.view(job)))
    }

    fn cancel(&self, id: JobId) -> Answer<'_, JobView> {
        off_thread(self, move |d| d.cancel_now(id))
    }

    fn retry(&self, id: JobId) -> Answer<'_, JobView> {
        off_thread(self, move |d| d.retry_now(id))
    }

    fn prioritise(&self, id: JobId, priority: u8) -> Answer<'_, JobView> {
        off_thread(self, move |d| d.prioritise_now(id, priority))
    }

    fn poster(&self, id: JobId, choice: PosterChoice) -> Answer<'_, JobView> {
        off_thread(self, move |d| d.poster_now(id, &choice))
    }

    fn pictures(&self, id: JobId) -> Answer<'_, Vec<PictureSet>> {
        off_thread(self, move |d| d.pictures_now(id))
    }

    fn outputs(&self, id: JobId) -> Answer<'_, Vec<OutputView>> {
        off_thread(self, move |d| d.outputs_now(id))
    }

    fn delete(&self, id: JobId) -> Answer<'_, ()> {
        off_thread(self, move |d| d.delete_now(id))
    }

    fn devices(&self) -> Answer<'_, Vec<DeviceView>> {
        let devices = self.snapshot.read().devices.clone();
        Box::pin(async move { Ok(devices) })
    }

    fn profiles(&self) -> Answer<'_, Vec<ProfileView>> {
        let view = |(name, profile): (&String, &newsreel_model::profile::Profile)| ProfileView {
            name: name.clone(),
            profile: profile.clone(),
        };
        let config = self.settings.in_force();
        let profiles = config.profiles.iter().map(view).collect();
        Box::pin(async move { Ok(profiles) })
    }

    fn queue(&self, tenant: Option<String>) -> Answer<'_, QueueView> {
        off_thread(self, move |d| {
            let counts = match &tenant {
                Some(tenant) => d.store.counts_of(tenant)?,
                None => d.store.counts()?,
            };
            let snapshot = d.snapshot.read();
            let seen = |own: &String| tenant.as_ref().is_none_or(|tenant| tenant == own);
            let next = snapshot.next.iter().filter(|(_, own)| seen(own));
            let next = next.map(|(id, _)| *id).collect();
            Ok(view::queue(
                &counts,
                d.settings.in_force().queue.max_queued,
                next,
            ))
        })
    }

    fn config(&self) -> Answer<'_, ConfigView> {
        off_thread(self, |d| d.settings.view())
    }

    fn media(&self, id: JobId, path: String) -> Answer<'_, MediaFile> {
        off_thread(self, move |d| d.media_now(id, &path))
    }

    fn events(&self, after: u64, job: Option<JobId>) -> Answer<'_, EventPage> {
        off_thread(self, move |d| {
            Ok(EventPage {
                events: d.store.events(after, EVENTS_AT_ONCE, job)?,
                ends: d.store.log_ends()?,
            })
        })
    }

    fn news(&self, seen: u64) -> Answer<'_, u64> {
        let mut commits = self.commits.subscribe();
        Box::pin(async move {
            let more = commits.wait_for(|count| *count > seen).await;
            more.map(|count| *count)
                .map_err(|_| Error::new(Code::ShuttingDown, "the daemon is stopping"))
        })
    }

    fn running(&self) -> Vec<RunningJob> {
        let snapshot = self.snapshot.read();
        let all = snapshot.running.iter();
        all.map(|(id, running)| RunningJob {
            id: *id,
            tenant: running.tenant.clone(),
            progress: running.progress,
        })
        .collect()
    }

    fn endpoints(&self, tenant: Option<String>) -> Answer<'_, Vec<EndpointView>> {
        off_thread(self, move |d| d.store.endpoints(tenant.as_deref()))
    }

    fn replay(&self, endpoint: String, tenant: Option<String>) -> Answer<'_, u64> {
        off_thread(self, move |d| {
            let now = jiff::Timestamp::now();
            d.store.replay(&endpoint, tenant.as_deref(), now)
        })
    }

    fn metrics(&self) -> Answer<'_, String> {
        off_thread(self, |d| {
            let (counts, ends) = (d.store.counts()?, d.store.log_ends()?);
            let endpoints = d.store.endpoints(None)?;
            let now = d.snapshot.read();
            telemetry::show(&Moment {
                counts,
                breaking: now.breaking,
                other: now.other,
                devices: &now.devices,
                workers: now.workers,
                disk_free_bytes: now.disk_free,
                newest_event: ends.newest,
                endpoints: &endpoints,
            });
            Ok(d.metrics.text())
        })
    }

    fn uploads(&self) -> &dyn Uploads {
        &self.uploads
    }

    fn ready(&self) -> bool {
        self.taking.load(Ordering::SeqCst)
    }
}
