//! Running FFmpeg on a stand-in, and clips to run it on. Not tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use newsreel_stand_in_kit::{Config, StandIn};
use tempfile::TempDir;

/// A stand-in in a directory that goes with it.
pub struct Rig {
    pub driver: StandIn,
    pub directory: TempDir,
}

/// Installs a stand-in.
pub fn rig(config: &Config) -> Rig {
    let directory = tempfile::tempdir().unwrap();
    let driver = StandIn::install(directory.path(), config).unwrap();
    Rig { driver, directory }
}

impl Rig {
    /// Runs `ffmpeg` on it; arguments are split at blanks.
    pub fn ffmpeg(&self, arguments: &str) -> Output {
        run(
            self.driver
                .command("ffmpeg")
                .args(["-v", "error", "-y", "-nostdin"]),
            arguments,
        )
    }

    /// The same, and it must succeed without having used the driver wrongly.
    pub fn clean(&self, arguments: &str) -> String {
        let output = self.ffmpeg(arguments);
        assert!(output.status.success(), "{arguments}: {}", said(&output));
        let violations = self.driver.report().unwrap().violations();
        assert!(violations.is_empty(), "{arguments}: {violations:#?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A file in its directory.
    pub fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}

/// What a program wrote to its standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn run(command: &mut Command, arguments: &str) -> Output {
    let arguments = arguments.split_whitespace();
    command
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs `ffmpeg` without any stand-in; it must succeed.
pub fn plain(arguments: &str) -> String {
    let output = run(
        Command::new("ffmpeg").args(["-v", "error", "-y", "-nostdin"]),
        arguments,
    );
    assert!(output.status.success(), "{arguments}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `ffprobe` over the packets of a file: presentation and decoding time, and flags.
pub fn packets(path: &str) -> Vec<String> {
    let entries =
        "-v error -select_streams v -show_entries packet=pts_time,dts_time,flags -of csv=p=0";
    let output = run(&mut Command::new("ffprobe"), &format!("{entries} {path}"));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Clips made once for all tests: their names and how.
const CLIPS: [(&str, &str); 5] = [
    (
        "h264.mp4",
        "-c:v libx264 -preset fast -bf 3 -g 30 -pix_fmt yuv420p -x264-params cqm=jvt",
    ),
    (
        "h264i.mp4",
        "-c:v libx264 -preset fast -bf 2 -g 30 -pix_fmt yuv420p -flags +ilme+ildct -x264-params tff=1",
    ),
    (
        "hevc.mp4",
        "-c:v libx265 -preset fast -bf 3 -g 30 -pix_fmt yuv420p -x265-params log-level=error:scaling-list=default",
    ),
    (
        "hevc10.mp4",
        "-c:v libx265 -preset fast -bf 3 -g 30 -pix_fmt yuv420p10le -x265-params log-level=error:slices=2",
    ),
    (
        "h264w.mp4",
        "-c:v libx264 -preset slower -bf 4 -g 40 -pix_fmt yuv420p -x264-params slices=3:weightp=2:ref=6",
    ),
];

/// A clip: 48 frames of 320 × 240 in motion.
pub fn clip(name: &str) -> String {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let directory = MADE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        for (name, how) in CLIPS {
            let path = directory.path().join(name);
            let source = "-f lavfi -i testsrc2=s=320x240:r=24:d=2,noise=alls=8:allf=t";
            plain(&format!("{source} {how} {}", path.display()));
        }
        directory
    });
    directory.path().join(name).display().to_string()
}

/// A real input; none where the folder is absent, which is said.
pub fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/media")
        .join(name);
    if !path.exists() {
        eprintln!("!!!!!!!! {name} is absent: only clips made here are tested");
    }
    path.exists().then_some(path)
}

/// Which real inputs this tier runs on.
pub fn full() -> bool {
    std::env::var("NEWSREEL_TIER").is_ok_and(|tier| tier == "full")
}
