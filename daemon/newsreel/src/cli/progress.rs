//! Events on the terminal: a bar where someone looks, plain lines where a log is kept, or JSON lines.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use newsreel_model::event::{Event, Phase};
use newsreel_model::ports::EventSink;
use parking_lot::Mutex;

use crate::printing;

/// One JSON object per event on standard output.
pub struct JsonLines;

impl EventSink for JsonLines {
    fn emit(&self, event: &Event) {
        if let Ok(line) = serde_json::to_string(event) {
            // A reader that went away is no reason to stop the job.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }
}

/// A bar of frames on the terminal; `None` where there is none.
pub fn bar() -> Option<ProgressBar> {
    std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} frames  {msg}") {
            bar.set_style(style);
        }
        bar
    })
}

/// Frames a job has done, and at what pace: shown on the bar, or given back as a line where it is time for one.
pub fn pace(
    bar: Option<&ProgressBar>,
    last: &mut Instant,
    frames: (u64, u64),
    speed: f64,
    eta_s: Option<f64>,
) -> Option<String> {
    let (done, total) = frames;
    let eta = eta_s.map_or_else(String::new, |s| format!(", {s:.0} s left"));
    if let Some(bar) = bar {
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(format!("{speed:.1}x{eta}"));
        return None;
    }
    let due = last.elapsed() >= PLAIN_INTERVAL && total > 0;
    due.then(|| {
        *last = Instant::now();
        format!("{done} of {total} frames, {speed:.1}x{eta}")
    })
}

/// Lines for people, with a bar below them on a terminal.
pub struct Lines {
    out: PathBuf,
    bar: Option<ProgressBar>,
    last: Mutex<Instant>,
}

/// Between plain progress lines where there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

impl Lines {
    pub fn new(out: &Path) -> Self {
        Self {
            out: out.to_path_buf(),
            bar: bar(),
            last: Mutex::new(Instant::now()),
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => printing::note(line),
        }
    }

    fn progress(&self, done: u64, total: u64, speed: f64, eta_s: Option<f64>) {
        let line = pace(
            self.bar.as_ref(),
            &mut self.last.lock(),
            (done, total),
            speed,
            eta_s,
        );
        if let Some(line) = line {
            printing::note(line);
        }
    }
}

impl EventSink for Lines {
    fn emit(&self, event: &Event) {
        let at = |path: &str| self.out.join(path).display().to_string();
        match event {
            Event::Started {
                segments_reused, ..
            } if *segments_reused > 0 => {
                self.say(&format!(
                    "resuming: {segments_reused} finished segments are kept"
                ));
            }
            // A failure is told by the command's own last line, and the rest happens only in a daemon.
            Event::Started { .. }
            | Event::Failed { .. }
            | Event::Queued {}
            | Event::Preempted {}
            | Event::Cancelled {}
            | Event::Delivered { .. }
            | Event::DeviceQuarantined { .. }
            | Event::DeviceRestored { .. } => {}
            Event::Phase {
                phase: Phase::Packaging,
            } => self.say("packaging and checking"),
            Event::Phase { .. } => {}
            Event::ThumbnailsReady { paths, .. } => self.say(&format!(
                "{} pictures, first {}",
                paths.len(),
                at(paths.first().map_or("", String::as_str))
            )),
            Event::Playable { playlist } => self.say(&format!("playable: {}", at(playlist))),
            Event::Progress {
                frames_done,
                frames_total,
                speed,
                eta_s,
            } => {
                self.progress(*frames_done, *frames_total, *speed, *eta_s);
            }
            Event::FellBack { fallback: f } => self.say(&format!(
                "from segment {} on: {} instead of {} ({})",
                f.segment, f.to, f.from, f.reason
            )),
            Event::Warning { warning } => {
                self.say(&format!("warning: {} ({})", warning.message, warning.code))
            }
            Event::Completed { wall_s, .. } => {
                if let Some(bar) = &self.bar {
                    bar.finish_and_clear();
                }
                printing::note(format!(
                    "complete after {wall_s:.1} s: {}",
                    self.out.display()
                ));
            }
        }
    }
}
