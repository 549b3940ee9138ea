//! One page about a machine's first GPU: what is found, what it was measured at, each real clip made on it and on the cores, and
//! a whole job beside ffmpeg's on the same GPU.
//!
//! `gpu NEWSREEL FFMPEG [--clips DIR] [--rounds N] [--seconds N] [--time-ms N]` prints Markdown. Not here: what is carried to a machine that has nothing
//! (`scripts/gpu-check`).
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use newsreel_benches::{children_cpu_s, median, option};
use serde_json::Value;

/// Next to nothing is left out, so that only decoding and scaling differ; and what is compared with ffmpeg.
const PROFILES: &str = "[profiles.exact]\nrate_control = \"crf\"\ncrf = 1\npreset = \"ultrafast\"\n\
    rungs = [{ short_side_px = 360 }, { short_side_px = 240 }]\n\
    [profiles.three]\npreset = \"veryfast\"\nrungs = [\
    { short_side_px = 720, bitrate_kbps = 2800 }, { short_side_px = 480, bitrate_kbps = 1400 }, \
    { short_side_px = 360, bitrate_kbps = 800 }]\n";

/// What may be below this is another picture (the goal of `scripts/gpu-check`).
const LEAST_DB: f64 = 45.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: gpu NEWSREEL FFMPEG [--clips DIR] [--rounds N] [--seconds N] [--time-ms N]";
    let (newsreel, ffmpeg) = (
        arguments.first().expect(usage),
        arguments.get(1).expect(usage),
    );
    let clips = arguments.iter().position(|a| a == "--clips");
    let clips = clips.and_then(|i| arguments.get(i + 1));
    let scratch = std::env::temp_dir().join(format!("newsreel-gpu-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    let bench = Bench {
        newsreel: newsreel.clone(),
        ffmpeg: ffmpeg.clone(),
        config: scratch.join("newsreel.toml"),
        scratch,
    };
    std::fs::write(&bench.config, PROFILES).unwrap();
    println!("# A GPU, checked\n\n{}\n", jiff::Zoned::now().date());
    let device = bench.inventory();
    let number = |name, default| option(&arguments, name, default);
    let rounds = number("--rounds", 3);
    if let Some(device) = device {
        bench.rates(&device, number("--time-ms", 1000), rounds);
        let clips = PathBuf::from(clips.map_or("../shared/media", |dir| dir));
        bench.lanes(&device, &clips);
        bench.beside_ffmpeg(&device, &clips, number("--seconds", 60), rounds);
    }
    let _ = std::fs::remove_dir_all(&bench.scratch);
}

struct Bench {
    newsreel: String,
    ffmpeg: String,
    config: PathBuf,
    scratch: PathBuf,
}

