//! What the integration tests share: the binary, FFmpeg as the independent judge, made clips, and checks of a ladder.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "helpers of tests, of which each binary uses its own part; a panic is the report"
)]

pub mod boxes;
pub mod bucket;
pub mod captions;
pub mod clips;
pub mod ladder;
pub mod pictures;
pub mod place;
pub mod playlist;
pub mod sound;
pub mod tier;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub use tier::{Tier, loud, media, tier};

/// Whether number `index` belongs to the sample of one in `share`: all do in soak, `NEWSREEL_SEED` moves the choice.
pub fn is_sampled(index: usize, share: usize) -> bool {
    let seed = std::env::var("NEWSREEL_SEED").ok();
    let seed: usize = seed.map_or(0, |s| s.parse().expect("NEWSREEL_SEED is a number"));
    tier() == Tier::Soak || (index + seed % share).is_multiple_of(share)
}

/// Held while a test encodes: the machine's cores are for one job at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The command under test.
pub fn newsreel() -> Command {
    Command::new(env!("CARGO_BIN_EXE_newsreel"))
}

/// `newsreel transcode INPUT --out OUT ARGS`, whatever its outcome.
pub fn try_transcode(input: &Path, out: &Path, args: &[&str]) -> Output {
    let began = Instant::now();
    let mut command = newsreel();
    command
        .arg("transcode")
        .arg(input)
        .arg("--out")
        .arg(out)
        .args(args);
    let done = command.output().unwrap();
    let name = input.file_name().unwrap_or_default().to_string_lossy();
    let (status, seconds) = (done.status, began.elapsed().as_secs_f64());
    eprintln!(
        "transcode {name} {}: {status}, {seconds:.1} s",
        args.join(" ")
    );
    done
}

/// A transcode that must succeed.
pub fn transcode(input: &Path, out: &Path, args: &[&str]) -> ladder::Ladder {
    let done = try_transcode(input, out, args);
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}: {}",
        input.display(),
        text(&done.stderr)
    );
    ladder::Ladder::of(out)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a tool that must succeed; gives its standard output.
pub fn tool(name: &str, args: &[&str]) -> Vec<u8> {
    let done = Command::new(name)
        .args(args)
        .output()
        .unwrap_or_else(|e| panic!("{name} cannot be run, scripts/setup --test installs it: {e}"));
    assert!(
        done.status.success(),
        "{name} {}: {}",
        args.join(" "),
        text(&done.stderr)
    );
    done.stdout
}

/// Runs a tool that must succeed and have nothing to complain about.
pub fn silent(name: &str, args: &[&str]) -> Vec<u8> {
    let done = Command::new(name).args(args).output().unwrap();
    assert!(
        done.status.success() && done.stderr.is_empty(),
        "{name} {} ended with {} and said: {}",
        args.join(" "),
        done.status,
        text(&done.stderr)
    );
    done.stdout
}

/// `ffprobe` as JSON.
pub fn probe(file: &Path, args: &[&str]) -> serde_json::Value {
    let path = file.to_str().unwrap();
    let out = tool(
        "ffprobe",
        &[&["-v", "quiet", "-of", "json"], args, &[path]].concat(),
    );
    serde_json::from_slice(&out).unwrap()
}
