//! Where an input lands: its file here, held to the limits of size and disk. Not here: where it comes from.

use std::fs::File;
use std::os::unix::fs::FileExt;

use newsreel_config::Config;
use newsreel_model::{Code, Error, Result};

/// The file of one input, and how much of it is there.
pub struct Landing {
    file: File,
    at: u64,
    most: u64,
    reserve: u64,
}

impl Landing {
    /// In a file that may hold something of an earlier daemon, which is brought anew: nothing tells of what file it is.
    pub fn new(config: &Config, file: File) -> Self {
        Self {
            file,
            at: 0,
            most: config.remote.max_mib << 20,
            reserve: config.storage.disk_reserve_mib << 20,
        }
    }

    /// Bytes that are there.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// What came so far is of something else.
    pub fn begin_anew(&mut self) {
        self.at = 0;
    }

    /// Looks whether an input of so many bytes may come and fits on the disk beside what is kept free.
    ///
    /// # Errors
    /// [`Code::InputUnreadable`]: it is too large. [`Code::DiskFull`].
    pub fn expect(&self, total: u64) -> Result<()> {
        if total > self.most {
            return Err(self.too_large());
        }
        let disk = rustix::fs::fstatvfs(&self.file);
        let disk = disk.map_err(|e| Error::writing("the input", &e.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        match total.saturating_sub(self.at) <= free.saturating_sub(self.reserve) {
            true => Ok(()),
            false => Err(Error::new(
                Code::DiskFull,
                "there is no room for the input on the daemon's disk; retry the job when there is",
            )),
        }
    }

    /// Keeps what comes next.
    ///
    /// # Errors
    /// [`Code::InputUnreadable`]: it is more than may come. The disk's.
    pub fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all_at(bytes, self.at);
        written.map_err(|e| Error::writing("the input", &e))?;
        self.at += bytes.len() as u64;
        match self.at > self.most {
            true => Err(self.too_large()),
            false => Ok(()),
        }
    }

    /// Puts what came on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> std::io::Result<()> {
        self.file.set_len(self.at)?;
        self.file.sync_all()
    }

    fn too_large(&self) -> Error {
        let mib = self.most >> 20;
        let words =
            format!("the input cannot be had: it is larger than {mib} MiB (remote.max_mib)");
        Error::new(Code::InputUnreadable, words)
    }
}
