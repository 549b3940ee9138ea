//! How late listeners and receivers hear of events while jobs run, and whether the jobs are slower for it.
//!
//! `push NEWSREEL [--listeners N] [--receivers N]` prints Markdown: the same jobs without anybody who listens, then with listeners
//! of server-sent events and receivers of webhooks, all on this machine; first stories as they are, then many tiny ones at once.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use newsreel_benches::{cpu_s, option, serve};
use newsreel_model::envelope::Envelope;
use newsreel_model::spec::JobSpec;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Milliseconds from an event to its arrival, as they came.
type Delays = Arc<Mutex<Vec<f64>>>;

/// How long the jobs of one round may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The jobs of a round, all submitted at once.
struct Load {
    what: &'static str,
    jobs: usize,
    /// Of the picture, as ffmpeg takes it, and of the clip.
    size: &'static str,
    seconds: &'static str,
    profile: &'static str,
}

const LOADS: [Load; 2] = [
    Load {
        what: "stories of 20 s in 720p through `web`",
        jobs: 8,
        size: "1280x720",
        seconds: "20",
        profile: "web",
    },
    Load {
        what: "clips of 10 s through one rung of 180p, which take a quarter of a second each",
        jobs: 20,
        size: "640x360",
        seconds: "10",
        profile: "short",
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default| option(&arguments, name, default);
    let newsreel = arguments
        .first()
        .expect("usage: push NEWSREEL [--listeners N] [--receivers N]");
    let (listeners, receivers) = (option("--listeners", 1000), option("--receivers", 100));
    for load in &LOADS {
        measure(newsreel, load, listeners, receivers);
    }
}

fn measure(newsreel: &str, load: &Load, listeners: usize, receivers: usize) {
    let scratch = Path::new("out/bench/push");
    let _ = std::fs::remove_dir_all(scratch);
    std::fs::create_dir_all(scratch.join("in")).unwrap();
    make_clip(&scratch.join("in/clip.mp4"), load);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let round = |name, listeners, receivers| {
        runtime.block_on(round(
            newsreel,
            &scratch.join(name),
            load,
            listeners,
            receivers,
        ))
    };
    let alone = round("alone", 0, 0);
    let told = round("told", listeners, receivers);
    println!(
        "{} {}; {listeners} listeners, {receivers} receivers.\n",
        load.jobs, load.what
    );
    println!("| | events | p50 ms | p99 ms |\n| --- | --- | --- | --- |");
    row("server-sent events", &told.heard);
    row("webhooks", &told.received);
    println!(
        "\nThe jobs took {:.1} s with nobody listening and {:.1} s with all of them ({:.2}); the daemon itself, without its \
         workers, took {:.1} and {:.1} s of the cores.\n",
        alone.wall_s,
        told.wall_s,
        told.wall_s / alone.wall_s,
        alone.cpu_s,
        told.cpu_s
    );
}

/// What one daemon with its listeners came to.
struct Round {
    wall_s: f64,
    /// Of the daemon itself, without its workers.
    cpu_s: f64,
    heard: Delays,
    received: Delays,
}

async fn round(
    newsreel: &str,
    dir: &Path,
    load: &Load,
    listeners: usize,
    receivers: usize,
) -> Round {
    let (heard, received) = (Delays::default(), Delays::default());
    let port = receive(&received).await;
    let (mut daemon, address) = start(newsreel, dir, port, receivers);
    let mut listening = Vec::new();
    for _ in 0..listeners {
        let stream = listen(&address, &heard).await;
        listening.push(tokio::spawn(stream));
    }
    let began = Instant::now();
    let url = format!("http://{address}");
    let (jobs, profile) = (load.jobs, load.profile);
    let waited = tokio::task::spawn_blocking(move || run(&url, jobs, profile)).await;
    let wall_s = began.elapsed().as_secs_f64();
    waited.unwrap();
    // What is still on its way counts too.
    tokio::time::sleep(Duration::from_secs(2)).await;
    listening.iter().for_each(tokio::task::JoinHandle::abort);
    let cpu_s = cpu_s(daemon.id()).unwrap();
    let _ = daemon.kill();
    let _ = daemon.wait();
    Round {
        wall_s,
        cpu_s,
        heard,
        received,
    }
}

/// Submits the jobs, and waits until the last is complete.
fn run(url: &str, jobs: usize, profile: &str) {
    let clip = std::fs::canonicalize("out/bench/push/in/clip.mp4").unwrap();
    let mut spec = JobSpec::new(format!("file://{}", clip.display()));
    spec.profile = profile.to_owned();
    for _ in 0..jobs {
        let answer = ureq::post(format!("{url}/v1/jobs"))
            .send_json(&spec)
            .unwrap();
        assert_eq!(answer.status(), 201);
    }
    let until = Instant::now() + LIMIT;
    loop {
        let mut answer = ureq::get(format!("{url}/v1/jobs?state=completed&limit=200"))
            .call()
            .unwrap();
        let page: Value = answer.body_mut().read_json().unwrap();
        if page["jobs"]
            .as_array()
            .is_some_and(|done| done.len() >= jobs)
        {
            return;
        }
        assert!(Instant::now() < until, "the jobs do not end");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Notes how old an event is; progress that is not logged is one too.
fn note(delays: &Delays, json: &[u8]) {
    let event: Envelope = serde_json::from_slice(json).unwrap();
    let age = jiff::Timestamp::now() - event.created_at;
    let ms = age.total(jiff::Unit::Millisecond).unwrap();
    delays.lock().unwrap().push(ms);
}

/// A server for all receivers, each of which is an address of its own in 127.0.0.0/8; its port.
async fn receive(delays: &Delays) -> u16 {
    let delays = Arc::clone(delays);
    let taken = move |body: axum::body::Bytes| {
        note(&delays, &body);
        async { StatusCode::NO_CONTENT }
    };
    let app = Router::new().route("/", post(taken));
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

/// Opens a stream of all events; the rest is to be polled.
async fn listen(address: &str, delays: &Delays) -> impl Future<Output = ()> + use<> {
    let delays = Arc::clone(delays);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut lines = tokio::io::BufReader::new(stream).lines();
    // The head of the answer: from here on it is listened to.
    while lines
        .next_line()
        .await
        .unwrap()
        .is_some_and(|line| !line.is_empty())
    {}
    async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(json) = line.strip_prefix("data: ") {
                note(&delays, json.as_bytes());
            }
        }
    }
}

fn start(newsreel: &str, dir: &Path, port: u16, receivers: usize) -> (Child, String) {
    std::fs::create_dir_all(dir).unwrap();
    let dir = std::fs::canonicalize(dir).unwrap();
    let root = dir.parent().unwrap();
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[access]\nrequests_per_s = 100_000\nburst = 100_000\n\
         [storage]\ndata_dir = \"{}/data\"\ninput_roots = [\"{}/in\"]\n\
         [profiles.short]\npreset = \"ultrafast\"\nsegment_s = 1.0\nfirst_segment_s = 1.0\n\
         rungs = [{{ short_side_px = 180, bitrate_kbps = 300 }}]\n",
        dir.display(),
        root.display()
    );
    for n in 0..receivers {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        text += &format!(
            "[webhooks.endpoints.r{n}]\nurl = \"http://127.1.{}.{}:{port}/\"\nsecret = \"{secret}\"\n",
            n / 250,
            n % 250 + 1
        );
    }
    let config = dir.join("newsreel.toml");
    std::fs::write(&config, text).unwrap();
    serve(newsreel, &config).unwrap()
}

fn make_clip(clip: &Path, load: &Load) {
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            &format!("testsrc2=s={}:r=25", load.size),
        ])
        .args([
            "-t",
            load.seconds,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
        ])
        .arg(clip)
        .status();
    assert!(
        made.unwrap().success(),
        "ffmpeg could not make {}",
        clip.display()
    );
}

fn row(what: &str, delays: &Delays) {
    let mut all = delays.lock().unwrap().clone();
    all.sort_by(f64::total_cmp);
    let at = |share: usize| all.get((all.len() * share / 100).min(all.len().saturating_sub(1)));
    let shown = |ms: Option<&f64>| ms.map_or("–".to_owned(), |ms| format!("{ms:.1}"));
    println!(
        "| {what} | {} | {} | {} |",
        all.len(),
        shown(at(50)),
        shown(at(99))
    );
}
