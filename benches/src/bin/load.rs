//! How fast a daemon takes jobs and lists them, over loopback: durable submits a second, pages of a store of 100,000 jobs.
//!
//! `load NEWSREEL [--jobs N] [--submits N] [--clients N]` prints Markdown. The daemon starts nothing meanwhile: its disk
//! reserve is set beyond any disk.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use newsreel_benches::{option, serve};
use newsreel_config::Config;
use newsreel_model::JobId;
use newsreel_model::spec::JobSpec;
use newsreel_model::store::{NewJob, Store};
use newsreel_store::{SqliteStore, StoreOptions};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default| option(&arguments, name, default);
    let newsreel = arguments
        .first()
        .expect("usage: load NEWSREEL [--jobs N] [--submits N] [--clients N]");
    let (jobs, submits) = (option("--jobs", 100_000), option("--submits", 10_000));
    let scratch = Path::new("out/bench/load");
    let _ = std::fs::remove_dir_all(scratch);
    std::fs::create_dir_all(scratch.join("data")).unwrap();
    std::fs::write(scratch.join("clip.mp4"), "not looked at").unwrap();
    fill(&scratch.join("data/store.db"), jobs);

    let (mut daemon, address) = start(newsreel, scratch);
    let url = format!("http://{address}");
    println!("A daemon with {jobs} jobs in its store, over loopback.\n");
    println!("| | per second | p50 ms | p99 ms |\n| --- | --- | --- | --- |");
    for clients in [1, option("--clients", 16)] {
        let took = side_by_side(clients, submits / clients, |agent| {
            submit(agent, &url, scratch);
        });
        row(&format!("durable submits, {clients} at a time"), took);
    }
    for (what, path) in [
        ("first page of 50", "/v1/jobs?limit=50"),
        (
            "page of 50 of one state and tenant",
            "/v1/jobs?limit=50&state=queued&tenant=sport",
        ),
    ] {
        let took = side_by_side(1, 200, |agent| get(agent, &format!("{url}{path}")));
        row(what, took);
    }
    let _ = daemon.kill();
    let _ = daemon.wait();
}

/// Puts jobs into a store without a daemon, many at a time.
fn fill(path: &Path, jobs: usize) {
    let store = SqliteStore::open(path, StoreOptions::default()).unwrap();
    let profile = Config::default().profile("web").unwrap().clone();
    std::thread::scope(|scope| {
        for part in 0..64 {
            let (store, profile) = (&store, &profile);
            scope.spawn(move || {
                for n in (part..jobs).step_by(64) {
                    let mut spec = JobSpec::new("file:///in/clip.mp4");
                    spec.tenant = if n % 10 == 0 { "sport" } else { "news" }.to_owned();
                    let id = JobId::new();
                    let job = NewJob {
                        id,
                        spec,
                        profile: profile.clone(),
                        destination: format!("/out/{id}"),
                        roots: Vec::new(),
                        created_at: jiff::Timestamp::now(),
                    };
                    store.submit(job, None, u64::MAX).unwrap();
                }
            });
        }
    });
}

fn start(newsreel: &str, scratch: &Path) -> (Child, String) {
    let root = std::fs::canonicalize(scratch).unwrap();
    let config = scratch.join("newsreel.toml");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[storage]\ndata_dir = \"{0}/data\"\ninput_roots = [\"{0}\"]\n\
         disk_reserve_mib = 10_000_000\n[queue]\nmax_queued = 1_000_000\n",
        root.display()
    );
    std::fs::write(&config, text).unwrap();
    serve(newsreel, &config).unwrap()
}

/// What each of `count` calls by each of `clients` took, and the whole.
fn side_by_side(
    clients: usize,
    count: usize,
    call: impl Fn(&ureq::Agent) + Sync,
) -> (Vec<Duration>, Duration) {
    let began = Instant::now();
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let each = || {
            let agent = ureq::Agent::new_with_defaults();
            let one = |_| {
                let began = Instant::now();
                call(&agent);
                began.elapsed()
            };
            (0..count).map(one).collect::<Vec<_>>()
        };
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(each)).collect();
        for client in clients {
            all.extend(client.join().unwrap());
        }
    });
    (all, began.elapsed())
}

fn submit(agent: &ureq::Agent, url: &str, scratch: &Path) {
    let root = std::fs::canonicalize(scratch).unwrap();
    let spec = JobSpec::new(format!("file://{}/clip.mp4", root.display()));
    let answer = agent
        .post(format!("{url}/v1/jobs"))
        .send_json(&spec)
        .unwrap();
    assert_eq!(answer.status(), 201);
}

fn get(agent: &ureq::Agent, url: &str) {
    let text = agent
        .get(url)
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(text.contains("\"jobs\""));
}

fn row(what: &str, (mut took, whole): (Vec<Duration>, Duration)) {
    took.sort_unstable();
    let at =
        |share: usize| took[(took.len() * share / 100).min(took.len() - 1)].as_secs_f64() * 1e3;
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    let rate = took.len() as f64 / whole.as_secs_f64();
    println!("| {what} | {rate:.0} | {:.1} | {:.1} |", at(50), at(99));
}
