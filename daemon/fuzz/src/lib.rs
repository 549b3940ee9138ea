//! Everything of Newsreel that reads bytes from outside, each as a function that takes any bytes: what must hold whatever they
//! are. Run by libFuzzer (`libfuzzer/`, `scripts/soak fuzz`), and on what is in `corpus/` by the tests.
//!
//! Not here: decoders of media, which are FFmpeg's and run in a process that may die.
#![forbid(unsafe_code)]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is the report; of what is compiled in from elsewhere a part is used"
)]

mod boxes;
mod daemon;
mod listings;
mod requests;
mod texts;
mod words;

// The binary has no library: what is tried of it is compiled in here, each file on its own.
#[path = "../../newsreel/src/access/crypto.rs"]
mod crypto;
#[path = "../../newsreel/src/serve/file_url.rs"]
mod file_url;
#[path = "../../newsreel/src/job/files.rs"]
mod files;
#[path = "../../newsreel/src/access/jwks.rs"]
mod jwks;
#[path = "../../newsreel/src/access/jwt.rs"]
mod jwt;
#[path = "../../newsreel/src/worker/protocol.rs"]
mod protocol;
#[path = "../../newsreel/src/job/record.rs"]
mod record;
#[path = "../../newsreel/src/secrets.rs"]
mod secrets;
#[path = "../../../api/tests/common/mod.rs"]
mod stand_in;
#[path = "../../newsreel/src/access/token.rs"]
mod token;

/// A reader and its name, which is also that of its folder in `corpus/`.
pub struct Target {
    /// Lower-case letters.
    pub name: &'static str,
    /// Reads the bytes; panics when something does not hold.
    pub read: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("boxes", boxes::boxes),
    target("index", boxes::index),
    target("playlist", listings::playlist),
    target("manifest", listings::manifest),
    target("subtitles", texts::subtitles),
    target("configuration", texts::configuration),
    target("template", texts::template),
    target("request", requests::request),
    target("job", requests::job),
    target("message", daemon::message),
    target("record", daemon::record),
    target("event", daemon::event),
    target("address", daemon::address),
    target("token", daemon::token),
    target("search", words::search),
];

const fn target(name: &'static str, read: fn(&[u8])) -> Target {
    Target { name, read }
}

/// The target of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
