//! Watched folders: each file that has stopped growing becomes a job, and is moved when that has ended. Not here: the job, or
//! folders in object stores (`watched_buckets`).
//!
//! Which job a file has become is found by the job's external id, made of the file's path, inode, size and time of change; so a
//! restart hands nothing in twice.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use newsreel_config::WatchedFolder;
use newsreel_model::access::Principal;
use newsreel_model::control::{Control as _, JobQuery};
use newsreel_model::job::JobState;
use newsreel_model::spec::JobSpec;
use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, JobId, Result};
use url::Url;

use super::control::Daemon;
use crate::storage::is_s3;
use crate::threads;

/// How often folders are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// How long a file that could not be handed in is left alone.
pub(super) const AGAIN: Duration = Duration::from_secs(60);

/// The most files of a folder that are looked at.
pub(super) const MAX_FILES: usize = 10_000;

/// Where files go when their job is complete, and when it is not.
pub(super) const DONE: &str = "done";
pub(super) const FAILED: &str = "failed";

/// Begins to watch, until the daemon is told to stop.
///
/// # Errors
/// No thread can be started.
pub fn start(daemon: Daemon) -> Result<()> {
    let mut watcher = Watcher {
        daemon,
        known: HashMap::new(),
    };
    threads::start("folders", move || {
        while watcher.daemon.ready() {
            watcher.look();
            std::thread::sleep(EVERY);
        }
    })
}

struct Watcher {
    daemon: Daemon,
    known: HashMap<PathBuf, Known>,
}

