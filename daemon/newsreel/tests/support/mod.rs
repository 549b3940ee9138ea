//! What the tests of the whole command share: running it within a limit, clips, and looking at what it left.
//!
//! Not here: anything one of them alone needs.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test has no better answer to what cannot be"
)]

#[path = "../common/captions.rs"]
pub mod captions;
pub mod disk;
pub mod made;
pub mod nested;
pub mod out;
pub mod process;
pub mod report;
#[path = "../common/tier.rs"]
pub mod tier;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use tier::{Tier, media, tier};

/// One of three values by tier.
pub fn by_tier<T>(quick: T, full: T, soak: T) -> T {
    match tier() {
        Tier::Quick => quick,
        Tier::Full => full,
        Tier::Soak => soak,
    }
}

/// Held by each test while it encodes: the tests of one binary run one after the other.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed in its turn says nothing about the next.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every real media file, in order of name.
pub fn real_files() -> Vec<PathBuf> {
    let Some(folder) = media() else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| !matches!(p.extension().and_then(|e| e.to_str()), Some("md" | "srt")))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the folder of real clips is empty");
    files
}

/// A small generator (splitmix64) whose seed is printed, so that a failure can be repeated with `NEWSREEL_SEED`.
pub struct Random(u64);

impl Random {
    pub fn new(what: &str) -> Self {
        let seed = std::env::var("NEWSREEL_SEED").map_or(20_251_122, |s| {
            s.parse().expect("NEWSREEL_SEED is a whole number")
        });
        println!("{what}: NEWSREEL_SEED={seed}");
        // Each use has its own sequence.
        let salt = what.bytes().fold(0u64, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        Self(seed ^ salt)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to the one below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}
