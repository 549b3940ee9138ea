//! `newsreel serve`: the daemon. Store, scheduler, workers and HTTP put together; it decodes nothing itself.

mod again;
pub mod arrivals;
mod checkpoints;
mod control;
mod core;
mod deliver;
mod demand;
mod devices;
mod early;
mod ended;
mod execute;
mod fallbacks;
mod file_url;
mod folders;
mod host;
mod http;
mod inputs;
mod live;
mod measure;
mod message;
mod meter;
mod place;
mod poster;
mod process;
mod progress;
mod records;
mod reload;
mod retention;
mod sidecars;
mod signals;
mod spoken;
mod steer;
mod submit;
mod systemd;
mod told;
mod translate;
mod translator;
mod view;
mod watch;
mod watched_buckets;
mod work;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossbeam::channel::{Sender, unbounded};
use newsreel_config::Config;
use newsreel_model::grid::SHORTEST_RUN;
use newsreel_model::job::JobState;
use newsreel_model::keys::Keys;
use newsreel_model::store::{Change, Store};
use newsreel_model::{Code, Error, Result};
use newsreel_scheduler::{Policy, Scheduler};
use newsreel_store::{SqliteStore, StoreOptions};
use parking_lot::RwLock;

use self::arrivals::Arrivals;
use self::control::Daemon;
use self::core::{Core, Parts};
use self::devices::Devices;
use self::early::Early;
use self::inputs::Roots;
use self::message::Message;
use self::reload::Reload;
use self::signals::Signalled;
use self::systemd::Heart;
use self::view::Snapshot;
use crate::access::Doorkeeper;
use crate::faults;
use crate::fetch::{self, Fetcher};
use crate::inventory;
use crate::job::programme::cores;
use crate::printing;
use crate::settings::{Origin, Settings};
use crate::telemetry::{Metrics, Traces};
use crate::uploads::{self, Desk};
use crate::{threads, webhooks};

/// How long running segments may take to finish when the daemon is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// How often old events and keys are dropped.
const TRIM_EVERY: Duration = Duration::from_secs(3600);

