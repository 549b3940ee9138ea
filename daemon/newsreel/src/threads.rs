//! Threads with a name, that nobody waits for. Not those of a scope (`job::programme`).

use newsreel_model::{Code, Error, Result};

/// Starts a thread.
///
/// # Errors
/// The system has none left.
pub fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(|_| ())
        .map_err(|e| Error::new(Code::WorkerLost, format!("cannot start a thread: {e}")))
}
