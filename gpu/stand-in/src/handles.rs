//! Tables of what clients hold by handle: what is not there was never made or is gone, and using it is a violation. Not the things.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::abi::{Answer, CuError, Handle};
use crate::report;

/// Where handles begin: no address of host or device memory, and no small number.
const FIRST: Handle = 0x00aa_0000_0000_0000;

/// The next handle, of any kind. None is ever given out twice.
static NEXT: AtomicU64 = AtomicU64::new(FIRST);

/// A handle that was never given out before.
pub fn fresh() -> Handle {
    NEXT.fetch_add(0x100, Ordering::Relaxed)
}

/// All living things of one kind.
pub struct Handles<T> {
    kind: &'static str,
    living: RwLock<BTreeMap<Handle, Arc<T>>>,
}

impl<T> Handles<T> {
    /// None yet; `kind` is what a violation calls them.
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            living: RwLock::new(BTreeMap::new()),
        }
    }

    /// Takes one in.
    pub fn insert(&self, thing: T) -> Handle {
        let handle = fresh();
        self.living.write().insert(handle, Arc::new(thing));
        handle
    }

    /// The one a client means.
    pub fn get(&self, handle: Handle) -> Answer<Arc<T>> {
        let found = self.living.read().get(&handle).cloned();
        found.ok_or_else(|| self.unknown(handle, "used"))
    }

    /// The one a client means, if it is there.
    pub fn peek(&self, handle: Handle) -> Option<Arc<T>> {
        self.living.read().get(&handle).cloned()
    }

    /// Lets the one go that a client destroys.
    pub fn remove(&self, handle: Handle) -> Answer<Arc<T>> {
        let found = self.living.write().remove(&handle);
        found.ok_or_else(|| self.unknown(handle, "destroyed"))
    }

    /// Lets all go that `which` holds for, and returns them.
    pub fn remove_all(&self, which: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
        let mut living = self.living.write();
        let gone: Vec<_> = living
            .iter()
            .filter(|(_, thing)| which(thing))
            .map(|(handle, _)| *handle)
            .collect();
        gone.iter().filter_map(|h| living.remove(h)).collect()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.living.read().len()
    }

    /// What a violation calls them.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    fn unknown(&self, handle: Handle, how: &str) -> CuError {
        let made = (FIRST..NEXT.load(Ordering::Relaxed)).contains(&handle);
        let what = match (handle, made) {
            (0, _) => "null",
            (_, true) => "destroyed, or of another kind",
            (_, false) => "never made",
        };
        report::violation(format!("a {} is {how} that is {what}", self.kind));
        CuError::INVALID_HANDLE
    }
}
