//! A daemon under test: the real binary with a directory of its own, talked to over HTTP.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use newsreel_model::JobId;
use newsreel_model::control::{JobPage, JobView};
use newsreel_model::job::JobState;
use newsreel_model::spec::JobSpec;
use newsreel_stand_in_kit::StandIn;
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use super::processes::{self, until};
use super::store::Store;
use crate::clips;
use crate::support::process::{HANG_S, newsreel};

/// Profiles of small rungs and their segments in seconds: `story`, the same with faults, and `bulk`, which takes its time.
const PROFILES: [(&str, &str, f32); 4] = [
    ("story", "ultrafast", 1.0),
    ("fault-crash", "ultrafast", 1.0),
    ("fault-hang", "ultrafast", 1.0),
    ("bulk", "medium", 4.0),
];

/// What the daemon says in the log when it makes what was finished.
const MADE_TWICE: &str = "made twice";

/// What the daemon answered to a request it refused.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub code: String,
}

/// Why a request had no good answer.
#[derive(Debug)]
#[allow(dead_code, reason = "the words are for whoever reads a failed test")]
pub enum Bad {
    /// There is no daemon, or it went before it answered.
    Away(String),
    Refused(Refused),
}

/// Further variables of a daemon's environment.
type Environment = Vec<(OsString, OsString)>;

/// A daemon that can be killed and started again over the same directory.
pub struct Daemon {
    dir: TempDir,
    env: Environment,
    /// The binary, if not the one under test itself.
    binary: Option<PathBuf>,
    running: Mutex<Option<Running>>,
    log: Log,
}

/// What reads a daemon's log.
#[derive(Clone, Default)]
struct Log {
    /// Everything it logged, over all its starts.
    said: Arc<Mutex<String>>,
    /// Nobody reads on.
    unread: Arc<AtomicBool>,
}

struct Running {
    child: Child,
    url: String,
}

impl Daemon {
    /// Starts one; `settings` are sections of its configuration other than `storage`.
    pub fn start(settings: &str) -> Self {
        Self::start_with(settings, &[])
    }

    /// Starts one with further environment variables.
    pub fn start_with(settings: &str, env: &[(&str, &str)]) -> Self {
        Self::start_in(folder(), settings, env)
    }

    /// Starts one in a folder that may hold something already; see [`folder`].
    pub fn start_in(dir: TempDir, settings: &str, env: &[(&str, &str)]) -> Self {
        let env = env.iter().map(|(name, value)| (name.into(), value.into()));
        Self::start_over(dir, settings, env.collect())
    }

    /// Starts one on a machine with the GPUs of a stand-in driver.
    pub fn start_on(stand_in: &StandIn, settings: &str) -> Self {
        // A worker may open no file by the time it looks for a driver.
        Self::start_over(folder(), settings, stand_in.environment_preloaded())
    }

    fn start_over(dir: TempDir, settings: &str, env: Environment) -> Self {
        let config = configuration(dir.path(), settings);
        std::fs::write(dir.path().join("newsreel.toml"), config).unwrap();
        let daemon = Self {
            dir,
            env,
            binary: None,
            running: Mutex::new(None),
            log: Log::default(),
        };
        daemon.restart();
        daemon
    }

    /// From the next start on, it is this binary.
    pub fn run_from(&mut self, binary: &Path) {
        self.binary = Some(binary.to_owned());
    }

