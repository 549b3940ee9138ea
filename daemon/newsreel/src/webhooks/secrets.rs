//! What deliveries to receivers of jobs are signed with: derived from their address and a key only this daemon has.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use newsreel_model::{Error, Result};

/// Where the key is kept, in the daemon's directory.
const FILE: &str = "webhook-key";

/// The daemon's key; made at the first start, readable by its user alone.
///
/// # Errors
/// It cannot be read or written.
pub fn master(data_dir: &Path) -> Result<[u8; 32]> {
    let path = data_dir.join(FILE);
    let shown = path.display().to_string();
    let mut key = [0; 32];
    match std::fs::File::open(&path) {
        Ok(mut file) => {
            file.read_exact(&mut key).map_err(|e| {
                let words = format!(
                    "{shown} cannot be read: {e}; remove it, and receivers get other secrets"
                );
                Error::new(newsreel_model::Code::StoreFailed, words)
            })?;
            Ok(key)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let failed = |e: std::io::Error| Error::writing(&shown, &e);
            let mut random = std::fs::File::open("/dev/urandom").map_err(failed)?;
            random.read_exact(&mut key).map_err(failed)?;
            let partial = data_dir.join(format!("{FILE}.partial"));
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options.open(&partial).map_err(failed)?;
            file.write_all(&key)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            std::fs::rename(&partial, &path).map_err(failed)?;
            Ok(key)
        }
        Err(e) => Err(Error::writing(&shown, &e)),
    }
}

/// The secret of a receiver that a job brought along, as Standard Webhooks writes it.
pub fn of_url(master: &[u8; 32], url: &str) -> String {
    let derived = blake3::keyed_hash(master, format!("webhook {url}").as_bytes());
    format!("whsec_{}", STANDARD.encode(derived.as_bytes()))
}
