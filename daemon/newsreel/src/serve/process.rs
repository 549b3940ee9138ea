//! A worker process is started: this binary, re-executed, with one end of a socket. Not who listens to it (`host`, `measure`).

use std::process::{Child, Command, Stdio};

use newsreel_model::{Code, Error, Result};

use crate::worker::channel::{self, Channel};

/// Starts a worker with the memory in MiB it may take and how far it stands back. `tell_device` says for which device.
///
/// # Errors
/// No process can be started.
pub fn start(
    (memory_mib, nice): (u64, u8),
    tell_device: impl FnOnce(&mut Command),
) -> Result<(Channel, Child)> {
    let (channel, theirs) = channel::pair()?;
    let mut command = Command::new("/proc/self/exe");
    command
        .args(["worker", "--memory-mib", &memory_mib.to_string()])
        .args(["--nice", &nice.to_string()])
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .env(crate::cli::LOG_FORMAT, crate::printing::format())
        .current_dir("/");
    tell_device(&mut command);
    let child = command
        .spawn()
        .map_err(|e| Error::new(Code::WorkerLost, format!("a worker cannot be started: {e}")))?;
    Ok((channel, child))
}
