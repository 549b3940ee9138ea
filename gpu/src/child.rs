//! A process that asks a driver, heard word by word until it has said all: a driver that hangs or crashes costs that process.
//!
//! Not here: what is asked ([`crate::probe`], [`crate::trial`]), or what is made of the answer.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::probe::Word;

/// What a child may print; a driver that prints without end is cut off.
const MOST_BYTES: u64 = 4 << 20;

/// How long a killed child may take to be gone. One that is stuck in the kernel is left behind.
const GRACE: Duration = Duration::from_secs(2);

/// Starts `command` and hands each of its words to `take`, until the last or for `limit`. What was said before trouble came
/// is kept.
///
/// # Errors
/// In one sentence that says what to do: it cannot be started, hangs or crashes.
pub fn hear(
    mut command: Command,
    limit: Duration,
    take: &mut dyn FnMut(Word),
) -> Result<(), String> {
    let started = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child =
        started.map_err(|e| format!("the process that asks its driver cannot be started: {e}"))?;
    let mut doing = "starting".to_owned();
    let heard = listen(&mut child, Instant::now() + limit, &mut |word| match word {
        Word::Doing(what) => doing = what,
        word => take(word),
    });
    let ended = end(&mut child);
    match heard {
        Heard::All => Ok(()),
        Heard::Silence => Err(format!(
            "the driver did not answer within {} s while {doing}; look for Xid in the kernel's log, and restart the machine if it stays so",
            limit.as_secs()
        )),
        Heard::End => Err(format!(
            "the driver crashed while {doing} ({ended}); look for Xid in the kernel's log, and reinstall the driver if it stays so"
        )),
    }
}

/// How listening ended.
enum Heard {
    /// With the last word.
    All,
    /// With the deadline.
    Silence,
    /// With the child.
    End,
}

fn listen(child: &mut Child, until: Instant, take: &mut dyn FnMut(Word)) -> Heard {
    let Some(output) = child.stdout.take() else {
        return Heard::End;
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
            Ok(Word::Done) => return Heard::All,
            Ok(word) => take(word),
            Err(RecvTimeoutError::Timeout) => return Heard::Silence,
            Err(RecvTimeoutError::Disconnected) => return Heard::End,
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
