//! A process killed in the middle of its writes: whatever it was told is stored is stored, and nothing is torn.
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use newsreel_model::event::Event;
use newsreel_model::job::Finished;
use newsreel_model::store::{Change, Store};
use newsreel_store::conformance::fixtures::{ANY, commit, id, job, key, logged, piece, start};
use newsreel_store::{SqliteStore, StoreOptions};
use rusqlite::Connection;

/// Tells this binary, run again, which store to write to.
const WRITE: &str = "NEWSREEL_TEST_WRITE";

/// Numbers of one round's jobs.
const ROUND: u32 = 100_000;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, StoreOptions::default()).unwrap()
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(words.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Not a test: what this binary does when it is run again to be killed.
#[test]
fn write_until_killed() {
    let Ok(path) = std::env::var(WRITE) else {
        return;
    };
    let store = open(Path::new(&path));
    let next = AtomicU32::new(store.begin().unwrap() * ROUND);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let name = format!("{number}");
                    store
                        .submit(job(number), key("a", &name, "h"), ANY)
                        .unwrap();
                    say(&format!("\nsubmitted {number}\n"));
                    let changes = vec![
                        (start(number), Some(Event::Preempted {})),
                        (commit(number, &segments()), None),
                        (Change::Playable { job: id(number) }, None),
                    ];
                    store.apply(changes).unwrap();
                    say(&format!("\nworked {number}\n"));
                }
            });
        }
    });
}

fn segments() -> Vec<Finished> {
    let path = |n| format!("video/720p/seg-{n:05}.m4s");
    (1..=5).map(|n| piece(&path(n), 100)).collect()
}

/// What a child was told before it was killed, after so many answers.
fn killed_after(path: &Path, answers: usize) -> Vec<(String, u32)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "write_until_killed", "--nocapture"])
        .env(WRITE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    // What is still in the pipe after the kill was answered before it.
    while let Some(Ok(line)) = out.next() {
        if let Some((what, number)) = line.split_once(' ')
            && ["submitted", "worked"].contains(&what)
        {
            told.push((what.to_owned(), number.parse().unwrap()));
        }
        if told.len() == answers {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9)
    );
    told
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let mut told = Vec::new();
    for answers in [1, 40, 150, 7, 333] {
        told.extend(killed_after(&path, answers));
        let store = open(&path);
        for (what, number) in &told {
            let kept = store.job(id(*number)).unwrap();
            assert!(kept.is_some(), "job {number} was accepted");
            assert!(what != "worked" || kept.unwrap().playable, "{number}");
        }
        nothing_is_torn(&store);
        drop(store);
        let db = Connection::open(&path).unwrap();
        let check: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
    }
    assert!(told.len() > 500);
}

fn nothing_is_torn(store: &SqliteStore) {
    let jobs = store.unfinished().unwrap();
    let counts = store.counts().unwrap();
    assert_eq!(
        counts.queued + counts.running,
        u64::try_from(jobs.len()).unwrap()
    );
    for kept in jobs {
        let worked = kept.playable;
        assert_eq!(kept.frames_done, if worked { 500 } else { 0 });
        assert_eq!(kept.started_at.is_some(), worked);
        let pieces = store.pieces(kept.id).unwrap();
        assert_eq!(pieces, if worked { segments() } else { Vec::new() });
        let mut events = vec![(Some(kept.id), Event::Queued {})];
        if worked {
            events.push((Some(kept.id), Event::Preempted {}));
        }
        assert_eq!(logged(store, Some(kept.id)), events);
        let number = u32::from_be_bytes(kept.id.as_bytes()[..4].try_into().unwrap());
        let again = store.submit(job(number), key("a", &number.to_string(), "h"), ANY);
        assert!(again.unwrap().repeated, "its key is there too");
    }
}