    /// A path in the test's directory; `out` in it is a root for destinations.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts it again, and waits until it answers.
    #[track_caller]
    pub fn restart(&self) {
        let mut running = self.running.lock().unwrap();
        assert!(running.is_none(), "it runs already");
        let mut command = newsreel([] as [&str; 0]);
        if let Some(binary) = &self.binary {
            command = Command::new(binary);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(self.path("newsreel.toml"));
        *running = Some(launch(&mut command, &self.env, &self.log));
    }

    /// `kill -9`; its workers are gone too when this returns.
    pub fn kill9(&self) {
        let workers = self.workers();
        let mut running = self.running.lock().unwrap().take().expect("it runs");
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        until("workers end with their daemon", || {
            workers.iter().all(|pid| !processes::lives(*pid))
        });
    }

    /// SIGTERM, and the exit code it then ended with.
    pub fn stop(&self) -> Option<i32> {
        let mut running = self.running.lock().unwrap().take().expect("it runs");
        processes::signal(running.child.id(), "TERM");
        let mut status = None;
        until("it ends when told to", || {
            status = running.child.try_wait().unwrap();
            status.is_some()
        });
        status.and_then(|s| s.code())
    }

    pub fn pid(&self) -> u32 {
        self.running
            .lock()
            .unwrap()
            .as_ref()
            .expect("it runs")
            .child
            .id()
    }

    /// Host and port it listens on.
    pub fn address(&self) -> String {
        let running = self.running.lock().unwrap();
        let url = &running.as_ref().expect("it runs").url;
        url.trim_start_matches("http://").to_owned()
    }

    /// Its living workers.
    pub fn workers(&self) -> Vec<u32> {
        let all = processes::children(self.pid()).into_iter();
        all.filter(|pid| processes::lives(*pid) && processes::is_worker(*pid))
            .collect()
    }

    /// Everything it logged so far.
    pub fn said(&self) -> String {
        self.log.said.lock().unwrap().clone()
    }

    /// Closes the log's reading end at the next line, as a log collector does that ends.
    pub fn stop_reading(&self) {
        self.log.unread.store(true, Ordering::SeqCst);
    }

    /// How many lines of the log hold `words`.
    pub fn lines_with(&self, words: &str) -> usize {
        self.said().lines().filter(|l| l.contains(words)).count()
    }

    /// Fails if anything that was finished was encoded again.
    #[track_caller]
    pub fn made_nothing_twice(&self) {
        let said = self.said();
        // Pictures are made all together: there, some may be.
        let segment = |line: &&str| line.contains(MADE_TWICE) && line.contains(".m4s");
        let twice: Vec<&str> = said.lines().filter(segment).collect();
        assert!(twice.is_empty(), "encoded again: {twice:#?}");
    }

    pub fn store(&self) -> Store {
        Store::open(&self.path("data/store.db"))
    }

    /// Sends a request; the answer's JSON, if it is a good one.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Bad> {
        let url = self.running.lock().unwrap().as_ref().map(|r| r.url.clone());
        let url = url.ok_or_else(|| Bad::Away("none was started".to_owned()))?;
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{url}{path}"));
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let away = |e: ureq::Error| Bad::Away(e.to_string());
        let sent = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                agent().run(request.body(body.to_string()).unwrap())
            }
            None => agent().run(request.body(()).unwrap()),
        };
        let mut answer = sent.map_err(away)?;
        let status = answer.status();
        let text = answer.body_mut().read_to_string().map_err(away)?;
        let json: Result<Value, _> = serde_json::from_str(&text);
        if status.is_success() {
            // What is no JSON is given as it is.
            return Ok(json.unwrap_or(Value::String(text)));
        }
        let json = json.unwrap_or_default();
        Err(Bad::Refused(Refused {
            status: status.as_u16(),
            code: json["code"].as_str().unwrap_or_default().to_owned(),
        }))
    }

    /// Submits a job, under an idempotency key if there is one.
    pub fn try_submit(&self, spec: &JobSpec, key: Option<&str>) -> Result<JobView, Bad> {
        let body = serde_json::to_value(spec).unwrap();
        let answer = self.ask("POST", "/v1/jobs", key, Some(&body))?;
        Ok(serde_json::from_value(answer).unwrap())
    }

    #[track_caller]
    pub fn submit(&self, spec: &JobSpec) -> JobView {
        self.try_submit(spec, None).unwrap()
    }

    #[track_caller]
    pub fn job(&self, id: JobId) -> JobView {
        let answer = self.ask("GET", &format!("/v1/jobs/{id}"), None, None);
        serde_json::from_value(answer.unwrap()).unwrap()
    }

    /// Every job there is, newest first.
    #[track_caller]
    pub fn jobs(&self) -> Vec<JobView> {
        let mut jobs = Vec::new();
        let mut path = "/v1/jobs?limit=200".to_owned();
        loop {
            let page = self.ask("GET", &path, None, None).unwrap();
            let page: JobPage = serde_json::from_value(page).unwrap();
            jobs.extend(page.jobs);
            match page.next_cursor {
                Some(cursor) => path = format!("/v1/jobs?limit=200&cursor={cursor}"),
                None => return jobs,
            }
        }
    }

    /// `cancel` or `retry`.
    pub fn tell(&self, id: JobId, what: &str) -> Result<JobView, Bad> {
        let answer = self.ask("POST", &format!("/v1/jobs/{id}/{what}"), None, None)?;
        Ok(serde_json::from_value(answer).unwrap())
    }

    /// Waits for a state; fails at once when the job ended in another.
    #[track_caller]
    pub fn wait_for(&self, id: JobId, state: JobState) -> JobView {
        let until = Instant::now() + Duration::from_secs(2 * HANG_S);
        loop {
            let job = self.job(id);
            if job.state == state {
                return job;
            }
            let over = !matches!(job.state, JobState::Queued | JobState::Running);
            assert!(!over, "{state:?} was expected of {job:#?}");
            assert!(Instant::now() < until, "never {state:?}: {job:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until so many video segments of a job are finished, over all rungs.
    #[track_caller]
    pub fn wait_for_segments(&self, id: JobId, count: usize) {
        let store = self.store();
        until(&format!("{count} segments of {id}"), || {
            store.segments(id) >= count
        });
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.lock().unwrap().take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
        if std::thread::panicking() {
            let said = self.said();
            let last = said.lines().count().saturating_sub(60);
            let end: Vec<&str> = said.lines().skip(last).collect();
            println!("the daemon's log ends:\n{}", end.join("\n"));
        }
    }
}

/// A folder for a daemon: `data` is its own, `in` and `out` are roots for inputs and destinations.
pub fn folder() -> TempDir {
    let dir = tempfile::Builder::new()
        .prefix("newsreel-serve-")
        .tempdir()
        .unwrap();
    for name in ["data", "in", "out"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    dir
}

fn agent() -> ureq::Agent {
    // A connection for each request: what the daemon has open says nothing of us then.
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(HANG_S)))
        .http_status_as_error(false)
        .max_idle_connections(0)
        .build()
        .into()
}

fn launch(command: &mut Command, env: &Environment, log: &Log) -> Running {
    let mut child = command
        .envs(env.iter().cloned())
        .env("NEWSREEL_LOG", "newsreel=debug,newsreel_api=warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (tell, told) = mpsc::channel();
    let log = log.clone();
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            if let Some((_, url)) = line.split_once("newsreel listens on ") {
                // In a log of JSON, the line goes on behind it.
                let url = url.split(['"', ' ']).next().unwrap_or_default();
                let _ = tell.send(url.to_owned());
            }
            let mut said = log.said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
            if log.unread.load(Ordering::SeqCst) {
                break;
            }
        }
    });
    match told.recv_timeout(Duration::from_secs(HANG_S)) {
        Ok(url) => Running { child, url },
        Err(e) => {
            let _ = child.kill();
            panic!("the daemon does not listen: {e}");
        }
    }
}

