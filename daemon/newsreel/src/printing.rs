//! Standard output and error, whose readers may go away at any time (`newsreel jobs | head`, a log collector that
//! restarts): that is no error, and never ends a daemon. `println!` and `eprintln!` panic then, so a lint bans them.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether notes are lines of a log in JSON.
static JSON: AtomicBool = AtomicBool::new(false);

/// From now on notes are objects like the other lines of a log in JSON.
pub fn notes_as_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// How the log is written, as `--log-format` has it.
pub fn format() -> &'static str {
    if JSON.load(Ordering::Relaxed) {
        "json"
    } else {
        "text"
    }
}

/// Prints a line of a command's result.
pub fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
}

/// Prints a line about what goes on, to standard error.
pub fn note(text: impl AsRef<str>) {
    let text = text.as_ref();
    let mut out = std::io::stderr().lock();
    let _ = if JSON.load(Ordering::Relaxed) {
        let timestamp = jiff::Timestamp::now();
        let object = serde_json::json!({
            "timestamp": timestamp, "level": "INFO", "message": text, "target": "newsreel",
        });
        writeln!(out, "{object}")
    } else {
        writeln!(out, "{text}")
    };
}
