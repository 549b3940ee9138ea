//! Changes that the store could not take, told again until it can: its disk was full. Not what they are.

use newsreel_model::event::Event;
use newsreel_model::store::Change;

use super::core::Core;

/// The most changes kept for a store that cannot take them.
const MAX_UNTOLD: usize = 10_000;

impl Core {
    /// Tells the store. What it cannot take now (its disk is full) is kept in order and told again.
    pub(super) fn apply(&mut self, changes: Vec<(Change, Option<Event>)>) {
        self.untold.extend(changes);
        self.tell_store();
    }

    pub(super) fn tell_store(&mut self) {
        if self.untold.is_empty() {
            return;
        }
        match self.store.apply(self.untold.clone()) {
            Ok(_) => {
                self.untold.clear();
                self.complained = 0;
            }
            // Once for each change that is added, not for each time it is tried.
            Err(_) if self.complained == self.untold.len() => {}
            Err(error) => {
                self.complained = self.untold.len();
                tracing::error!(
                    code = error.code().name(),
                    detail = error.detail(),
                    waiting = self.untold.len(),
                    "{error}"
                );
                // A restart finds out anew what became of each job.
                let beyond = self.untold.len().saturating_sub(MAX_UNTOLD);
                self.untold.drain(..beyond);
            }
        }
    }
}