fn configuration(dir: &Path, settings: &str) -> String {
    let mut text = format!(
        "{settings}\n[storage]\ndata_dir = {:?}\ninput_roots = [{:?}, {:?}]\noutput_roots = [{:?}]\ndisk_reserve_mib = 16\n",
        dir.join("data"),
        clips(),
        dir.join("in"),
        dir.join("out"),
    );
    for (name, preset, segment_s) in PROFILES {
        let rung = |px: u32| format!("{{ short_side_px = {px}, bitrate_kbps = {} }}", 2 * px);
        text += &format!(
            "[profiles.{name}]\npreset = \"{preset}\"\nsegment_s = {segment_s:?}\nfirst_segment_s = 1.0\nrungs = [{}, {}]\n\
             [profiles.{name}.thumbnails]\ncount = 2\nwidth_px = 96\nstoryboard_tiles = 0\n",
            rung(180),
            rung(96),
        );
    }
    text
}

/// A job over a clip with a profile.
pub fn spec(clip: &Path, profile: &str) -> JobSpec {
    let url = Url::from_file_path(clip).unwrap();
    let mut spec = JobSpec::new(url);
    spec.profile = profile.to_owned();
    spec
}

/// Where a job writes to.
pub fn dir(job: &JobView) -> PathBuf {
    Url::parse(&job.destination)
        .unwrap()
        .to_file_path()
        .unwrap()
}
