//! How much is tested, and on what: shared by all tests of the whole command.

use std::path::{Path, PathBuf};
use std::sync::Once;

/// How much is tested: `NEWSREEL_TIER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Seconds per binary, for every change.
    Quick,
    /// Minutes, with samples where the whole would be too much.
    Full,
    /// Everything.
    Soak,
}

pub fn tier() -> Tier {
    match std::env::var("NEWSREEL_TIER").as_deref() {
        Ok("quick") => Tier::Quick,
        Ok("soak") => Tier::Soak,
        Ok("full") | Err(_) => Tier::Full,
        Ok(other) => panic!("NEWSREEL_TIER is quick, full or soak, not {other}"),
    }
}

pub fn loud(text: &str) {
    eprintln!("\n!!!!!!!! {text}\n");
}

/// The real clips; `None`, said loudly, where they are not there.
pub fn media() -> Option<PathBuf> {
    static SAY: Once = Once::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/media");
    let found = root.canonicalize().ok().filter(|p| p.is_dir());
    if found.is_none() {
        SAY.call_once(|| {
            loud("../shared/media is absent: NO REAL INPUT is tested, only clips made here")
        });
    }
    found
}
