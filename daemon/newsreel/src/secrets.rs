//! Randomness, and keys of the daemon's own that are kept in its directory. Not here: what is made with them.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use newsreel_model::{Code, Error, Result};

/// Bytes nobody can guess.
///
/// # Errors
/// The system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut from| from.read_exact(&mut bytes));
    read.map_err(|e| Error::bug(format!("the system gives no random numbers: {e}")))?;
    Ok(bytes)
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key kept in the file `name` of the daemon's directory; made when it is first asked for, readable by the daemon's user
/// alone. `lost` says what becomes of it when somebody removes the file.
///
/// # Errors
/// It cannot be read or written.
pub fn kept(data_dir: &Path, name: &str, lost: &str) -> Result<[u8; 32]> {
    let path = data_dir.join(name);
    let shown = path.display().to_string();
    match std::fs::File::open(&path) {
        Ok(mut file) => {
            let mut key = [0; 32];
            file.read_exact(&mut key).map_err(|e| {
                let words = format!("{shown} cannot be read: {e}; remove it, and {lost}");
                Error::new(Code::StoreFailed, words)
            })?;
            Ok(key)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => make(data_dir, name),
        Err(e) => Err(Error::writing(&shown, &e)),
    }
}

fn make(data_dir: &Path, name: &str) -> Result<[u8; 32]> {
    let path = data_dir.join(name);
    let failed = |e: std::io::Error| Error::writing(&path.display().to_string(), &e);
    let key = random()?;
    let partial = data_dir.join(format!("{name}.partial"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&partial).map_err(failed)?;
    file.write_all(&key)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(&partial, &path).map_err(failed)?;
    Ok(key)
}
