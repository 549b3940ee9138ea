//! Tests of how requests share a transaction, and of what happens to the others when one goes wrong.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crossbeam::channel::unbounded;
use newsreel_model::{Code, Error};
use tempfile::TempDir;

use super::*;
use crate::{StoreOptions, connect, files};

/// A file with a table of numbers, and one whose rows must name a number by the time of the commit.
fn open() -> (TempDir, PathBuf, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers.db");
    files::create(&path).unwrap();
    let db = connect::writer(&path, &StoreOptions::default()).unwrap();
    db.execute_batch(
        "CREATE TABLE numbers (n INTEGER PRIMARY KEY);
         CREATE TABLE names (n INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED);",
    )
    .unwrap();
    (folder, path, db)
}

fn numbers(db: &Connection) -> Vec<i64> {
    let mut list = db.prepare("SELECT n FROM numbers ORDER BY n").unwrap();
    let found = list.query_map([], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

fn add(db: &Connection, number: i64) -> Work<i64> {
    db.execute("INSERT INTO numbers VALUES (?1)", [number])?;
    Ok(number)
}

fn asked<T: Send + 'static>(
    work: impl FnMut(&Connection) -> Work<T> + Send + 'static,
) -> (Box<dyn Request>, Receiver<Work<T>>) {
    let (answer, answered) = bounded(1);
    let request = Asked {
        work,
        outcome: None,
        answer,
    };
    (Box::new(request), answered)
}

#[test]
fn what_waits_shares_one_commit() {
    let (_folder, path, db) = open();
    let other = connect::reader(&path).unwrap();
    let version = || -> i64 {
        let ask = other.query_row("PRAGMA data_version", [], |row| row.get(0));
        ask.unwrap()
    };
    let (queue, requests) = unbounded();
    let mut answers = Vec::new();
    for number in 0..10 {
        let (request, answered) = asked(move |db| add(db, number));
        queue.send(request).unwrap();
        answers.push(answered);
    }
    let before = version();
    let first = requests.recv().unwrap();
    commit(&db, vec![first], &|group| group.extend(requests.try_recv()));
    assert_eq!(version(), before + 1, "one commit for all");
    for (number, answered) in (0..).zip(answers) {
        assert_eq!(answered.try_recv().unwrap().unwrap(), number);
    }
    assert_eq!(numbers(&other), (0..10).collect::<Vec<_>>());
}

#[test]
fn nothing_joins_after_its_time() {
    let (_folder, _path, db) = open();
    let (slow, _answered) = asked(|db| {
        std::thread::sleep(OPEN_FOR);
        add(db, 1)
    });
    let joined = AtomicU32::new(0);
    commit(&db, vec![slow], &|_| {
        joined.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(joined.into_inner(), 0);
    assert_eq!(numbers(&db), [1]);
}

#[test]
fn what_is_refused_is_undone_alone() {
    let (_folder, _path, db) = open();
    let (one, first) = asked(|db| add(db, 1));
    let (two, second) = asked(|db| -> Work<i64> {
        add(db, 2)?;
        Err(Error::new(Code::OutputBusy, "no").into())
    });
    let (three, third) = asked(|db| add(db, 3));
    commit(&db, vec![one, two, three], &|_| ());
    assert!(first.recv().unwrap().is_ok() && third.recv().unwrap().is_ok());
    let refused = second.recv().unwrap();
    assert!(matches!(refused, Err(Fault::Refused(error)) if error.code() == Code::OutputBusy));
    assert_eq!(numbers(&db), [1, 3]);
}

#[test]
fn what_goes_down_with_another_is_done_again() {
    let (_folder, _path, db) = open();
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let (one, first) = asked(move |db| {
        counted.fetch_add(1, Ordering::Relaxed);
        add(db, 1)
    });
    // As SQLite does when the disk is full.
    let (two, second) = asked(|db| -> Work<i64> {
        add(db, 2)?;
        db.execute_batch("ROLLBACK")?;
        Err(Fault::Full)
    });
    let (three, third) = asked(|db| add(db, 3));
    commit(&db, vec![one, two, three], &|_| ());
    assert_eq!(first.recv().unwrap().unwrap(), 1);
    assert!(matches!(second.recv().unwrap(), Err(Fault::Full)));
    assert_eq!(third.recv().unwrap().unwrap(), 3);
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    assert_eq!(numbers(&db), [1, 3]);
}

#[test]
fn a_commit_that_fails_fails_only_whoever_is_to_blame() {
    let (_folder, _path, db) = open();
    let (one, first) = asked(|db| add(db, 1));
    let (two, second) = asked(|db| {
        db.execute("INSERT INTO names VALUES (77)", [])?;
        Ok(())
    });
    commit(&db, vec![one, two], &|_| ());
    assert_eq!(first.recv().unwrap().unwrap(), 1);
    assert!(matches!(second.recv().unwrap(), Err(Fault::Sql(_))));
    assert_eq!(numbers(&db), [1]);
    assert!(db.is_autocommit());
}

#[test]
fn a_store_held_by_another_says_so_and_goes_on_after_it() {
    let (_folder, path, db) = open();
    db.busy_timeout(Duration::ZERO).unwrap();
    let other = connect::writer(&path, &StoreOptions::default()).unwrap();
    let writer = Writer::start(db, 4).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = writer.call(|db| add(db, 1)).unwrap_err().told(&path);
    assert_eq!(busy.code(), Code::StoreFailed);
    assert!(busy.message().contains("another program"), "{busy}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(writer.call(|db| add(db, 1)).unwrap(), 1);
}
