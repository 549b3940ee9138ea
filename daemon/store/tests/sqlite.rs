//! The store against what the port promises. Not here: its files, a full disk, or a process that is killed.
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

use std::cell::Cell;

use newsreel_model::store::Store;
use newsreel_store::conformance::{self, Reference};
use newsreel_store::{SqliteStore, StoreOptions};

/// Stores in files of their own under one directory.
fn in_files(what: impl FnOnce(&dyn Fn() -> Box<dyn Store>)) {
    let folder = tempfile::tempdir().unwrap();
    let next = Cell::new(0);
    what(&|| {
        next.set(next.get() + 1);
        let path = folder.path().join(format!("{}.db", next.get()));
        Box::new(SqliteStore::open(&path, StoreOptions::default()).unwrap())
    });
}

#[test]
fn sqlite_conforms() {
    in_files(|make| conformance::run(make));
}

#[test]
fn the_reference_conforms() {
    conformance::run(|| Box::new(Reference::default()));
}

#[test]
fn sqlite_answers_as_the_reference_does() {
    in_files(|make| conformance::random::run(make, 48));
}
