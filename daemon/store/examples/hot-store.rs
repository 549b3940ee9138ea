//! Hot paths alone, for `scripts/guards` to count their instructions. Not here: an assertion.
//!
//! `hot-store append N`: an event is logged, in a commit of its own. `hot-store read N`: a page of a hundred events is read.
#![allow(
    clippy::unwrap_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use newsreel_model::event::Event;
use newsreel_model::store::Store;
use newsreel_store::{SqliteStore, StoreOptions};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap();
    let count: u32 = arguments.next().unwrap().parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        readers: 1,
        ..StoreOptions::default()
    };
    let store = SqliteStore::open(&dir.path().join("store.db"), options).unwrap();
    let event = || Event::DeviceRestored {
        device: "cuda:0".to_owned(),
    };
    store.log((0..200).map(|_| event()).collect()).unwrap();
    for _ in 0..count {
        if path == "append" {
            store.log(vec![event()]).unwrap();
        } else {
            assert_eq!(store.events(50, 100, None).unwrap().len(), 100);
        }
    }
}
