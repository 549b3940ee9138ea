//! How like their source rungs are, as ffmpeg's `psnr` and `ssim` say, and how many bits they took. Not whether that is enough.

use std::io;
use std::path::Path;
use std::process::Command;

/// Of one rung, over the whole clip.
#[derive(Clone, Copy, Debug)]
pub struct Quality {
    /// Of the brightness, dB.
    pub psnr_db: f64,
    /// Of the brightness.
    pub ssim: f64,
    /// Bytes of its segments.
    pub bytes: u64,
}

/// Compares the rung whose playlist and segments lie in `dir` with the source scaled by a Lanczos filter.
///
/// # Errors
/// ffmpeg cannot read either.
pub fn compare(ffmpeg: &str, dir: &Path, clip: &Path, (w, h): (u32, u32)) -> io::Result<Quality> {
    let graph = format!(
        "[1:v]scale={w}:{h}:flags=lanczos+accurate_rnd,settb=AVTB,setpts=PTS-STARTPTS,split[a][b];\
         [0:v]settb=AVTB,setpts=PTS-STARTPTS,split[c][d];[c][a]psnr[p];[p]nullsink;[d][b]ssim"
    );
    let said = Command::new(ffmpeg)
        .args(["-v", "info", "-nostats", "-nostdin", "-i"])
        .arg(dir.join("index.m3u8"))
        .arg("-i")
        .arg(clip)
        .args(["-lavfi", &graph, "-an", "-f", "null", "-"])
        .output()?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let after = |label: &str| -> Option<f64> {
        let rest = said.rsplit_once(label)?.1;
        rest.split([' ', '\n']).next()?.parse().ok()
    };
    let (Some(psnr_db), Some(ssim)) = (after("PSNR y:"), after("SSIM Y:")) else {
        return Err(io::Error::other(format!("ffmpeg did not compare: {said}")));
    };
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|e| e == "m4s") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(Quality {
        psnr_db,
        ssim,
        bytes,
    })
}