/// A file of a folder.
struct Known {
    /// What changes when the file does.
    print: Print,
    since: Instant,
    job: Option<JobId>,
    refused: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Print {
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Print {
    fn of(data: &Metadata) -> Self {
        Self {
            inode: data.ino(),
            bytes: data.len(),
            changed: (data.mtime(), data.mtime_nsec()),
        }
    }

    /// What a job over this file is found by.
    fn external_id(&self, path: &Path) -> String {
        let (s, ns) = self.changed;
        let text = format!(
            "{}\0{}\0{}\0{s}.{ns}",
            path.display(),
            self.inode,
            self.bytes
        );
        format!("watch:{}", blake3::hash(text.as_bytes()).to_hex())
    }
}

impl Watcher {
    fn look(&mut self) {
        let config = self.daemon.settings.in_force();
        let settled = Duration::from_secs(config.watch.settle_s.into());
        let mut seen = Vec::new();
        let here = config.watch.folders.iter();
        for (name, folder) in here.filter(|(_, folder)| !is_s3(&folder.directory)) {
            for (path, data) in files(Path::new(&folder.directory)) {
                if let Err(error) = self.file(name, folder, &path, &data, settled) {
                    tracing::warn!(folder = name, file = %path.display(), detail = error.detail(), "{error}");
                }
                seen.push(path);
            }
        }
        let seen: std::collections::HashSet<_> = seen.into_iter().collect();
        self.known.retain(|path, _| seen.contains(path));
    }

    fn file(
        &mut self,
        name: &str,
        folder: &WatchedFolder,
        path: &Path,
        data: &Metadata,
        settled: Duration,
    ) -> Result<()> {
        let print = Print::of(data);
        let fresh = || Known {
            print,
            since: Instant::now(),
            job: None,
            refused: None,
        };
        let known = self.known.entry(path.to_owned()).or_insert_with(fresh);
        if known.print != print {
            *known = fresh();
        }
        let waits = known.refused.is_some_and(|at| at.elapsed() < AGAIN);
        if known.since.elapsed() < settled || print.bytes == 0 || waits {
            return Ok(());
        }
        let job = match known.job {
            Some(id) => self.daemon.store.job(id)?,
            None => match take(&self.daemon, name, folder, path, &print) {
                Ok(job) => Some(job),
                Err(error) => {
                    known.refused = Some(Instant::now());
                    return Err(error);
                }
            },
        };
        known.job = job.as_ref().map(|job| job.id);
        let Some(job) = job.filter(|job| job.ended_at.is_some()) else {
            return Ok(());
        };
        put_away(path, &job).inspect_err(|_| known.refused = Some(Instant::now()))
    }
}

/// The regular files of a folder that are not hidden; none when it cannot be read.
fn files(folder: &Path) -> Vec<(PathBuf, Metadata)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let shown = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let with_data = shown.filter_map(|entry| {
        // Of the entry itself: a link is followed by nobody.
        let data = entry.metadata().ok().filter(Metadata::is_file)?;
        Some((entry.path(), data))
    });
    with_data.take(MAX_FILES).collect()
}

/// The job that a file has become before, or becomes now.
fn take(
    daemon: &Daemon,
    name: &str,
    folder: &WatchedFolder,
    path: &Path,
    print: &Print,
) -> Result<StoredJob> {
    let url = Url::from_file_path(path)
        .map_err(|()| Error::new(Code::RequestInvalid, "its path is not absolute"))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let id = print.external_id(path);
    hand_in(daemon, (name, folder), (url.into(), &file), id)
}

/// The job found by `id`, or one of a folder with its name over a file at an address with its own.
///
/// # Errors
/// The job is refused, or the store failed.
pub(super) fn hand_in(
    daemon: &Daemon,
    (name, folder): (&str, &WatchedFolder),
    (url, file): (String, &str),
    id: String,
) -> Result<StoredJob> {
    let earlier = daemon.store.jobs(&JobQuery {
        external_id: Some(id.clone()),
        limit: 1,
        ..JobQuery::default()
    })?;
    if let Some(job) = earlier.into_iter().next() {
        return Ok(job);
    }
    let mut spec = JobSpec::new(url);
    spec.profile.clone_from(&folder.profile);
    spec.priority = folder.priority;
    spec.tenant.clone_from(&folder.tenant);
    let stem = Path::new(file).file_stem();
    spec.title = stem.map(|stem| title(&stem.to_string_lossy()));
    spec.external_id = Some(id.clone());
    let by = Principal {
        caller: format!("watch:{name}"),
        ..Principal::local()
    };
    let made = daemon.submit_now(spec, Some(id), by)?.job;
    tracing::info!(job = %made.id, folder = name, file, "a file was taken");
    let unknown = || Error::bug("a job that was just accepted is not there");
    daemon.store.job(made.id)?.ok_or_else(unknown)
}

/// A file's name as a title.
fn title(stem: &str) -> String {
    let plain = stem.chars().filter(|c| !c.is_control());
    plain.take(500).collect()
}

/// Moves a file whose job has ended, with the reason beside it where it failed.
fn put_away(path: &Path, job: &StoredJob) -> Result<()> {
    let failed = |e: std::io::Error| Error::writing(&path.display().to_string(), &e);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::bug("a file of a folder has no folder"));
    };
    let to = folder.join(match job.state {
        JobState::Completed => DONE,
        _ => FAILED,
    });
    std::fs::create_dir_all(&to).map_err(failed)?;
    let mut place = to.join(name);
    if place.exists() {
        // What lies there already is another file of that name.
        place = to.join(format!("{}-{}", job.id, name.to_string_lossy()));
    }
    if job.state != JobState::Completed {
        let mut reason = place.clone().into_os_string();
        reason.push(".txt");
        std::fs::write(reason, why(job)).map_err(failed)?;
    }
    std::fs::rename(path, place).map_err(failed)
}

/// Why a job did not complete, for people.
pub(super) fn why(job: &StoredJob) -> String {
    let (code, message) = match &job.failure {
        Some(failure) => (failure.code.as_str(), failure.message.as_str()),
        None => (job.state.name(), "the job was cancelled"),
    };
    format!("{code}\n{message}\njob {}\n", job.id)
}
