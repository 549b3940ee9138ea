//! What deliveries to receivers of jobs are signed with: derived from their address and a key only this daemon has.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use newsreel_model::Result;

/// The daemon's key for them.
///
/// # Errors
/// It cannot be read or written.
pub fn master(data_dir: &Path) -> Result<[u8; 32]> {
    crate::secrets::kept(data_dir, "webhook-key", "receivers get other secrets")
}

/// The secret of a receiver that a job brought along, as Standard Webhooks writes it.
pub fn of_url(master: &[u8; 32], url: &str) -> String {
    let derived = blake3::keyed_hash(master, format!("webhook {url}").as_bytes());
    format!("whsec_{}", STANDARD.encode(derived.as_bytes()))
}
