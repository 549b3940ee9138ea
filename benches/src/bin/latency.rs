//! How soon after the last byte of an upload its pictures are there and its first rung plays: clips sent one after another to a
//! daemon, each once the one before is complete.
//!
//! `latency NEWSREEL [--clips N] [--others N] [--seconds N]` prints Markdown: N clips of 1080p25, and N of 1080p50 and of 2160p25.
//! The clips are made from the real ones in `../shared/media` by scaling and looping. Not here: how long a whole ladder takes
//! (`ladder`), or any assertion.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use newsreel_benches::{option, serve};
use serde_json::{Value, json};

/// What clips are made from: film, animation, a phone's, a stage, a street.
const SOURCES: [&str; 5] = [
    "film-576p24-37s.mkv",
    "bunny-720p25.mp4",
    "phone-hlg-rotated.mov",
    "concert-vp8-45s.webm",
    "traffic-432p12.mp4",
];

/// Name, width, height, frames a second, kbit/s: as cameras and phones send them.
type Shape = (&'static str, u32, u32, u32, u32);
const SHAPES: [Shape; 3] = [
    ("1080p25", 1920, 1080, 25, 12_000),
    ("1080p50", 1920, 1080, 50, 20_000),
    ("2160p25", 3840, 2160, 25, 40_000),
];

/// What is waited for.
const MOMENTS: [&str; 2] = ["thumbnails.ready", "output.playable"];

/// Longer takes no job.
const PATIENCE: Duration = Duration::from_secs(3600);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default| option(&arguments, name, default);
    let newsreel = arguments
        .first()
        .expect("usage: latency NEWSREEL [--clips N] [--others N] [--seconds N]");
    let (clips, others) = (option("--clips", 100), option("--others", 10));
    let seconds = option("--seconds", 10);
    let scratch = Path::new("out/bench/latency");
    let _ = std::fs::remove_dir_all(scratch.join("data"));
    std::fs::create_dir_all(scratch.join("data")).unwrap();
    let config = scratch.join("newsreel.toml");
    let text = "[server]\nlisten = \"127.0.0.1:0\"\n[storage]\ndata_dir = \"data\"\n";
    let data = std::fs::canonicalize(scratch.join("data")).unwrap();
    let text = text.replace("\"data\"", &format!("{:?}", data.display().to_string()));
    std::fs::write(&config, text).unwrap();
    let made: Vec<Vec<PathBuf>> = SHAPES.map(|shape| make(scratch, shape, seconds)).to_vec();

    let (mut daemon, address) = serve(newsreel, &config).unwrap();
    let client = Client {
        url: format!("http://{address}"),
        agent: ureq::Agent::new_with_defaults(),
    };
    println!(
        "Clips of {seconds} s sent to `/v1/uploads` one after another, profile `web`: ms from the answer to the last byte. What was there \
         before it counts as 0.\n"
    );
    println!(
        "| | clips | {} p50 | p99 | {} p50 | p99 |",
        MOMENTS[0], MOMENTS[1]
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for ((name, ..), files) in SHAPES.iter().zip(&made) {
        let count = if *name == "1080p25" { clips } else { others };
        let mut took: HashMap<&str, Vec<Duration>> = HashMap::new();
        for number in 0..count {
            for (moment, after) in client.send(&files[number % files.len()]) {
                took.entry(moment).or_default().push(after);
            }
            eprintln!("{name} {} of {count}", number + 1);
        }
        let columns: Vec<String> = MOMENTS.iter().map(|m| shares(took.remove(m))).collect();
        println!("| {name} | {count} | {} |", columns.join(" | "));
    }
    let _ = daemon.kill();
    let _ = daemon.wait();
}

/// The middle one and the one that one in a hundred is above, in ms.
fn shares(took: Option<Vec<Duration>>) -> String {
    let mut took = took.unwrap_or_default();
    took.sort_unstable();
    let at = |share: usize| {
        let found = took.get((took.len() * share / 100).min(took.len().saturating_sub(1)));
        found.map_or(f64::NAN, |t| t.as_secs_f64() * 1e3)
    };
    format!("{:.0} | {:.0}", at(50), at(99))
}

/// One clip of a shape for each source, kept between runs.
fn make(scratch: &Path, shape: Shape, seconds: usize) -> Vec<PathBuf> {
    let (name, width, height, rate, kbps) = shape;
    let one = |source: &&str| {
        let out = scratch.join(format!("{name}-{seconds}s-{source}.mp4"));
        if out.exists() {
            return out;
        }
        let from = Path::new("../shared/media").join(source);
        assert!(from.exists(), "{} is missing", from.display());
        let partial = scratch.join("partial.mp4");
        let picture = format!(
            "scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},fps={rate},setsar=1,format=yuv420p"
        );
        let coding = format!("-c:v libx264 -preset veryfast -b:v {kbps}k -g {}", 2 * rate);
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-y", "-stream_loop", "-1", "-i"]);
        command
            .arg(&from)
            .args(["-f", "lavfi", "-i", "sine=440:r=48000"]);
        command.args(["-map", "0:V:0", "-map", "1:a", "-vf", &picture]);
        command.args(coding.split(' ')).args(["-c:a", "aac", "-t"]);
        command.arg(seconds.to_string()).arg(&partial);
        assert!(command.status().unwrap().success(), "{source}");
        std::fs::rename(&partial, &out).unwrap();
        out
    };
    SOURCES.iter().map(one).collect()
}

struct Client {
    url: String,
    agent: ureq::Agent,
}

impl Client {
    /// Sends a clip and waits for its job's end: how long after its last byte each moment came.
    fn send(&self, clip: &Path) -> Vec<(&'static str, Duration)> {
        let length = std::fs::metadata(clip).unwrap().len();
        let begun = self
            .agent
            .post(format!("{}/v1/uploads", self.url))
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", length.to_string())
            .send_empty()
            .unwrap();
        let at = begun.headers()["Location"].to_str().unwrap().to_owned();
        let upload = at.rsplit('/').next().unwrap();
        let job: Value = self
            .agent
            .post(format!("{}/v1/jobs", self.url))
            .send_json(json!({ "input": { "upload": upload } }))
            .unwrap()
            .body_mut()
            .read_json()
            .unwrap();
        let id = job["id"].as_str().unwrap().to_owned();
        let heard = self.listen(&id);
        let path = url_path(&at);
        self.agent
            .patch(format!("{}{path}", self.url))
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", "0")
            .header("Content-Type", "application/offset+octet-stream")
            .header("Content-Length", length.to_string())
            .send(File::open(clip).unwrap())
            .unwrap();
        let sent = Instant::now();
        let mut moments = Vec::new();
        loop {
            let (kind, when) = heard.recv_timeout(PATIENCE).expect("the job goes on");
            if let Some(moment) = MOMENTS.iter().find(|m| **m == kind) {
                moments.push((*moment, when.saturating_duration_since(sent)));
            }
            match kind.as_str() {
                "job.completed" => break,
                "job.failed" | "job.cancelled" => panic!("{} {kind}", clip.display()),
                _ => {}
            }
        }
        // The disk is for the next ones.
        for path in [format!("/v1/jobs/{id}"), path] {
            let request = self.agent.delete(format!("{}{path}", self.url));
            request.header("Tus-Resumable", "1.0.0").call().unwrap();
        }
        moments
    }

    /// Types of a job's events, each with the moment it was heard.
    fn listen(&self, id: &str) -> mpsc::Receiver<(String, Instant)> {
        let (tell, heard) = mpsc::channel();
        let url = format!("{}/v1/jobs/{id}/events", self.url);
        let agent = self.agent.clone();
        std::thread::spawn(move || {
            let answer = agent.get(url).call().unwrap();
            let lines = BufReader::new(answer.into_body().into_reader()).lines();
            for line in lines.map_while(Result::ok) {
                let Some(kind) = line.strip_prefix("event:") else {
                    continue;
                };
                let kind = kind.trim().to_owned();
                let over = kind.starts_with("job.completed");
                if tell.send((kind, Instant::now())).is_err() || over {
                    break;
                }
            }
        });
        heard
    }
}

/// The path of an address that may have a host.
fn url_path(at: &str) -> String {
    match at.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |i| &rest[i..]).to_owned(),
        None => at.to_owned(),
    }
}