impl Bench {
    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.newsreel);
        command.args(arguments).stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Shows what is found; the first GPU.
    fn inventory(&self) -> Option<String> {
        println!("## Inventory\n\n```");
        print!("{}", text(&self.ask(&["devices"]).stdout));
        println!("```\n");
        let found: Value =
            serde_json::from_slice(&self.ask(&["devices", "--json"]).stdout).unwrap();
        let first = found["gpus"].as_array()?.first()?;
        let id = first["id"].as_str()?.to_owned();
        let place = if id.starts_with("nvidia") {
            "cuda:0"
        } else {
            "vaapi:0"
        };
        println!("What follows is of the first, `{place}`.\n");
        Some(place.to_owned())
    }

    /// Shows the rates, and what of decoding alone is left when a ladder is made as well.
    fn rates(&self, device: &str, time_ms: usize, rounds: usize) {
        println!("## Rates\n");
        let dir = self.scratch.display().to_string();
        let (time, runs) = (time_ms.to_string(), rounds.to_string());
        let asked = [
            "devices",
            "calibrate",
            "--json",
            "--data-dir",
            &dir,
            "--time-ms",
            &time,
            "--runs",
            &runs,
        ];
        let answer = self.ask(&asked);
        let Ok(measured) = serde_json::from_slice::<Value>(&answer.stdout) else {
            println!("`{device}` was not measured: {}\n", text(&answer.stderr));
            return;
        };
        for failed in measured["failed"].as_array().into_iter().flatten() {
            println!("Not measured: {}\n", failed["message"]);
        }
        let Some(first) = measured["measured"].get(0) else {
            return;
        };
        println!("| work | codec | frames/s | sessions | of decoding alone |");
        println!("| --- | --- | --- | --- | --- |");
        let rates = first["rates"].as_array().unwrap();
        for rate in rates {
            let speed = |r: &Value| r["frames_per_s"].as_f64().unwrap();
            let alone = rates.iter().find(|r| {
                r["work"] == "decode" && r["codec"] == rate["codec"] && rate["work"] != "encode"
            });
            let share = alone.map_or(String::new(), |a| format!("{:.2}", speed(rate) / speed(a)));
            println!(
                "| {} | {} | {} | {} | {share} |",
                rate["work"].as_str().unwrap(),
                rate["codec"].as_str().unwrap_or(""),
                rate["frames_per_s"],
                rate["sessions"]
            );
        }
        println!(
            "\nMemory, MiB: {} for a process with a context, {} for each session.\n",
            first["vram"]["context_mib"], first["vram"]["session_mib"]
        );
    }

    /// A job in a folder of its own; its report, or what it said.
    fn job(&self, clip: &Path, device: &str, profile: &str) -> Result<(PathBuf, Value), String> {
        let out = self.scratch.join(device.replace(':', "-"));
        let _ = std::fs::remove_dir_all(&out);
        let (input, place) = (clip.display().to_string(), out.display().to_string());
        let config = self.config.display().to_string();
        let ended = self.ask(&[
            "transcode",
            &input,
            "--out",
            &place,
            "--device",
            device,
            "--profile",
            profile,
            "--config",
            &config,
        ]);
        if !ended.status.success() {
            let words = text(&ended.stderr);
            return Err(words.lines().last().unwrap_or_default().to_owned());
        }
        let report = std::fs::read(out.join("report.json")).unwrap();
        Ok((out, serde_json::from_slice(&report).unwrap()))
    }

    /// Every clip on the device and on the cores, and how alike their pictures are.
    fn lanes(&self, device: &str, clips: &Path) {
        println!("## Real clips, on `{device}` and on the cores\n");
        println!("| clip | made by | frames | on the cores | PSNR, dB | fell back |");
        println!("| --- | --- | --- | --- | --- | --- |");
        let mut files: Vec<PathBuf> = std::fs::read_dir(clips)
            .map(|entries| entries.flatten().map(|e| e.path()).collect())
            .unwrap_or_default();
        files.sort();
        let text =
            |f: &PathBuf| matches!(f.extension().and_then(|e| e.to_str()), Some("md" | "srt"));
        files.retain(|f| f.is_file() && !text(f));
        if files.is_empty() {
            println!("\n!!!!!!!! there are no clips in {}\n", clips.display());
        }
        let mut wrong = 0;
        for clip in files {
            let name = clip.file_name().unwrap().to_string_lossy().into_owned();
            let (there, here) = (
                self.job(&clip, device, "exact"),
                self.job(&clip, "cpu", "exact"),
            );
            let ((gpu, made), (cpu, reference)) = match (there, here) {
                (Ok(there), Ok(here)) => (there, here),
                (there, here) => {
                    let words =
                        |r: Result<_, String>| r.map_or_else(|why| why, |_| "made".to_owned());
                    println!("| {name} | {} | | {} | | |", words(there), words(here));
                    continue;
                }
            };
            let alike = self.least_db(&gpu, &cpu, &made);
            let same = frames(&made) == frames(&reference);
            wrong += usize::from(!same || alike < LEAST_DB);
            println!(
                "| {name} | {} | {} | {} | {alike:.1} | {} |",
                makers(&made),
                frames(&made),
                frames(&reference),
                made["fallbacks"].as_array().map_or(0, Vec::len)
            );
        }
        println!("\n{wrong} clips with other frames than on the cores, or below {LEAST_DB} dB.\n");
    }

    /// The brightness of the rung that is least like its other.
    fn least_db(&self, gpu: &Path, cpu: &Path, report: &Value) -> f64 {
        let rungs = report["rungs"].as_array().into_iter().flatten();
        let names = rungs.filter_map(|r| r["name"].as_str());
        let movie = |out: &Path, name: &str| out.join(format!("mp4/{name}.mp4"));
        let db = |name| {
            let said = Command::new(&self.ffmpeg)
                .args(["-v", "info", "-nostdin", "-i"])
                .arg(movie(gpu, name))
                .arg("-i")
                .arg(movie(cpu, name))
                .args(["-lavfi", "[0:v][1:v]psnr", "-f", "null", "-"])
                .output()
                .unwrap();
            let said = text(&said.stderr);
            let found = said
                .split("PSNR y:")
                .nth(1)
                .and_then(|s| s.split(' ').next());
            found.and_then(|s| s.parse().ok()).unwrap_or(f64::NAN)
        };
        names.map(db).fold(f64::INFINITY, f64::min)
    }

    /// The same job by both in turn: 1080p to 720p, 480p and 360p, decoded and scaled on the GPU, encoded by libx264.
    fn beside_ffmpeg(&self, device: &str, clips: &Path, seconds: usize, rounds: usize) {
        println!("## A whole job, beside ffmpeg\n");
        let Some(clip) = self.enlarged(&clips.join("bunny-720p25.mp4"), seconds) else {
            return println!("Not measured: there is no clip to make it from.\n");
        };
        let (mut ours, mut theirs) = (self.ours(&clip, device), self.theirs(&clip));
        let mut figures: [Vec<(f64, f64)>; 2] = Default::default();
        for _ in 0..rounds {
            for (command, figures) in [&mut ours, &mut theirs].into_iter().zip(&mut figures) {
                match cost(command) {
                    Some(cost) => figures.push(cost),
                    None => return println!("Not measured: {command:?} failed.\n"),
                }
            }
        }
        show(&figures);
    }

    /// So many seconds of 1080p; none where they cannot be made.
    fn enlarged(&self, real: &Path, seconds: usize) -> Option<PathBuf> {
        let clip = self.scratch.join("source.mp4");
        let made = Command::new(&self.ffmpeg)
            .args(["-v", "error", "-y", "-stream_loop", "-1", "-i"])
            .arg(real)
            .args(["-t", &seconds.to_string(), "-an", "-vf", "scale=1920:1080"])
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20"])
            .arg(&clip)
            .status();
        made.is_ok_and(|s| s.success()).then_some(clip)
    }

    fn ours(&self, clip: &Path, device: &str) -> Command {
        let mut command = Command::new(&self.newsreel);
        command.arg("transcode").arg(clip);
        command.args(["--force", "--device", device, "--profile", "three"]);
        command.arg("--config").arg(&self.config);
        command.arg("--out").arg(self.scratch.join("ours"));
        command
    }

    fn theirs(&self, clip: &Path) -> Command {
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-v", "error", "-y", "-hwaccel", "cuda"]);
        command.args(["-hwaccel_output_format", "cuda", "-i"]);
        command.arg(clip);
        let rungs = [
            ("a", 1280, 720, 2800),
            ("b", 854, 480, 1400),
            ("c", 640, 360, 800),
        ];
        let each = rungs
            .map(|(n, w, h, _)| format!("[{n}]scale_cuda={w}:{h},hwdownload,format=nv12[{n}o]"));
        let graph = format!("[0:v]split=3[a][b][c];{}", each.join(";"));
        command.args(["-filter_complex", &graph]);
        for (name, _, _, rate) in rungs {
            let (rate, room) = (format!("{rate}k"), format!("{}k", rate * 2));
            command.args(["-map", &format!("[{name}o]"), "-c:v", "libx264"]);
            command.args(["-preset", "veryfast", "-crf", "23"]);
            command.args(["-maxrate", &rate, "-bufsize", &room, "-g", "100"]);
            command.arg(self.scratch.join(format!("{name}.mp4")));
        }
        command
    }
}

