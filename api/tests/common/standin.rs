//! A daemon in memory: it keeps jobs and steers them, and never transcodes anything.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use jiff::Timestamp;
use newsreel_model::access::Principal;
use newsreel_model::capacity::{DeviceKind, Resources};
use newsreel_model::control::{
    Answer, ConfigView, Control, DeviceView, EventPage, JobPage, JobQuery, JobView, MediaFile,
    ProfileView, Progress, QueueView, RunningJob, Submitted,
};
use newsreel_model::job::JobState;
use newsreel_model::output::OutputView;
use newsreel_model::pictures::PictureSet;
use newsreel_model::search::{SearchHit, SearchQuery};
use newsreel_model::spec::JobSpec;
use newsreel_model::steer::PosterChoice;
use newsreel_model::uploads::Uploads;
use newsreel_model::webhook::EndpointView;
use newsreel_model::{Code, Error, JobId, Result};
use tempfile::TempDir;

use super::{Log, Shelf};

/// What the next call meets.
pub enum Trouble {
    /// It fails.
    Error(Error),
    /// It panics.
    Panic,
    /// It never ends.
    Hang,
}

/// The stand-in.
pub struct Standin {
    /// What the next call meets.
    pub trouble: Mutex<Option<Trouble>>,
    /// The last query for jobs.
    pub query: Mutex<Option<JobQuery>>,
    /// The last search.
    pub searched: Mutex<Option<SearchQuery>>,
    /// Who submitted last.
    pub by: Mutex<Option<Principal>>,
    /// The tenant that was last asked for.
    pub tenant: Mutex<Option<String>>,
    /// The last path asked for under `/media`.
    pub path: Mutex<Option<String>>,
    /// Whether new work is taken.
    pub ready: Mutex<bool>,
    /// Whether every profile and input exists: for fuzzing, where only reading and answering are looked at.
    pub lenient: bool,
    /// The files of every job.
    pub media: TempDir,
    /// What is sent piece by piece.
    pub uploads: Shelf,
    /// The event log.
    pub log: Log,
    jobs: Mutex<BTreeMap<JobId, JobView>>,
    keys: Mutex<BTreeMap<String, (JobSpec, JobId)>>,
}

impl Standin {
    pub fn new() -> Self {
        let media = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("master.m3u8", "#EXTM3U\n".to_owned()),
            (
                "video/720p/init.mp4",
                (0..=9).map(|n| n.to_string()).collect(),
            ),
            ("report.json", "{}".to_owned()),
            (".work/1/secret.mp4", "secret".to_owned()),
        ] {
            let path = media.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self {
            trouble: Mutex::new(None),
            query: Mutex::new(None),
            searched: Mutex::new(None),
            by: Mutex::new(None),
            tenant: Mutex::new(None),
            path: Mutex::new(None),
            ready: Mutex::new(true),
            lenient: false,
            media,
            uploads: Shelf::default(),
            log: Log::default(),
            jobs: Mutex::default(),
            keys: Mutex::default(),
        }
    }

    /// Puts a job into a state.
    pub fn set(&self, id: JobId, state: JobState) {
        self.jobs.lock().unwrap().get_mut(&id).unwrap().state = state;
    }

    fn answer<T: Send + 'static>(&self, made: impl FnOnce() -> Result<T>) -> Answer<'_, T> {
        let trouble = self.trouble.lock().unwrap().take();
        match trouble {
            Some(Trouble::Hang) => Box::pin(std::future::pending()),
            Some(Trouble::Panic) => Box::pin(async { panic!("a secret of the stand-in's") }),
            Some(Trouble::Error(error)) => Box::pin(async { Err(error) }),
            None => {
                let result = made();
                Box::pin(async { result })
            }
        }
    }

