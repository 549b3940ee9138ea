//! What a client did, and what it did wrong, written where a test reads it. Not what is right or wrong.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use newsreel_stand_in_kit::{Counters, ENV, Entry, REPORT};
use parking_lot::Mutex;

thread_local! {
    /// The function this thread is in.
    static CALL: Cell<&'static str> = const { Cell::new("") };
}

static COUNTERS: Mutex<Option<Counters>> = Mutex::new(None);

/// Opened as the library is loaded: the process may lose its right to open files before it uses the driver.
static FILE: OnceLock<Option<File>> = OnceLock::new();

/// Opens the report.
pub fn open() -> &'static Option<File> {
    FILE.get_or_init(|| {
        let path = PathBuf::from(std::env::var_os(ENV)?).with_file_name(REPORT);
        OpenOptions::new().create(true).append(true).open(path).ok()
    })
}

/// Runs `body` under the name of the function that was called.
pub fn during<T>(call: &'static str, body: impl FnOnce() -> T) -> T {
    let before = CALL.replace(call);
    let result = body();
    CALL.set(before);
    result
}

/// The driver was used wrongly.
pub fn violation(what: String) {
    let call = CALL.get().to_owned();
    eprintln!("stand-in: VIOLATION in {call}: {what}");
    let pid = std::process::id();
    write(&Entry::Violation { pid, call, what });
}

/// A fault that was asked for happens.
pub fn fault(what: String) {
    let call = CALL.get().to_owned();
    let pid = std::process::id();
    write(&Entry::Fault { pid, call, what });
}

/// Counts something.
pub fn count(change: impl FnOnce(&mut Counters)) {
    change(COUNTERS.lock().get_or_insert_default());
}

/// Writes down what was counted so far.
pub fn flush() {
    let Some(counters) = COUNTERS.lock().clone() else {
        return;
    };
    let pid = std::process::id();
    write(&Entry::Counters { pid, counters });
}

/// One line, in one write, so that the lines of several processes do not mix.
fn write(entry: &Entry) {
    let Some(mut file) = open().as_ref() else {
        return;
    };
    if let Ok(mut line) = serde_json::to_vec(entry) {
        line.push(b'\n');
        if let Err(e) = file.write_all(&line) {
            eprintln!("stand-in: the report cannot be written: {e}");
        }
    }
}