/// Wall and cores of newsreel and ffmpeg, and their ratios.
fn show(figures: &[Vec<(f64, f64)>; 2]) {
    let [ours, theirs] = figures;
    println!("| | wall s | CPU s |\n| --- | --- | --- |");
    for (name, figures) in [("newsreel", ours), ("ffmpeg, one process", theirs)] {
        let of = |f: fn(&(f64, f64)) -> f64| median(figures.iter().map(f).collect());
        println!("| {name} | {:.2} | {:.2} |", of(|c| c.0), of(|c| c.1));
    }
    let ratio = |f: fn(&(f64, f64)) -> f64| {
        median(ours.iter().zip(theirs).map(|(a, b)| f(a) / f(b)).collect())
    };
    println!(
        "\nnewsreel to ffmpeg, median of {} rounds: wall {:.2}, CPU {:.2}.",
        ours.len(),
        ratio(|c| c.0),
        ratio(|c| c.1)
    );
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn frames(report: &Value) -> u64 {
    let rungs = report["rungs"].as_array().into_iter().flatten();
    rungs.filter_map(|r| r["frames"].as_u64()).sum()
}

fn makers(report: &Value) -> String {
    let rungs = report["rungs"].as_array().into_iter().flatten();
    let made_by = rungs.filter_map(|r| r["made_by"].as_object());
    let mut all: Vec<String> = made_by.flat_map(|m| m.keys().cloned()).collect();
    all.sort();
    all.dedup();
    all.join(", ")
}

/// Seconds of wall and of the cores that a command takes; none where it fails.
fn cost(command: &mut Command) -> Option<(f64, f64)> {
    let (began, before) = (Instant::now(), children_cpu_s().ok()?);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let ended = command.status().ok()?;
    let spent = children_cpu_s().ok()? - before;
    ended
        .success()
        .then(|| (began.elapsed().as_secs_f64(), spent))
}
