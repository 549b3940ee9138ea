//! Small disks that can be filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::run;

/// A small disk of a test's own, unmounted with it.
pub struct Disk(pub PathBuf);

impl Disk {
    /// `None`, said loudly, where this process may not mount.
    pub fn new(at: &Path, kib: u64) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args([
            "-t",
            "tmpfs",
            "-o",
            &format!("size={kib}k"),
            "newsreel-test",
        ]);
        if run(mount.arg(at)).code() == 0 {
            return Some(Self(at.to_path_buf()));
        }
        println!("!!!!!!!! no tmpfs can be mounted here: a full disk is NOT tested");
        None
    }

    pub fn grow(&self, kib: u64) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={kib}k")]);
        run(mount.arg(&self.0)).expect(0);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Busy for a moment after a failed test at worst; `-l` takes it away then too.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
