//! The store's file: who may open it, which files are refused, and what is there after it was closed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test has no better answer to what cannot be"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use newsreel_model::store::Store;
use newsreel_model::{Code, Error};
use newsreel_store::conformance::fixtures::{commit, id, job, key, make, piece, settle, submit};
use newsreel_store::{SqliteStore, StoreOptions};
use rusqlite::Connection;
use tempfile::TempDir;

/// Tells this binary, run again, which store to hold.
const HOLD: &str = "NEWSREEL_TEST_HOLD";

fn open(path: &Path) -> Result<SqliteStore, Error> {
    SqliteStore::open(path, StoreOptions::default())
}

fn refused(path: &Path) -> Error {
    match open(path) {
        Ok(_) => panic!("the store is open"),
        Err(error) => error,
    }
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("jobs.db")
}

#[test]
fn what_was_stored_is_there_after_it_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&path(&folder)).unwrap();
    assert_eq!(store.begin().unwrap(), 1);
    store.submit(job(1), key("a", "k", "h"), 9).unwrap();
    assert!(make(&store, settle(1, 3)));
    assert!(make(
        &store,
        commit(1, &[piece("video/a/seg-00001.m4s", 100)])
    ));
    let before = (store.job(id(1)).unwrap(), store.plan(id(1)).unwrap());
    let events = store.events(0, 9, None).unwrap();
    drop(store);
    assert!(
        !folder.path().join("jobs.db-wal").exists(),
        "the log is in the file"
    );
    let store = open(&path(&folder)).unwrap();
    assert_eq!(
        (store.job(id(1)).unwrap(), store.plan(id(1)).unwrap()),
        before
    );
    assert_eq!(store.events(0, 9, None).unwrap(), events);
    assert_eq!(store.pieces(id(1)).unwrap().len(), 1);
    assert!(
        store
            .submit(job(2), key("a", "k", "h"), 9)
            .unwrap()
            .repeated
    );
    assert_eq!(store.begin().unwrap(), 2);
}

#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&path(&folder)).unwrap();
    submit(&store, [1]);
    for name in ["jobs.db", "jobs.db-wal", "jobs.db.lock"] {
        let mode = fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

#[test]
fn a_store_is_opened_once_whichever_way_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&path(&folder)).unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(path(&folder), &link).unwrap();
    for name in [path(&folder), link] {
        let error = refused(&name);
        assert_eq!(error.code(), Code::StoreFailed);
        assert!(
            error.message().contains("in use by another process"),
            "{error}"
        );
    }
    drop(store);
    open(&path(&folder)).unwrap();
}

/// Not a test: what this binary does when it is run again to hold a store.
#[test]
fn hold() {
    let Ok(path) = std::env::var(HOLD) else {
        return;
    };
    let _store = open(Path::new(&path)).unwrap();
    let mut out = std::io::stdout();
    std::io::Write::write_all(&mut out, b"\nheld\n").unwrap();
    std::io::Write::flush(&mut out).unwrap();
    let _ = std::io::stdin().lines().next();
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hold", "--nocapture"])
        .env(HOLD, path(&folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let held = out.lines().any(|line| line.unwrap() == "held");
    assert!(held, "the other process holds the store");
    let error = refused(&path(&folder));
    assert_eq!(error.code(), Code::StoreFailed);
    let holder = format!("(process {})", child.id());
    assert!(error.message().contains(&holder), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    open(&path(&folder)).unwrap();
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&path(&folder)).unwrap());
    let db = Connection::open(path(&folder)).unwrap();
    db.pragma_update(None, "user_version", 1000).unwrap();
    drop(db);
    let before = fs::read(path(&folder)).unwrap();
    let error = refused(&path(&folder));
    assert_eq!(error.code(), Code::StoreNewer);
    assert!(error.message().contains("newer"), "{error}");
    assert_eq!(fs::read(path(&folder)).unwrap(), before);
}

#[test]
fn another_programs_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let db = Connection::open(path(&folder)).unwrap();
    db.execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    drop(db);
    let before = fs::read(path(&folder)).unwrap();
    let error = refused(&path(&folder));
    assert_eq!(error.code(), Code::StoreFailed);
    assert!(error.message().contains("another program"), "{error}");
    assert_eq!(fs::read(path(&folder)).unwrap(), before);
}

#[test]
fn a_damaged_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&path(&folder)).unwrap();
    submit(&store, 0..50);
    drop(store);
    let whole = fs::read(path(&folder)).unwrap();
    let head = [b"no database at all".repeat(300), whole[100..].to_vec()];
    let mut schema = whole.clone();
    schema[100..4096].fill(0xff);
    for damaged in [head[0].clone(), head[1].clone(), schema] {
        fs::write(path(&folder), &damaged).unwrap();
        let error = refused(&path(&folder));
        assert_eq!(error.code(), Code::StoreFailed);
        assert!(error.message().contains("damaged"), "{error}");
        assert_eq!(fs::read(path(&folder)).unwrap(), damaged);
    }
}

#[test]
fn damage_further_in_is_told_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&path(&folder)).unwrap();
    submit(&store, 0..50);
    drop(store);
    let mut bytes = fs::read(path(&folder)).unwrap();
    bytes[8192..].fill(0xff);
    fs::write(path(&folder), &bytes).unwrap();
    let error = match open(&path(&folder)) {
        Err(error) => error,
        Ok(store) => store.unfinished().unwrap_err(),
    };
    assert_eq!(error.code(), Code::StoreFailed);
    assert!(error.message().contains("damaged"), "{error}");
    assert!(path(&folder).exists());
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(&folder.path().join("none/jobs.db"));
    assert_eq!(error.code(), Code::StoreFailed);
    assert!(error.message().contains("directory"), "{error}");
}
