//! A folder of media files, each transcoded by a process of its own, and beside it what plain `ffmpeg` makes of the same file.
//!
//! `corpus NEWSREEL DIR [--out DIR] [--profile NAME] [--limit-s N] [--memory-mib N] [--at-once N]` prints a table, writes it
//! as Markdown and JSON, and ends with 1 when something is wrong. `corpus --make odd DIR` and `corpus --make damaged FROM DIR
//! [--count N] [--seed N]` make files to try.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measuring tool may stop at the first surprise"
)]

mod judge;
mod make;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use judge::{Judge, Judged};
use newsreel_benches::option;

/// The most files of one folder.
const MAX_FILES: usize = 20_000;
/// The largest file in bytes.
const MAX_BYTES: u64 = 4 << 30;

const USAGE: &str = "usage: corpus NEWSREEL DIR [--out DIR] [--profile NAME] [--limit-s N] [--memory-mib N] [--at-once N]
       corpus --make odd DIR
       corpus --make damaged FROM DIR [--count N] [--seed N]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--make", "odd", to] => make::odd(Path::new(to)),
        ["--make", "damaged", from, to, ..] => {
            let files = files(Path::new(from));
            let number = |name: &str, default| option(&arguments, name, default);
            make::damaged(
                &files,
                Path::new(to),
                number("--count", 100),
                number("--seed", 1),
            );
        }
        [newsreel, dir, ..] if !newsreel.starts_with("--") => {
            return run(newsreel, Path::new(dir), &arguments);
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}

fn run(newsreel: &str, dir: &Path, arguments: &[String]) -> ExitCode {
    let number = |name: &str, default| option(arguments, name, default);
    let word = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        let given = at.and_then(|at| arguments.get(at + 1));
        given.map_or(default, String::as_str).to_owned()
    };
    let out = PathBuf::from(word("--out", "out/corpus"));
    std::fs::create_dir_all(&out).unwrap();
    let judge = Judge {
        newsreel: newsreel.to_owned(),
        profile: word("--profile", "preview"),
        limit_s: number("--limit-s", 120),
        memory_mib: number("--memory-mib", 8192),
        scratch: out.clone(),
    };
    let files = files(dir);
    let all = judge_all(&judge, &files, number("--at-once", 1));
    let name = |file: &Path| {
        let inside = file.strip_prefix(dir).unwrap_or(file);
        inside.display().to_string()
    };
    let rows: Vec<(String, Judged)> = files.iter().map(|f| name(f)).zip(all).collect();
    let text = table::markdown(&rows);
    print!("{text}");
    std::fs::write(out.join("corpus.md"), &text).unwrap();
    std::fs::write(out.join("corpus.json"), table::json(&rows)).unwrap();
    ExitCode::from(u8::from(rows.iter().any(|(_, j)| !j.wrong.is_empty())))
}

/// Judges the files, several at once, and says each as it is done.
fn judge_all(judge: &Judge, files: &[PathBuf], at_once: usize) -> Vec<Judged> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Judged>>> = Mutex::new(vec![None; files.len()]);
    std::thread::scope(|scope| {
        for _ in 0..at_once.clamp(1, 64) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(number) else { break };
                    let judged = judge.judge(file, number);
                    eprintln!("{}: {}", file.display(), judged.short());
                    done.lock().unwrap()[number] = Some(judged);
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    done.into_iter().map(Option::unwrap).collect()
}

/// Every file below a folder, in order of name. Links are left alone.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| {
            eprintln!("corpus: {}: {e}", folder.display());
            std::process::exit(66)
        });
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.metadata().is_ok_and(|data| data.len() <= MAX_BYTES) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found.truncate(MAX_FILES);
    found
}
