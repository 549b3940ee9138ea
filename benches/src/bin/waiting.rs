//! Many jobs that wait: newsreel's daemon beside ffmpeg processes started by `xargs -P`, in turn, in jobs per hour; and how soon a
//! breaking job is playable among them.
//!
//! `waiting NEWSREEL [--jobs N] [--seconds N] [--rounds N] [--ffmpeg PATH]` prints Markdown. Not here: one job alone (`ladder`).
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use newsreel_benches::clips::Clip;
use newsreel_benches::peers::{Arrangement, LADDERS, Ladder};
use newsreel_benches::{cores, median, option, serve, texts};
use newsreel_model::spec::JobSpec;
use serde_json::Value;

/// Processes at once and threads per encoder of each.
const XARGS: [(usize, u32); 3] = [(1, 0), (2, 1), (4, 1)];

/// How long a round may take.
const LIMIT: Duration = Duration::from_secs(3 * 3600);

struct Bench {
    newsreel: String,
    ffmpeg: String,
    clip: PathBuf,
    jobs: usize,
    seconds: usize,
    ladder: Ladder,
    scratch: PathBuf,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name, default| option(&arguments, name, default);
    let newsreel = arguments
        .first()
        .expect("usage: waiting NEWSREEL [OPTION ...]");
    let (jobs, seconds, rounds) = (
        number("--jobs", 16),
        number("--seconds", 10),
        number("--rounds", 1),
    );
    let scratch = std::path::absolute("out/bench/waiting").unwrap();
    let clip = Clip {
        kind: "animated",
        format: "1080p25",
        seconds,
    };
    let ffmpeg = texts(&arguments, "--ffmpeg").pop();
    let bench = Bench {
        newsreel: newsreel.clone(),
        ffmpeg: ffmpeg.unwrap_or_else(|| "ffmpeg".to_owned()),
        clip: clip.make(&scratch.join("in")).unwrap(),
        jobs,
        seconds,
        ladder: LADDERS[1],
        scratch,
    };
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); XARGS.len() + 1];
    let mut breaking = Vec::new();
    for _ in 0..rounds {
        for (way, rates) in XARGS.iter().zip(&mut rates) {
            rates.push(bench.xargs(*way));
        }
        let (rate, playable_s) = bench.daemon();
        rates[XARGS.len()].push(rate);
        breaking.push(playable_s);
    }
    bench.show(rates, breaking);
}

impl Bench {
    fn show(&self, rates: Vec<Vec<f64>>, breaking: Vec<f64>) {
        println!(
            "{} jobs of {} s of 1080p25 through `{}` on {} cores.\n\n| | jobs an hour |\n| --- | --- |",
            self.jobs,
            self.seconds,
            self.ladder.profile,
            cores()
        );
        let medians: Vec<f64> = rates.into_iter().map(median).collect();
        for ((processes, threads), rate) in XARGS.iter().zip(&medians) {
            let threads = if *threads == 0 {
                "automatic threads"
            } else {
                "one thread per encoder"
            };
            println!("| `xargs -P {processes}`, {threads} | {rate:.0} |");
        }
        let ours = medians[XARGS.len()];
        let best = medians[..XARGS.len()].iter().copied().fold(0.0, f64::max);
        println!("| newsreel | {ours:.0} ({:.2} of the best) |", ours / best);
        println!(
            "\nA breaking job among them: playable {:.1} s after its submit.",
            median(breaking)
        );
    }

    fn xargs(&self, (processes, threads): (usize, u32)) -> f64 {
        let out = self.scratch.join("out");
        let _ = std::fs::remove_dir_all(&out);
        std::fs::create_dir_all(&out).unwrap();
        let each = out.join("{}");
        let line = Arrangement::Split(threads).command(
            &self.ffmpeg,
            &self.ladder,
            &self.clip,
            self.seconds,
            &each,
        );
        let script = self.scratch.join("one.sh");
        std::fs::write(&script, line.replace("{}", "$1")).unwrap();
        let began = Instant::now();
        let all = format!(
            "seq {} | xargs -P {processes} -I '{{}}' sh {} '{{}}'",
            self.jobs,
            script.display()
        );
        let ended = Command::new("sh").args(["-c", &all]).status().unwrap();
        assert!(ended.success(), "ffmpeg failed");
        per_hour(began, self.jobs)
    }

    /// The rate, and how soon the breaking job was playable that came when a quarter of the others was done.
    fn daemon(&self) -> (f64, f64) {
        let dir = self.scratch.join("daemon");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let config = dir.join("newsreel.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[access]\nrequests_per_s = 10_000\nburst = 10_000\n\
             [storage]\ndata_dir = \"{}/data\"\ninput_roots = [\"{}/in\"]\n",
            dir.display(),
            self.scratch.display()
        );
        std::fs::write(&config, text).unwrap();
        let (mut daemon, address) = serve(&self.newsreel, &config).unwrap();
        let url = format!("http://{address}");
        let began = Instant::now();
        for _ in 0..self.jobs {
            self.submit(&url, 50);
        }
        wait(|| count(&url, "completed") >= self.jobs / 4);
        let asked = Instant::now();
        let id = self.submit(&url, 90);
        let playlist = format!("{url}/media/{id}/master.m3u8");
        wait(|| ureq::get(&playlist).call().is_ok());
        let playable_s = asked.elapsed().as_secs_f64();
        wait(|| count(&url, "completed") > self.jobs);
        // The breaking job is one more.
        let rate = per_hour(began, self.jobs + 1);
        let _ = daemon.kill();
        let _ = daemon.wait();
        (rate, playable_s)
    }

    fn submit(&self, url: &str, priority: u8) -> String {
        let mut spec = JobSpec::new(format!("file://{}", self.clip.display()));
        spec.profile = self.ladder.profile.to_owned();
        spec.priority = priority;
        let answer = ureq::post(format!("{url}/v1/jobs"))
            .send_json(&spec)
            .unwrap();
        let job: Value = answer.into_body().read_json().unwrap();
        job["id"].as_str().unwrap().to_owned()
    }
}

#[allow(clippy::cast_precision_loss, reason = "there are not so many")]
fn per_hour(began: Instant, jobs: usize) -> f64 {
    jobs as f64 * 3600.0 / began.elapsed().as_secs_f64()
}

fn get(url: &str, path: &str) -> Value {
    let answer = ureq::get(format!("{url}{path}")).call().unwrap();
    answer.into_body().read_json().unwrap()
}

fn count(url: &str, state: &str) -> usize {
    let page = get(url, &format!("/v1/jobs?state={state}&limit=200"));
    assert_eq!(
        get(url, "/v1/jobs?state=failed")["jobs"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    page["jobs"].as_array().unwrap().len()
}

fn wait(mut done: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < until, "this takes too long");
        std::thread::sleep(Duration::from_millis(100));
    }
}
