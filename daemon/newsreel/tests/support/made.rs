//! Clips made by `ffmpeg`, and the configuration that encodes them fast.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::process::{newsreel, run};

/// Small rungs and the fastest preset: these tests are about what is left on the disk, not how it looks.
const CONFIG: &str = r#"
[profiles.small]
preset = "ultrafast"
segment_s = 2.0
first_segment_s = 1.0
rungs = [
    { short_side_px = 180, bitrate_kbps = 400 },
    { short_side_px = 120, bitrate_kbps = 200 },
]
[profiles.small.thumbnails]
count = 4
width_px = 160
storyboard_tiles = 9
storyboard_tile_width_px = 64

[profiles.other]
preset = "ultrafast"
segment_s = 3.0
rungs = [{ short_side_px = 96, bitrate_kbps = 150 }]
[profiles.other.thumbnails]
count = 2
width_px = 96
storyboard_tiles = 0
"#;

/// Writes the configuration with profiles `small` (180p, 120p) and `other` (96p) into `dir`.
pub fn config(dir: &Path) -> PathBuf {
    let path = dir.join("newsreel.toml");
    std::fs::write(&path, CONFIG).unwrap();
    path
}

/// Runs `ffmpeg` with these arguments, split at spaces, writing `path`.
#[track_caller]
pub fn ffmpeg(arguments: &str, path: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    command.args(arguments.split_whitespace()).arg(path);
    run(&mut command).expect(0);
}

/// A moving picture with a tone, `seconds` long, of a size a few cores encode at once; the codec fits the extension.
#[track_caller]
pub fn clip(dir: &Path, name: &str, seconds: u32) -> PathBuf {
    let path = dir.join(name);
    ffmpeg(
        &format!(
            "-f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=f=440:r=48000 -t {seconds} \
             -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac -b:a 64k"
        ),
        &path,
    );
    path
}

/// A folder of a test's own with the configuration in it.
pub struct Desk {
    dir: TempDir,
    config: PathBuf,
}

impl Desk {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("newsreel-")
            .tempdir()
            .unwrap();
        let config = config(dir.path());
        Self { dir, config }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A clip in the folder; see [`clip`].
    #[track_caller]
    pub fn clip(&self, name: &str, seconds: u32) -> PathBuf {
        clip(self.dir.path(), name, seconds)
    }

    /// Adds sections to the configuration.
    pub fn configure(&self, more: &str) {
        let now = std::fs::read_to_string(&self.config).unwrap();
        std::fs::write(&self.config, now + more).unwrap();
    }

    /// `newsreel transcode` with profile `small`.
    pub fn transcode(&self, input: &Path, out: &Path) -> Command {
        self.with_profile("small", input, out)
    }

    /// `newsreel transcode` with a profile of the configuration.
    pub fn with_profile(&self, profile: &str, input: &Path, out: &Path) -> Command {
        let mut command = newsreel(["transcode", "--json", "--profile", profile]);
        command.arg("--config").arg(&self.config);
        command.arg("--out").arg(out).arg(input);
        command
    }
}
