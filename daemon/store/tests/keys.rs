//! Keys made beside a daemon that holds the store, and without one. Not here: what any store does with keys (the suite).
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

use jiff::Timestamp;
use newsreel_model::access::{Grant, Scope};
use newsreel_model::keys::{Key, Keys as _};
use newsreel_model::store::Store as _;
use newsreel_model::{Code, JobId};
use newsreel_store::{KeyRing, SqliteStore, StoreOptions};

fn key(id: &str) -> Key {
    Key {
        id: id.to_owned(),
        name: "cms".to_owned(),
        hash: [1; 32],
        grant: Grant {
            scopes: vec![Scope::Read],
            ..Grant::default()
        },
        created_at: Timestamp::from_second(1).unwrap(),
        revoked_at: None,
        last_used_at: None,
    }
}

#[test]
fn a_daemon_sees_at_once_what_is_made_and_revoked_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, StoreOptions::default()).unwrap();
    let mut ring = KeyRing::open(&path).unwrap();
    ring.add(&key("a")).unwrap();
    assert_eq!(store.key("a").unwrap(), Some(key("a")));
    assert!(ring.revoke("a", Timestamp::now()).unwrap());
    assert!(store.key("a").unwrap().unwrap().revoked_at.is_some());
    store.add_key(key("b")).unwrap();
    assert_eq!(ring.all().unwrap().len(), 2);
    // The daemon is not held up by it, nor the other way round.
    drop(ring);
    assert_eq!(store.job(JobId::new()).unwrap(), None);
    assert_eq!(store.begin().unwrap(), 1);
}

#[test]
fn without_a_daemon_the_store_is_made_and_the_daemon_finds_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut ring = KeyRing::open(&path).unwrap();
    ring.add(&key("a")).unwrap();
    drop(ring);
    let store = SqliteStore::open(&path, StoreOptions::default()).unwrap();
    assert_eq!(store.keys().unwrap(), [key("a")]);
}

#[test]
fn what_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, "this is no database, whatever its name says").unwrap();
    let refused = KeyRing::open(&path).err().unwrap();
    assert_eq!(refused.code(), Code::StoreFailed);
    let nowhere = KeyRing::open(&folder.path().join("none/store.db"));
    assert_eq!(nowhere.err().unwrap().code(), Code::StoreFailed);
}