    fn accept(&self, spec: JobSpec, key: Option<String>) -> Result<Submitted> {
        for (field, url) in [
            (
                "input.url",
                Some(&spec.input.url).filter(|url| !url.is_empty()),
            ),
            ("destination", spec.destination.as_ref()),
        ] {
            if url.is_some_and(|url| !url.starts_with("file:///")) {
                let words = "only file:/// is served";
                return Err(Error::new(Code::InputSchemeUnsupported, words).in_field(field));
            }
        }
        if !self.lenient && spec.input.url.contains("missing") {
            return Err(Error::new(Code::InputNotFound, "there is no such input"));
        }
        if !self.lenient && spec.profile != "web" {
            return Err(Error::new(Code::ProfileUnknown, "there is no such profile"));
        }
        let mut jobs = self.jobs.lock().unwrap();
        if let Some(mut key) = key {
            if self.lenient {
                // A fuzzer sends the same few keys again and again; a conflict would tell it nothing.
                key += &serde_json::to_string(&spec).unwrap();
            }
            let mut keys = self.keys.lock().unwrap();
            if let Some((first, id)) = keys.get(&key)
                && let Some(job) = jobs.get(id).cloned()
            {
                let same = *first == spec;
                let conflict = || Error::new(Code::IdempotencyConflict, "another request had it");
                let repeated = Submitted {
                    job,
                    repeated: true,
                };
                return same.then_some(repeated).ok_or_else(conflict);
            }
            let job = view(spec.clone());
            keys.insert(key, (spec, job.id));
            jobs.insert(job.id, job.clone());
            return Ok(Submitted {
                job,
                repeated: false,
            });
        }
        let job = view(spec);
        jobs.insert(job.id, job.clone());
        Ok(Submitted {
            job,
            repeated: false,
        })
    }

    fn steer(&self, id: JobId, from: &[JobState], to: JobState) -> Result<JobView> {
        let mut jobs = self.jobs.lock().unwrap();
        let job = jobs.get_mut(&id).ok_or_else(unknown)?;
        if !from.contains(&job.state) {
            return Err(Error::new(Code::JobState, "the job is in another state"));
        }
        job.state = to;
        Ok(job.clone())
    }

    fn page(&self, query: &JobQuery) -> JobPage {
        let jobs = self.jobs.lock().unwrap();
        let wanted = |job: &&JobView| {
            query.state.is_none_or(|state| job.state == state)
                && query
                    .tenant
                    .as_ref()
                    .is_none_or(|own| *own == job.spec.tenant)
                && query
                    .external_id
                    .as_ref()
                    .is_none_or(|own| job.spec.external_id.as_ref() == Some(own))
                && query.before.is_none_or(|before| job.id < before)
        };
        let limit = usize::try_from(query.limit).unwrap();
        let mut found: Vec<_> = jobs
            .values()
            .rev()
            .filter(wanted)
            .take(limit + 1)
            .cloned()
            .collect();
        let more = found.len() > limit;
        found.truncate(limit);
        JobPage {
            next_cursor: found.last().map(|job| job.id).filter(|_| more),
            jobs: found,
        }
    }

    fn open(&self, id: JobId, path: &str) -> Result<MediaFile> {
        if !self.lenient {
            self.job_now(id)?;
        }
        let missing = |_| Error::new(Code::InputNotFound, "there is no such file");
        let file = File::open(self.media.path().join(Path::new(path))).map_err(missing)?;
        let about = file.metadata().unwrap();
        Ok(MediaFile {
            len: about.len(),
            modified: Timestamp::try_from(about.modified().unwrap()).ok(),
            immutable: !path.ends_with("m3u8"),
            file,
        })
    }

    fn job_now(&self, id: JobId) -> Result<JobView> {
        self.jobs
            .lock()
            .unwrap()
            .get(&id)
            .cloned()
            .ok_or_else(unknown)
    }
}

fn unknown() -> Error {
    Error::new(Code::JobUnknown, "there is no such job")
}

fn view(spec: JobSpec) -> JobView {
    JobView {
        id: JobId::new(),
        spec,
        state: JobState::Queued,
        phase: None,
        progress: Progress::default(),
        created_at: Timestamp::now(),
        started_at: None,
        ended_at: None,
        warnings: Vec::new(),
        failure: None,
        destination: "file:///out/".to_owned(),
        playback_path: None,
    }
}

