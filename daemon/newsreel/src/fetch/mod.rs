//! Inputs on other machines: brought here before their job begins, since workers have no network. Not here: one request
//! (`request`), or a stretch of an object (`object`).

mod landing;
mod object;
mod request;

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, unbounded};
use newsreel_model::job::JobState;
use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, JobId, Result};
use parking_lot::Mutex;
use url::Url;

use self::landing::Landing;
use self::object::Object;
use self::request::Request;
use crate::serve::arrivals::Arrivals;
use crate::settings::Settings;
use crate::storage;
use crate::threads;

/// Where the files lie, below the daemon's own directory.
pub const FOLDER: &str = "inputs";

/// The pause after a request that nothing came of; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often it is looked whether a job still waits.
const LOOK: Duration = Duration::from_millis(500);

/// The way to whoever brings inputs.
#[derive(Clone)]
pub struct Fetcher {
    dir: PathBuf,
    wanted: Sender<StoredJob>,
    /// Jobs whose input is on its way: one file is written by one carrier.
    underway: Arc<Mutex<HashSet<JobId>>>,
}

impl Fetcher {
    /// Over a folder that is there; what is wanted is given to [`serve`].
    pub fn new(dir: PathBuf) -> (Self, Receiver<StoredJob>) {
        let (wanted, jobs) = unbounded();
        let fetcher = Self {
            dir,
            wanted,
            underway: Arc::default(),
        };
        (fetcher, jobs)
    }

    /// Whether a job's input has to be brought, and is not here.
    pub fn lacks(&self, job: &StoredJob) -> bool {
        is_remote(&job.spec.input.url) && !path(&self.dir, job.id).exists()
    }

    /// Has the input of a job brought, after those before it.
    pub fn fetch(&self, job: StoredJob) {
        if !self.underway.lock().insert(job.id) {
            return;
        }
        // Who brings them ends only with the process.
        let _ = self.wanted.send(job);
    }

    /// Removes what jobs that have ended left.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn sweep(&self, arrivals: &Arrivals) -> Result<()> {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let id = name.trim_end_matches(PART).parse::<JobId>();
            // A job that is tried again meanwhile must not lose what it was just told to read.
            let _in_order = arrivals.order.lock();
            let job = id.ok().map(|id| arrivals.store.job(id)).transpose()?;
            if job.flatten().is_none_or(|job| job.ended_at.is_some()) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

/// What a file is called until it is whole.
const PART: &str = ".part";

/// Whether an address is one of another machine.
pub fn is_remote(url: &str) -> bool {
    let begins = |scheme: &&str| {
        let start = url.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    storage::is_s3(url) || ["http://", "https://"].iter().any(begins)
}

/// Looks at the address of an input on another machine.
///
/// # Errors
/// [`Code::RequestInvalid`].
pub fn check(url: &str) -> Result<()> {
    let wrong = |why: &str| {
        let words = format!("`input.url` {why}");
        Err(Error::new(Code::RequestInvalid, words).in_field("input.url"))
    };
    match Url::parse(url) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => wrong(
            "must not hold a password, which everyone who sees the job would see; give a signed address",
        ),
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(()),
        Ok(_) => wrong("names no machine"),
        Err(e) => wrong(&format!("is no address ({e})")),
    }
}

/// The input of a job in the folder of all.
pub fn path(dir: &Path, job: JobId) -> PathBuf {
    dir.join(job.to_string())
}

/// Begins to bring inputs.
///
/// # Errors
/// No thread can be started.
pub fn serve(
    wanted: &Receiver<StoredJob>,
    arrivals: &Arrivals,
    settings: &Arc<Settings>,
) -> Result<()> {
    for _ in 0..settings.in_force().remote.at_once {
        let carrier = Carrier {
            arrivals: arrivals.clone(),
            settings: Arc::clone(settings),
        };
        let wanted = wanted.clone();
        threads::start("fetch", move || {
            for job in wanted {
                carrier.bring(job);
            }
        })?;
    }
    Ok(())
}

/// What came of asking for an input.
enum Came {
    /// The file is whole.
    Everything,
    /// A part or nothing; why no more.
    Part(String),
    /// Nobody wants it any more.
    Unwanted,
}

/// The way to an input, by the kind of its address.
#[allow(
    clippy::large_enum_variant,
    reason = "there are as many as inputs are brought at a time"
)]
enum Way {
    Http(Request),
    Object(Object),
}

