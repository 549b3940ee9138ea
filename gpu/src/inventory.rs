//! Every device of this machine, asked in processes of their own, so that a driver that hangs or crashes costs one of those.
//!
//! Not here: the asking ([`crate::probe`]), or who is asked again later.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use newsreel_model::capacity::DeviceKind;
use newsreel_model::device::{CpuReport, GpuReport, Inventory, Unavailable};

use crate::probe::Word;

/// How long one kind of GPU may take to answer. A cold driver with eight cards takes some seconds; one that hangs, for ever.
pub const LIMIT: Duration = Duration::from_secs(30);

/// What a child may print; a driver that prints without end is cut off.
const MOST_BYTES: u64 = 4 << 20;

/// How long a killed child may take to be gone. One that is stuck in the kernel is left behind.
const GRACE: Duration = Duration::from_secs(2);

/// Asks about every GPU, NVIDIA's and VAAPI's beside each other.
///
/// `child` makes the command that calls [`crate::probe`] for a kind and prints each word as a line of JSON.
pub fn take(
    cpu: CpuReport,
    limit: Duration,
    child: impl Fn(DeviceKind) -> Command + Sync,
) -> Inventory {
    let kinds = [DeviceKind::Nvidia, DeviceKind::Vaapi];
    let child = &child;
    let answers = std::thread::scope(|scope| {
        let asking = kinds.map(|kind| scope.spawn(move || ask(kind, child(kind), limit)));
        asking.map(|thread| thread.join().unwrap_or_default())
    });
    let mut inventory = Inventory {
        cpu,
        ..Inventory::default()
    };
    for (gpus, unavailable) in answers {
        inventory.gpus.extend(gpus);
        inventory.unavailable.extend(unavailable);
    }
    inventory.gpus.sort_by(|a, b| a.id.cmp(&b.id));
    inventory
}

type Answer = (Vec<GpuReport>, Vec<Unavailable>);

/// Runs one child to its end or its limit, and keeps everything it said.
fn ask(kind: DeviceKind, mut command: Command, limit: Duration) -> Answer {
    let what = match kind {
        DeviceKind::Cpu => "cpu",
        DeviceKind::Nvidia => "nvidia",
        DeviceKind::Vaapi => "vaapi",
    };
    let started = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(e) => {
            let reason = format!("the process that asks its driver cannot be started: {e}");
            return (Vec::new(), vec![Unavailable::new(what, reason)]);
        }
    };
    let mut heard = Heard::default();
    let silent = heard.listen(&mut child, Instant::now() + limit);
    let ended = end(&mut child);
    if !heard.done {
        let doing = heard.doing;
        let reason = if silent {
            format!(
                "the driver did not answer within {} s while {doing}; look for Xid in the kernel's log, and restart the machine if it stays so",
                limit.as_secs()
            )
        } else {
            format!(
                "the driver crashed while {doing} ({ended}); look for Xid in the kernel's log, and reinstall the driver if it stays so"
            )
        };
        heard.missing.push(Unavailable::new(what, reason));
    }
    (heard.found, heard.missing)
}

/// What a child has said.
#[derive(Default)]
struct Heard {
    doing: String,
    found: Vec<GpuReport>,
    missing: Vec<Unavailable>,
    done: bool,
}

impl Heard {
    /// Hears words until the last, the end of the output or the deadline; whether it was the deadline.
    fn listen(&mut self, child: &mut Child, until: Instant) -> bool {
        self.doing = "starting".to_owned();
        let Some(output) = child.stdout.take() else {
            return false;
        };
        let (tell, words) = channel();
        // Ends with the child's output; where even a killed child does not close that, it waits for good, and nobody for it.
        std::thread::spawn(move || {
            for line in BufReader::new(output.take(MOST_BYTES)).lines() {
                let Ok(line) = line else { return };
                // What is no word is a driver's own chatter.
                if let Ok(word) = serde_json::from_str::<Word>(&line)
                    && tell.send(word).is_err()
                {
                    return;
                }
            }
        });
        loop {
            match words.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Word::Doing(doing)) => self.doing = doing,
                Ok(Word::Found(gpu)) => self.found.push(*gpu),
                Ok(Word::Missing(missing)) => self.missing.push(missing),
                Ok(Word::Done) => {
                    self.done = true;
                    return false;
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

/// Ends a child that has said what it had to say; how it ended, in words.
fn end(child: &mut Child) -> String {
    // Whoever crashes gets a moment to do so by itself; a driver's exit handlers may hang as well.
    if let Some(how) = gone(child, Duration::from_millis(200)) {
        return how;
    }
    let _ = child.kill();
    gone(child, GRACE).unwrap_or_else(|| "it cannot be killed".to_owned())
}

/// Waits until a child is gone, at most so long.
fn gone(child: &mut Child, limit: Duration) -> Option<String> {
    let until = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.to_string()),
            Err(e) => return Some(e.to_string()),
            Ok(None) if Instant::now() >= until => return None,
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