/// How often it is looked which inputs are kept no longer.
const EXPIRE_EVERY: Duration = Duration::from_secs(60);

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// It cannot be started: the configuration is wrong, the address is taken, the store cannot be opened, a root is missing.
pub fn run(origin: Origin) -> Result<()> {
    let settings = Arc::new(Settings::new(origin)?);
    let config = settings.in_force();
    let data_dir = open_data_dir(&config)?;
    let roots = Roots::new(&config.storage)?.with_own(data_dir.clone());
    let listener = listen(&config)?;
    let address = listener.local_addr().map_err(|e| unavailable(&e))?;
    let path = data_dir.join("store.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, StoreOptions::default())?);
    let door = door(&store, &config, &data_dir, address)?;
    let boot = store.begin()?;

    let endpoint = &config.traces.endpoint;
    let tracing = (!endpoint.is_empty()).then(|| Traces::install(endpoint));
    let traces = tracing.transpose()?;
    let (tell, messages) = unbounded();
    let snapshot = Arc::new(RwLock::new(Snapshot::default()));
    let heart = Heart::default();
    let (fetcher, wanted) = Fetcher::new(data_dir.join(fetch::FOLDER));
    let arrivals = Arrivals {
        fetcher,
        early: Early::new(data_dir.join(uploads::FOLDER), &settings),
        store: Arc::clone(&store),
        roots: roots.clone(),
        tell: tell.clone(),
        order: Arc::default(),
    };
    let core = Core::new(Parts {
        heart: heart.clone(),
        scheduler: Scheduler::new(policy(&config), u64::from(boot) << 32),
        store: Arc::clone(&store),
        config: Arc::clone(&config),
        arrivals: arrivals.clone(),
        cores: faults::cores(cores()),
        devices: Devices::new(data_dir.join("kernels")),
        tell: tell.clone(),
        snapshot: Arc::clone(&snapshot),
    });
    let folder = data_dir.join(uploads::FOLDER);
    let desk = Desk::open(folder, Arc::clone(&settings), arrivals.clone())?;
    recover(&arrivals)?;
    fetch::serve(&wanted, &arrivals, &settings)?;
    take_inventory(config.devices.gpus, tell.clone())?;
    let taking = Arc::new(AtomicBool::new(true));
    let waker = webhooks::start(Arc::clone(&store), &settings, &data_dir)?;
    let daemon = Daemon {
        store: Arc::clone(&store),
        settings: Arc::clone(&settings),
        arrivals: arrivals.clone(),
        posters: Arc::default(),
        uploads: desk.clone(),
        data_dir,
        tell: tell.clone(),
        snapshot,
        commits: count_commits(store.as_ref(), waker),
        metrics: Metrics::install()?,
        taking: Arc::clone(&taking),
    };
    let deciding = std::thread::Builder::new()
        .name("core".to_owned())
        .spawn(move || {
            let decide = std::panic::AssertUnwindSafe(|| core.run(&messages));
            if std::panic::catch_unwind(decide).is_err() {
                // A daemon that decides nothing only looks alive. Everything is in the store: let it be started again.
                printing::note(
                    "newsreel: a bug ended the thread that decides; the daemon ends with it",
                );
                std::process::exit(i32::from(Code::Internal.exit_status()));
            }
        })
        .map_err(|e| unavailable(&e))?;
    trim_now_and_then(&store, &settings)?;
    let asked = Arc::new(AtomicBool::new(false));
    let stopping = signals::listen(Signalled {
        tell: tell.clone(),
        taking,
        reload: Arc::clone(&asked),
    })?;
    retention::start(daemon.clone())?;
    look_after_inputs(desk, arrivals)?;
    folders::start(daemon.clone())?;
    watched_buckets::start(daemon.clone())?;
    name_what_is_open();
    printing::note(format!("newsreel listens on http://{address}"));
    systemd::keep_watch(heart)?;
    systemd::ready();
    Reload {
        settings,
        roots,
        tell,
        asked,
    }
    .start()?;
    http::serve(
        listener,
        Arc::new(daemon),
        Arc::new(door),
        http_options(&config, address),
        stopping,
    )?;
    wait(deciding);
    drop(traces);
    Ok(())
}

/// Who asks for keys. A daemon that other machines reach never goes without; that there is none yet is said, not refused, so
/// that one can be made while it runs.
fn door(
    store: &Arc<dyn Store>,
    config: &Config,
    data_dir: &Path,
    address: SocketAddr,
) -> Result<Doorkeeper> {
    let keys: Arc<dyn Keys> = Arc::clone(store) as _;
    let loopback = address.ip().to_canonical().is_loopback();
    let door = Doorkeeper::new(Arc::clone(&keys), &config.access, data_dir, loopback)?;
    if door.is_open()? {
        printing::note(
            "newsreel: there is no key yet: whoever reaches this address may do everything",
        );
    } else if !keys.has_keys()? && !config.access.jwt.is_used() {
        printing::note(format!(
            "newsreel: a key is needed and there is none: make one with `newsreel key new --name NAME --scope admin --data-dir {}`",
            data_dir.display()
        ));
    }
    Ok(door)
}

fn open_data_dir(config: &Config) -> Result<std::path::PathBuf> {
    let dir = Path::new(&config.storage.data_dir);
    let shown = dir.display().to_string();
    std::fs::create_dir_all(dir.join("jobs"))
        .and_then(|()| std::fs::create_dir_all(dir.join("kernels")))
        .and_then(|()| std::fs::create_dir_all(dir.join(uploads::FOLDER)))
        .and_then(|()| std::fs::create_dir_all(dir.join(fetch::FOLDER)))
        .map_err(|e| Error::writing(&shown, &e))?;
    // Absolute, so that what is stored means the same after a restart from elsewhere.
    std::fs::canonicalize(dir).map_err(|e| Error::writing(&shown, &e))
}

fn listen(config: &Config) -> Result<std::net::TcpListener> {
    let listen = &config.server.listen;
    let failed = |e: std::io::Error| {
        Error::new(
            Code::EngineUnavailable,
            format!("cannot listen on {listen}: {e}; choose another address in server.listen"),
        )
    };
    let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn policy(config: &Config) -> Policy {
    let queue = &config.queue;
    let ms = |s: u32| u64::from(s) * 1000;
    Policy {
        breaking_priority: queue.breaking_priority,
        starvation_ms: ms(queue.starvation_s),
        min_run_ms: ms(queue.min_run_s),
        preempt_gap_ms: ms(queue.preempt_gap_s),
        max_failures: queue.max_failures,
        disk_reserve_bytes: config.storage.disk_reserve_mib << 20,
        min_segments_per_run: SHORTEST_RUN,
        ..Policy::default()
    }
}

/// Asks what devices there are: a cold driver takes seconds, one that hangs half a minute, and HTTP is served meanwhile.
fn take_inventory(gpus: bool, tell: Sender<Message>) -> Result<()> {
    threads::start("inventory", move || {
        let inventory = match gpus {
            true => inventory::take(),
            false => inventory::without_gpus(),
        };
        let _ = tell.send(Message::Inventory(inventory));
    })
}

/// Takes up every job that had not ended when the last daemon did.
fn recover(arrivals: &Arrivals) -> Result<()> {
    let store = &arrivals.store;
    let unfinished = store.unfinished()?;
    let running = unfinished.iter().filter(|j| j.state == JobState::Running);
    let changes: Vec<_> = running
        .map(|j| (Change::Recover { job: j.id }, None))
        .collect();
    if !changes.is_empty() {
        store.apply(changes)?;
    }
    for mut job in unfinished {
        job.state = JobState::Queued;
        arrivals.queued(job)?;
    }
    Ok(())
}

/// Counts the store's commits, for whoever waits for events, and wakes who tells receivers.
fn count_commits(store: &dyn Store, waker: Sender<()>) -> Arc<tokio::sync::watch::Sender<u64>> {
    let commits = Arc::new(tokio::sync::watch::Sender::new(0));
    let count = Arc::clone(&commits);
    store.on_commit(Box::new(move || {
        count.send_modify(|n| *n += 1);
        // One word is enough until it is heard.
        let _ = waker.try_send(());
    }));
    commits
}

fn trim_now_and_then(store: &Arc<dyn Store>, settings: &Arc<Settings>) -> Result<()> {
    let (store, settings) = (Arc::downgrade(store), Arc::clone(settings));
    threads::start("trim", move || {
        while let Some(store) = store.upgrade() {
            let now = jiff::Timestamp::now();
            let event_days = settings.in_force().storage.event_days;
            let kept = jiff::SignedDuration::from_hours(24 * i64::from(event_days));
            if let Err(error) = now
                .checked_sub(kept)
                .map_err(|e| Error::bug(e.to_string()))
                .and_then(|before| store.trim(now, before))
            {
                tracing::warn!(detail = error.detail(), "{error}");
            }
            drop(store);
            std::thread::sleep(TRIM_EVERY);
        }
    })
}

fn look_after_inputs(desk: Desk, arrivals: Arrivals) -> Result<()> {
    threads::start("inputs", move || {
        loop {
            let swept = desk.expire();
            if let Err(error) = swept.and_then(|()| arrivals.fetcher.sweep(&arrivals)) {
                tracing::warn!(detail = error.detail(), "{error}");
            }
            std::thread::sleep(EXPIRE_EVERY);
        }
    })
}

/// Says what this kernel does not keep workers from. A worker tries it, since only from inside it can be known.
fn name_what_is_open() {
    let tried = std::process::Command::new("/proc/self/exe")
        .args(["worker", "--check"])
        .output();
    match tried {
        Ok(tried) => {
            for line in String::from_utf8_lossy(&tried.stderr).lines() {
                printing::note(format!("newsreel: workers: {line}"));
            }
        }
        Err(e) => printing::note(format!(
            "newsreel: workers: their sandbox could not be tried: {e}"
        )),
    }
}

fn http_options(config: &Config, address: SocketAddr) -> newsreel_api::Options {
    let mut options = newsreel_api::Options {
        max_body_bytes: config.server.max_body_bytes,
        requests_per_s: config.access.requests_per_s,
        burst: config.access.burst,
        ..newsreel_api::Options::default()
    };
    if !address.ip().is_unspecified() {
        options.allowed_hosts.push(match address.ip() {
            std::net::IpAddr::V4(ip) => ip.to_string(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        });
    }
    options
        .allowed_hosts
        .extend(config.server.allowed_hosts.iter().cloned());
    options
}

/// Waits for the deciding thread to drain, but not for ever: whatever is not finished then is taken up after a restart.
fn wait(deciding: std::thread::JoinHandle<()>) {
    let until = std::time::Instant::now() + DRAIN;
    while !deciding.is_finished() && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn unavailable(e: &std::io::Error) -> Error {
    Error::new(
        Code::EngineUnavailable,
        format!("the daemon cannot go on: {e}"),
    )
}
