//! The captions in a file's pictures as FFmpeg finds them. Not their text.

use std::path::Path;
use std::process::Command;

/// What FFmpeg makes of the captions in a file's pictures.
pub fn read(file: &Path, how: &[&str]) -> Vec<u8> {
    let movie = format!("movie={}[out0+subcc]", file.display());
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &movie]);
    let done = command.args(["-map", "s"]).args(how).arg("-").output();
    let done = done.unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{}: {said}", file.display());
    done.stdout
}

/// The valid triplets of all pictures, in order: kind and two bytes.
pub fn triplets(file: &Path) -> Vec<[u8; 3]> {
    let bytes = read(file, &["-c", "copy", "-f", "data"]);
    let all = bytes.chunks_exact(3).map(|t| [t[0] & 7, t[1], t[2]]);
    all.filter(|t| t[0] & 4 != 0).collect()
}