impl Way {
    fn to(settings: &Settings, job: &StoredJob) -> Result<Self> {
        let url = &job.spec.input.url;
        Ok(match storage::is_s3(url) {
            true => Self::Object(Object::new(settings, job)?),
            false => Self::Http(Request::new(settings, url)?),
        })
    }

    fn attempt(&mut self, to: &mut Landing, wanted: &dyn Fn() -> bool) -> Result<Came> {
        match self {
            Self::Http(request) => request.attempt(to, wanted),
            Self::Object(object) => object.attempt(to, wanted),
        }
    }
}

struct Carrier {
    arrivals: Arrivals,
    settings: Arc<Settings>,
}

impl Carrier {
    /// Brings the input of a job, and has it begin or fail.
    fn bring(&self, job: StoredJob) {
        let id = job.id;
        let downloaded = self.download(&job);
        self.arrivals.fetcher.underway.lock().remove(&id);
        let done = match downloaded {
            // Whoever wants it again since it was given up was not heard while it was underway.
            Ok(_) => self.arrivals.fetched(id),
            Err(error) => {
                tracing::warn!(job = %id, detail = error.detail(), "its input cannot be had: {error}");
                self.arrivals.failed(&[job], &error)
            }
        };
        if let Err(error) = done {
            tracing::warn!(job = %id, detail = error.detail(), "{error}");
        }
    }

    fn waits(&self, job: JobId) -> bool {
        let found = self.arrivals.store.job(job);
        // A store that cannot be read for once cancels nothing.
        found.map_or(true, |job| {
            job.is_some_and(|job| job.state == JobState::Queued)
        })
    }

    /// True when the file is whole and in its place; false when nobody wants it any more.
    fn download(&self, job: &StoredJob) -> Result<bool> {
        let whole = path(&self.arrivals.fetcher.dir, job.id);
        let part = whole.with_extension(&PART[1..]);
        let failed = |e: std::io::Error| Error::writing(&part.display().to_string(), &e);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&part).map_err(failed)?;
        let mut landing = Landing::new(&self.settings.in_force(), file);
        let mut way = Way::to(&self.settings, job)?;
        let mut pause = FIRST_PAUSE;
        let mut idle = 0;
        loop {
            let before = landing.at();
            match way.attempt(&mut landing, &|| self.waits(job.id))? {
                Came::Everything => break,
                Came::Unwanted => {
                    let _ = std::fs::remove_file(&part);
                    return Ok(false);
                }
                Came::Part(_) if landing.at() > before => (pause, idle) = (FIRST_PAUSE, 0),
                Came::Part(why) => {
                    idle += 1;
                    if idle >= self.settings.in_force().remote.tries {
                        return Err(Error::new(Code::InputUnreadable, why));
                    }
                    tracing::info!(job = %job.id, "its input is asked for again: {why}");
                    if !self.pause(job.id, pause) {
                        continue;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        landing.sync().map_err(failed)?;
        std::fs::rename(&part, &whole).map_err(failed)?;
        let folder = File::open(&self.arrivals.fetcher.dir).and_then(|dir| dir.sync_all());
        folder.map_err(failed)?;
        Ok(true)
    }

    /// Waits; false when nobody wants it any more.
    fn pause(&self, job: JobId, pause: Duration) -> bool {
        let until = std::time::Instant::now() + pause;
        while std::time::Instant::now() < until {
            if !self.waits(job) {
                return false;
            }
            std::thread::sleep(LOOK.min(pause));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_another_machine_holds_no_password() {
        for url in [
            "http://a.example/b",
            "HTTPS://a.example/b?c=d",
            "http://[::1]:1/",
        ] {
            assert!(is_remote(url), "{url}");
            check(url).unwrap();
        }
        for url in [
            "https://user:secret@a.example/b",
            "http://user@a.example/",
            "http://",
        ] {
            let error = check(url).unwrap_err();
            assert!(!error.message().contains("secret"), "{error}");
        }
        for url in ["file:///a", "ftp://a/b", "http:/a", "s3:/b/k"] {
            assert!(!is_remote(url), "{url}");
        }
    }
}
