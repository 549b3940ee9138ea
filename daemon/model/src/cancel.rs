//! A request to stop, shared by every thread of a job. Not a reason: the caller knows why it asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Code, Error, Result};

/// A flag that every long loop looks at. Cloning shares it; once set it stays set.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    own: Arc<AtomicBool>,
    parent: Option<Arc<Cancel>>,
}

impl Cancel {
    /// A flag of its own that is also set whenever `parent` is: stopping the child leaves the parent alone.
    #[must_use]
    pub fn child(parent: &Self) -> Self {
        Self {
            own: Arc::default(),
            parent: Some(Arc::new(parent.clone())),
        }
    }

    /// Asks everyone holding a clone to stop.
    pub fn cancel(&self) {
        self.own.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.own.load(Ordering::Relaxed) || self.parent.as_ref().is_some_and(|p| p.is_cancelled())
    }

    /// `Err(cancelled)` once a stop was asked for, so that loops can use `?`.
    ///
    /// # Errors
    /// [`Code::Cancelled`] after [`Cancel::cancel`].
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::new(Code::Cancelled, "stopped on request"));
        }
        Ok(())
    }
}
