//! Which shapes fit nowhere, so that a queue of thousands is not tried on thousands of devices after each input.
//! Not here: whether something fits (`device`).

use std::collections::{BTreeMap, BTreeSet};

use crate::demand::Shape;
use crate::device::Host;
use crate::input::DeviceId;

/// So many shapes are remembered.
const MOST: usize = 1_000;

/// Shapes that fitted nowhere when they were last tried, each with the devices it may fit on since.
#[derive(Debug, Default)]
pub(crate) struct Misses {
    shapes: BTreeMap<Shape, BTreeSet<DeviceId>>,
}

impl Misses {
    /// The shape was tried wherever it could have fitted, and did not.
    pub(crate) fn missed(&mut self, shape: &Shape) {
        // Only a shortcut: shapes that nobody has any more must not pile up.
        if self.shapes.len() >= MOST {
            self.shapes.clear();
        }
        self.shapes.insert(shape.clone(), BTreeSet::new());
    }

    /// A device has more to give than before.
    pub(crate) fn gained(&mut self, host: &Host) {
        for (shape, since) in &mut self.shapes {
            if host.fits(shape, None) {
                since.insert(host.device.id.clone());
            }
        }
    }

    /// The only devices the shape may fit on; `None` when that is not known.
    pub(crate) fn among(&self, shape: &Shape) -> Option<&BTreeSet<DeviceId>> {
        self.shapes.get(shape)
    }

    /// Whether the shape fits nowhere for certain.
    pub(crate) fn nowhere(&self, shape: &Shape) -> bool {
        self.among(shape).is_some_and(BTreeSet::is_empty)
    }
}
