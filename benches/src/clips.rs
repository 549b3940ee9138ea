//! What is measured on: real clips, enlarged and looped, kept under `out/bench` once made. Not how they are encoded.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A source to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip<'a> {
    /// `animated`, `film` or `grainy`.
    pub kind: &'a str,
    /// `1080p25`, `1080p50` or `2160p25`.
    pub format: &'a str,
    /// Length.
    pub seconds: usize,
}

impl Clip<'_> {
    /// The file, made where it is not there yet; with H.264 at a rate at which what is in it stays in it, and AAC.
    ///
    /// # Errors
    /// The kind or format is not known, or ffmpeg fails.
    pub fn make(&self, scratch: &Path) -> io::Result<PathBuf> {
        let file = scratch.join(format!(
            "{}-{}-{}s.mp4",
            self.kind, self.format, self.seconds
        ));
        if file.exists() {
            return Ok(file);
        }
        let size = match self.format {
            "1080p25" => "scale=1920:1080:flags=lanczos,fps=25",
            "1080p50" => "scale=1920:1080:flags=lanczos,fps=50",
            "2160p25" => "scale=3840:2160:flags=lanczos,fps=25",
            other => return Err(unknown("format", other)),
        };
        let (real, look) = match self.kind {
            "animated" => ("bunny-720p25.mp4", ""),
            "film" => ("film-576p24-37s.mkv", ""),
            "grainy" => ("film-576p24-37s.mkv", ",noise=alls=12:allf=t"),
            other => return Err(unknown("kind", other)),
        };
        std::fs::create_dir_all(scratch)?;
        let part = file.with_extension("part.mp4");
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-y"]);
        source(&mut ffmpeg, &Path::new("../shared/media").join(real));
        let made = ffmpeg
            .args(["-sn", "-t", &self.seconds.to_string()])
            .args(["-vf", &format!("{size}{look},setsar=1,format=yuv420p")])
            .args(["-c:v", "libx264", "-preset", "veryfast", "-crf", "18"])
            .args(["-g", "250", "-c:a", "aac", "-ac", "2"])
            .arg(&part)
            .status()?;
        if !made.success() {
            return Err(io::Error::other(format!(
                "ffmpeg could not make {}",
                file.display()
            )));
        }
        std::fs::rename(part, &file)?;
        Ok(file)
    }
}

/// Real pictures where they are to be had, a made pattern with noise otherwise.
fn source(ffmpeg: &mut Command, real: &Path) {
    if real.exists() {
        ffmpeg.args(["-stream_loop", "-1", "-i"]).arg(real);
        return;
    }
    eprintln!("NO REAL MEDIA in ../shared/media: measuring on a made pattern");
    let pattern = "testsrc2=s=1280x720:r=25,noise=alls=12:allf=t";
    ffmpeg.args(["-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", "sine"]);
}

fn unknown(what: &str, name: &str) -> io::Error {
    io::Error::other(format!("there is no {what} {name}"))
}
