//! Interrupted jobs: whatever stopped one, running it again makes what is missing and nothing else.
//!
//! Not here: a full disk (`disk.rs`), or whether the encode itself is right (`media.rs`).
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

#[path = "resume/again.rs"]
mod again;
#[path = "resume/damage.rs"]
mod damage;
#[path = "resume/kill.rs"]
mod kill;
mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use support::made::Desk;
use support::{by_tier, out, process};

/// A clip of 30 segments or more and what it becomes when nobody interrupts.
struct Whole {
    desk: Desk,
    clip: PathBuf,
    out: PathBuf,
    /// How many pieces the journal gets before packaging.
    pieces: usize,
    timing: BTreeMap<String, String>,
}

/// Made once for all tests here. Call it with the turn held.
fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let desk = Desk::new();
        let clip = desk.clip("clip.mp4", by_tier(64, 90, 90));
        let out = desk.path("whole");
        process::run(&mut desk.transcode(&clip, &out)).expect(0);
        out::complete(&out);
        let pieces = out::files(&out)
            .into_iter()
            .filter(|name| !name.starts_with("mp4/") && name != "job.json" && name != "report.json")
            .filter(|name| !name.ends_with(".m3u8") && !name.ends_with(".mpd"))
            .count();
        let segments = out::files(&out.join("video/180p")).len() - 2;
        assert!(segments >= 30, "{segments} segments are too few");
        Whole {
            timing: out::timing(&out),
            desk,
            clip,
            out,
            pieces,
        }
    })
}
