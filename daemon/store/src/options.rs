//! What whoever opens a store may choose, and the ranges. Not here: what SQLite is told whoever opens it (`connect.rs`).

use newsreel_model::{Code, Error, Result};

/// How a store is opened. The defaults suit a daemon of any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// How many reads go on at once, 1–64; 4 by default. Each costs a connection with up to 2 MiB of cache.
    pub readers: usize,
    /// How many writes may wait, 1–65,536; 256 by default. A caller beyond it waits until there is room.
    pub waiting_writes: usize,
    /// What the store's file may grow to in bytes, 1 MiB or more; no limit of its own by default. Beyond it every write that
    /// needs room gets [`Code::DiskFull`]. The last eighth is kept for jobs that were accepted, so that they can go on, end
    /// and be deleted: a new job gets [`Code::DiskFull`] earlier. The log beside the file (`-wal`) comes on top, 4 MiB as a
    /// rule.
    pub max_bytes: Option<u64>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            waiting_writes: 256,
            max_bytes: None,
        }
    }
}

impl StoreOptions {
    /// # Errors
    /// [`Code::ConfigInvalid`] with the option and its range.
    pub(crate) fn check(&self) -> Result<()> {
        let within = |name: &str, fits: bool, range: &str| {
            if fits {
                return Ok(());
            }
            let words = format!("the store's option `{name}` must be {range}");
            Err(Error::new(Code::ConfigInvalid, words))
        };
        within("readers", (1..=64).contains(&self.readers), "1–64")?;
        let writes = (1..=65_536).contains(&self.waiting_writes);
        within("waiting_writes", writes, "1–65,536")?;
        let bytes = self.max_bytes.is_none_or(|bytes| bytes >= 1 << 20);
        within("max_bytes", bytes, "1 MiB or more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_out_of_range_is_refused_by_name() {
        StoreOptions::default().check().unwrap();
        let options = StoreOptions {
            readers: 0,
            ..StoreOptions::default()
        };
        let error = options.check().unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid);
        assert!(error.message().contains("readers"));
    }
}