impl Control for Standin {
    fn submit(&self, spec: JobSpec, key: Option<String>, by: &Principal) -> Answer<'_, Submitted> {
        // Keys of different callers never meet.
        let key = key.map(|key| format!("{} {key}", by.caller));
        *self.by.lock().unwrap() = Some(by.clone());
        self.answer(|| self.accept(spec, key))
    }

    fn jobs(&self, query: JobQuery) -> Answer<'_, JobPage> {
        *self.query.lock().unwrap() = Some(query.clone());
        self.answer(|| Ok(self.page(&query)))
    }

    fn search(&self, query: SearchQuery) -> Answer<'_, Vec<SearchHit>> {
        *self.searched.lock().unwrap() = Some(query);
        self.answer(|| Ok(Vec::new()))
    }

    fn job(&self, id: JobId) -> Answer<'_, JobView> {
        self.answer(|| self.job_now(id))
    }

    fn cancel(&self, id: JobId) -> Answer<'_, JobView> {
        let from = [JobState::Queued, JobState::Running, JobState::Cancelled];
        self.answer(|| self.steer(id, &from, JobState::Cancelled))
    }

    fn retry(&self, id: JobId) -> Answer<'_, JobView> {
        let from = [JobState::Failed, JobState::Cancelled];
        self.answer(|| self.steer(id, &from, JobState::Queued))
    }

    fn prioritise(&self, id: JobId, priority: u8) -> Answer<'_, JobView> {
        self.answer(|| {
            let open = [JobState::Queued, JobState::Running];
            self.steer(id, &open, self.job_now(id)?.state)?;
            let mut jobs = self.jobs.lock().unwrap();
            let job = jobs.get_mut(&id).ok_or_else(unknown)?;
            job.spec.priority = priority;
            Ok(job.clone())
        })
    }

    fn poster(&self, id: JobId, _: PosterChoice) -> Answer<'_, JobView> {
        self.answer(|| self.job_now(id))
    }

    fn outputs(&self, id: JobId) -> Answer<'_, Vec<OutputView>> {
        self.answer(|| self.job_now(id).map(|_| Vec::new()))
    }

    fn pictures(&self, id: JobId) -> Answer<'_, Vec<PictureSet>> {
        self.answer(|| self.job_now(id).map(|_| Vec::new()))
    }

    fn delete(&self, id: JobId) -> Answer<'_, ()> {
        let ended = [JobState::Completed, JobState::Failed, JobState::Cancelled];
        self.answer(|| {
            let job = self.job_now(id)?;
            self.steer(id, &ended, job.state)?;
            self.jobs.lock().unwrap().remove(&id);
            Ok(())
        })
    }

    fn devices(&self) -> Answer<'_, Vec<DeviceView>> {
        let device = DeviceView {
            id: "cpu".to_owned(),
            kind: DeviceKind::Cpu,
            name: "Stand-in".to_owned(),
            report: None,
            measured_at: None,
            capacity: Resources::default(),
            used: Resources::default(),
            sessions: 0,
            quarantined: false,
        };
        self.answer(|| Ok(vec![device]))
    }

    fn profiles(&self) -> Answer<'_, Vec<ProfileView>> {
        let profile = serde_json::from_str(r#"{"rungs":[{"short_side_px":720}]}"#).unwrap();
        let web = ProfileView {
            name: "web".to_owned(),
            profile,
        };
        self.answer(|| Ok(vec![web]))
    }

    fn queue(&self, tenant: Option<String>) -> Answer<'_, QueueView> {
        *self.tenant.lock().unwrap() = tenant;
        self.answer(|| Ok(QueueView::default()))
    }

    fn config(&self) -> Answer<'_, ConfigView> {
        let shown = ConfigView {
            file: None,
            since: Timestamp::UNIX_EPOCH,
            in_force: serde_json::Map::new(),
            needs_restart: vec!["server.listen".to_owned()],
            refused: None,
        };
        self.answer(|| Ok(shown))
    }

    fn media(&self, id: JobId, path: String) -> Answer<'_, MediaFile> {
        *self.path.lock().unwrap() = Some(path.clone());
        self.answer(|| self.open(id, &path))
    }

    fn events(&self, after: u64, job: Option<JobId>) -> Answer<'_, EventPage> {
        self.answer(|| Ok(self.log.page(after, job)))
    }

    fn news(&self, seen: u64) -> Answer<'_, u64> {
        let mut count = self.log.count.subscribe();
        Box::pin(async move {
            let news = count.wait_for(|count| *count > seen).await;
            news.map(|count| *count)
                .map_err(|_| Error::new(Code::ShuttingDown, "the log is closed"))
        })
    }

    fn running(&self) -> Vec<RunningJob> {
        self.log.running.lock().unwrap().clone()
    }

    fn endpoints(&self, tenant: Option<String>) -> Answer<'_, Vec<EndpointView>> {
        *self.tenant.lock().unwrap() = tenant;
        self.answer(|| Ok(Vec::new()))
    }

    fn replay(&self, _: String, tenant: Option<String>) -> Answer<'_, u64> {
        *self.tenant.lock().unwrap() = tenant;
        self.answer(|| Ok(2))
    }

    fn metrics(&self) -> Answer<'_, String> {
        self.answer(|| Ok("# TYPE up gauge\nup 1\n".to_owned()))
    }

    fn uploads(&self) -> &dyn Uploads {
        &self.uploads
    }

    fn ready(&self) -> bool {
        *self.ready.lock().unwrap()
    }
}
