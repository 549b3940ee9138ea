//! Caption data of many pictures, those without left out. Not what the keys stand for.

use serde::{Deserialize, Serialize};

/// Three bytes of `cc_data` (CEA-708): marker bits with the kind in the lowest two, and two bytes of data.
pub type Triplet = [u8; 3];

/// The most triplets of one programme: three days of CEA-608 in both fields, half a day of CEA-708 beside it. What follows
/// is left out.
const MAX_TRIPLETS: usize = 1 << 24;

/// Runs of triplets, each under a key; keys ascend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spans<K> {
    /// Key and end of each run in `triplets`.
    ends: Vec<(K, u32)>,
    triplets: Vec<Triplet>,
}

impl<K> Default for Spans<K> {
    fn default() -> Self {
        Self {
            ends: Vec::new(),
            triplets: Vec::new(),
        }
    }
}

impl<K: Copy + Ord> Spans<K> {
    /// Adds a run under a key greater than all before; nothing where it is empty or a limit is reached.
    pub fn push(&mut self, key: K, run: impl IntoIterator<Item = Triplet>) {
        let before = self.triplets.len();
        self.triplets.extend(
            run.into_iter()
                .take(MAX_TRIPLETS - before.min(MAX_TRIPLETS)),
        );
        if let (true, Ok(end)) = (self.triplets.len() > before, self.triplets.len().try_into()) {
            self.ends.push((key, end));
        }
    }

    /// All runs, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (K, &[Triplet])> {
        (0..self.ends.len()).map(|at| (self.ends[at].0, self.run(at)))
    }

    /// The run under `key`, empty where there is none.
    #[must_use]
    pub fn get(&self, key: K) -> &[Triplet] {
        let found = self.ends.binary_search_by_key(&key, |(k, _)| *k);
        found.map_or(&[], |at| self.run(at))
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn run(&self, at: usize) -> &[Triplet] {
        let end = |at: usize| self.ends.get(at).map_or(0, |(_, end)| *end as usize);
        let from = at.checked_sub(1).map_or(0, end);
        // Also of bytes that another process sent.
        self.triplets.get(from..end(at)).unwrap_or_default()
    }
}
