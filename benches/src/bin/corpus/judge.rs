//! One file: what Newsreel makes of it within its limits, whether that is sound, and how much of it plain `ffmpeg` can show.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde::Serialize;

/// Seconds that `ffmpeg` has to make of a file for it to count as one that can be watched.
const WATCHABLE_S: f64 = 1.0;

/// How Newsreel says that a file only points at others.
const ELSEWHERE: &str = "refers to another file";

/// How each file is tried.
pub struct Judge {
    /// The command.
    pub newsreel: String,
    /// Name of the profile.
    pub profile: String,
    /// Seconds after which what still runs hangs.
    pub limit_s: usize,
    /// Address space of the process in MiB.
    pub memory_mib: usize,
    /// Where the ladders are made, and removed.
    pub scratch: PathBuf,
}

/// What came of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Exit status, 128 and the signal's number, or -1 for what was killed at its limit.
    pub exit: i32,
    /// Its words, where it is refused.
    pub words: String,
    /// Seconds of picture in the ladder.
    pub made_s: f64,
    /// Seconds of picture that `ffmpeg` makes of the file.
    pub ffmpeg_s: f64,
    /// Seconds it took.
    pub took_s: f64,
    /// What must not be; empty where all is well.
    pub wrong: Vec<String>,
}

impl Judged {
    /// In a few words.
    pub fn short(&self) -> String {
        let outcome = match self.exit {
            0 => "completed".to_owned(),
            65 | 66 => "refused".to_owned(),
            -1 => "HANGS".to_owned(),
            exit if exit > 128 => format!("KILLED by signal {}", exit - 128),
            exit => format!("FAILED with {exit}"),
        };
        match self.wrong.first() {
            Some(wrong) => format!("{outcome}; WRONG: {wrong}"),
            None => outcome,
        }
    }
}

impl Judge {
    /// Judges the file; `number` keeps its scratch files apart from others'.
    pub fn judge(&self, file: &Path, number: usize) -> Judged {
        let ladder = self.scratch.join(format!("ladder-{number}"));
        let _ = std::fs::remove_dir_all(&ladder);
        let began = Instant::now();
        let mut command = Command::new(&self.newsreel);
        command.args(["transcode", "--json", "--profile", &self.profile, "--out"]);
        let (exit, words) = self.limited(command.arg(&ladder).arg(file));
        let took_s = began.elapsed().as_secs_f64();
        let ffmpeg_s = self.watchable(file, number);
        let mut judged = Judged {
            exit,
            words: words.lines().next().unwrap_or_default().to_owned(),
            made_s: 0.0,
            ffmpeg_s,
            took_s,
            wrong: Vec::new(),
        };
        match exit {
            0 => self.look_at(&ladder, &mut judged),
            // What is somewhere else is no part of the file.
            65 | 66 if judged.words.contains(ELSEWHERE) => {}
            65 | 66 if ffmpeg_s >= WATCHABLE_S => {
                let wrong = "refused, though ffmpeg shows it";
                judged.wrong.push(wrong.to_owned());
            }
            65 | 66 => {}
            -1 => judged.wrong.push("hangs".to_owned()),
            exit => judged.wrong.push(format!("ends with {exit}")),
        }
        if exit != 0 && ladder.exists() && exit != -1 {
            judged.wrong.push("leaves something behind".to_owned());
        }
        let _ = std::fs::remove_dir_all(&ladder);
        judged
    }

    /// Holds a finished ladder to what was promised: the gate passes, and the MP4s decode without a word.
    fn look_at(&self, ladder: &Path, judged: &mut Judged) {
        let (verdict, words) = self.limited(Command::new(&self.newsreel).arg("verify").arg(ladder));
        if verdict != 0 {
            judged
                .wrong
                .push(format!("does not pass the gate: {words}"));
        }
        let mp4s = std::fs::read_dir(ladder.join("mp4")).into_iter().flatten();
        for mp4 in mp4s.flatten().map(|entry| entry.path()) {
            let mut decode = Command::new("ffmpeg");
            decode.args(["-v", "error", "-nostdin", "-i"]).arg(&mp4);
            decode.args([
                "-fps_mode",
                "passthrough",
                "-enc_time_base",
                "-1",
                "-f",
                "null",
                "-",
            ]);
            let (exit, words) = self.limited(&mut decode);
            if exit != 0 || !words.is_empty() {
                let line = words.lines().next().unwrap_or_default();
                judged
                    .wrong
                    .push(format!("completed, but does not decode: {line}"));
            }
            judged.made_s = judged.made_s.max(seconds(&mp4));
        }
        if judged.made_s <= 0.0 {
            judged.wrong.push("completed without a picture".to_owned());
        }
    }

    /// Seconds of picture that plain `ffmpeg` makes of the file's first streams, of a minute at most.
    fn watchable(&self, file: &Path, number: usize) -> f64 {
        let made = self.scratch.join(format!("plain-{number}.mp4"));
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y", "-i"]);
        command
            .arg(file)
            .args(["-map", "0:v:0", "-map", "0:a:0?", "-t", "60", "-vf"]);
        command.args(["scale=-2:240", "-c:v", "libx264", "-preset", "ultrafast"]);
        command
            .args(["-pix_fmt", "yuv420p", "-c:a", "aac"])
            .arg(&made);
        self.limited(&mut command);
        let seconds = seconds(&made);
        let _ = std::fs::remove_file(&made);
        seconds
    }

    /// Runs a command to its end or its limit; its exit status and what it said on standard error.
    fn limited(&self, command: &mut Command) -> (i32, String) {
        let log = self
            .scratch
            .join(format!("words-{:?}", std::thread::current().id()));
        let to = std::fs::File::create(&log).unwrap();
        let mut child = command
            .env_remove("NEWSREEL_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(to)
            .spawn()
            .unwrap();
        let bytes = u64::try_from(self.memory_mib)
            .unwrap_or(u64::MAX)
            .saturating_mul(1 << 20);
        let limit = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        // It may have ended already.
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let _ = prlimit(pid, Resource::As, limit);
        let until = Instant::now() + Duration::from_secs(self.limit_s as u64);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if Instant::now() > until {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let words = String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
        let _ = std::fs::remove_file(&log);
        let exit = status.map_or(-1, |s| {
            s.code().unwrap_or_else(|| 128 + s.signal().unwrap_or(0))
        });
        (exit, words)
    }
}

/// Seconds of the first video stream; 0 where there is none.
fn seconds(file: &Path) -> f64 {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-select_streams", "v:0", "-show_entries"]);
    let said = probe
        .args(["stream=duration", "-of", "csv=p=0"])
        .arg(file)
        .output();
    let text = said.map(|s| String::from_utf8_lossy(&s.stdout).trim().to_owned());
    text.ok().and_then(|text| text.parse().ok()).unwrap_or(0.0)
}
