//! What any implementation of the port must do, as a suite that its tests run: [`run`], then [`random::run`].
//!
//! Not here: what only one implementation has, such as files, or what happens when its process is killed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a suite of checks fails by panicking, as every test does"
)]

mod accepting;
mod changing;
mod entry;
pub mod fixtures;
mod keys;
mod listing;
mod logging;
mod outgoing;
mod pieces;
pub mod random;
mod reference;
mod ring;
mod searching;
mod speaking;
mod threads;
mod uploads;

pub use reference::Reference;

use newsreel_model::store::Store;

/// Runs every check, each on a store of its own that `make` gives, empty.
///
/// # Panics
/// On the first answer that is not what the port promises.
pub fn run(make: impl Fn() -> Box<dyn Store>) {
    let rooms = [
        accepting::CHECKS,
        changing::CHECKS,
        pieces::CHECKS,
        listing::CHECKS,
        keys::CHECKS,
        logging::CHECKS,
        outgoing::CHECKS,
        uploads::CHECKS,
        searching::CHECKS,
        speaking::CHECKS,
        threads::CHECKS,
    ];
    for check in rooms.into_iter().flatten() {
        check(&*make());
    }
}

/// A check of an empty store.
type Check = fn(&dyn Store);
