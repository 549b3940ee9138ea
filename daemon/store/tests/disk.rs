//! A disk of the file system that is full, where one can be mounted. Not here: the store's own limit (`full.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test has no better answer to what cannot be"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use newsreel_model::store::{NewJob, Store};
use newsreel_model::{Code, Error};
use newsreel_store::conformance::fixtures::{ANY, id, job, make, start};
use newsreel_store::{SqliteStore, StoreOptions};

/// A small disk of a test's own, unmounted with it.
struct Disk(PathBuf);

impl Disk {
    fn new(at: &Path, kib: u64) -> Option<Self> {
        let options = format!("size={kib}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "newsreel-test"])
            .arg(at)
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(at.to_path_buf()));
        }
        println!("!!!!!!!! no tmpfs can be mounted here: a full disk is NOT tested");
        None
    }

    fn resize(&self, kib: u64) {
        let options = format!("remount,size={kib}k");
        let mut mount = Command::new("mount");
        let status = mount.args(["-o", &options]).arg(&self.0).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn big(number: u32) -> NewJob {
    let mut job = job(number);
    job.spec.description = Some("x".repeat(20_000));
    job
}

/// Submits from several callers until each is told that the disk is full; the numbers that were accepted.
fn fill(store: &SqliteStore, next: &AtomicU32) -> Vec<u32> {
    let accepted = Mutex::new(Vec::new());
    let until_full = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            match store.submit(big(number), None, ANY) {
                Ok(_) => accepted.lock().unwrap().push(number),
                Err(error) => return is_full(&error),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(until_full);
        }
    });
    accepted.into_inner().unwrap()
}

fn is_full(error: &Error) {
    assert_eq!(
        error.code(),
        Code::DiskFull,
        "{error}: {:?}",
        error.detail()
    );
}

fn all_there(store: &SqliteStore, accepted: &[u32]) {
    for number in accepted {
        assert!(store.job(id(*number)).unwrap().is_some(), "job {number}");
    }
    let jobs = store.unfinished().unwrap();
    assert_eq!(jobs.len(), accepted.len(), "and no other");
    let queued = store.counts().unwrap().queued;
    assert_eq!(queued, u64::try_from(accepted.len()).unwrap());
    let events = store.events(0, u32::MAX, None).unwrap();
    assert_eq!(events.len(), accepted.len());
}

#[test]
fn a_full_disk_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(folder.path(), 1024) else {
        return;
    };
    let path = folder.path().join("jobs.db");
    let open = || SqliteStore::open(&path, StoreOptions::default());
    let store = open().unwrap();
    let next = AtomicU32::new(0);
    let mut accepted = Vec::new();
    for kib in [2048, 4096, 12_000] {
        let more = fill(&store, &next);
        assert!(!more.is_empty());
        accepted.extend(more);
        all_there(&store, &accepted);
        disk.resize(kib);
    }
    // The same store goes on by itself.
    store.submit(big(10_000), None, ANY).unwrap();
    accepted.push(10_000);
    accepted.extend(fill(&store, &next));
    drop(store);
    // On a full disk it can be opened or says why not; with room it is whole.
    match open() {
        Ok(store) => all_there(&store, &accepted),
        Err(error) => is_full(&error),
    }
    disk.resize(40_000);
    let store = open().unwrap();
    all_there(&store, &accepted);
    assert!(make(&store, start(10_000)));
    let empty = folder.path().join("other.db");
    drop(store);
    std::fs::write(folder.path().join("rest"), vec![0; 1 << 26]).unwrap_err();
    match SqliteStore::open(&empty, StoreOptions::default()) {
        Ok(_) => panic!("there is no room for a new store"),
        Err(error) => is_full(&error),
    }
}
