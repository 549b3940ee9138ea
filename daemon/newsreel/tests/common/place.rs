//! A folder with a configuration, where clips are made and transcoded. Gone when it is dropped.

use std::path::{Path, PathBuf};

use super::ladder::Ladder;
use super::{clips, transcode};

pub struct Place {
    dir: tempfile::TempDir,
    config: PathBuf,
}

impl Place {
    pub fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("newsreel.toml");
        std::fs::write(&path, config).unwrap();
        Self { dir, config: path }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Transcodes into the folder `out` by a profile of the configuration.
    pub fn transcode(&self, input: &Path, out: &str, profile: &str, more: &[&str]) -> Ladder {
        let config = self.config.to_str().unwrap();
        let args = ["--profile", profile, "--config", config];
        transcode(input, &self.path().join(out), &[&args[..], more].concat())
    }

    /// A clip made by FFmpeg.
    pub fn clip(&self, name: &str, args: &[&str]) -> PathBuf {
        let out = self.path().join(name);
        clips::ffmpeg(args, &out);
        out
    }

    /// A clip of one of FFmpeg's generators, with further options for FFmpeg.
    pub fn drawn(&self, source: &str, more: &[&str]) -> PathBuf {
        self.clip("in.mp4", &[&["-f", "lavfi", "-i", source], more].concat())
    }
}
