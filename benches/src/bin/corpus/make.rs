//! Files to try: everything FFmpeg can write (`corpus/odd.txt`), and damaged variants of files that there are. A seed gives
//! the same files again.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Names of files, and what ffmpeg is told to make them.
const ODD: &str = include_str!("../../../corpus/odd.txt");
/// Files larger than this are not damaged: the damage would be lost in them.
const MAX_DAMAGED_BYTES: u64 = 8 << 20;

/// Makes each odd file in `to`; what this ffmpeg cannot write is said and left out.
pub fn odd(to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for line in ODD.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, arguments)) = line.split_once(' ') else {
            continue;
        };
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-y"]);
        ffmpeg.args(["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25"]);
        ffmpeg.args(["-f", "lavfi", "-i", "sine=r=48000", "-t", "2"]);
        let path = to.join(name);
        let made = ffmpeg
            .args(arguments.split_whitespace())
            .arg(&path)
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            eprintln!("{name}: this ffmpeg does not write it");
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Makes `count` damaged variants of `files` in `to`.
pub fn damaged(files: &[PathBuf], to: &Path, count: usize, seed: usize) {
    std::fs::create_dir_all(to).unwrap();
    let fits = |file: &&PathBuf| {
        let bytes = file.metadata().map_or(0, |data| data.len());
        (64..MAX_DAMAGED_BYTES).contains(&bytes)
    };
    let files: Vec<&PathBuf> = files.iter().filter(fits).collect();
    let mut random = Random(seed as u64);
    for number in 0..if files.is_empty() { 0 } else { count } {
        let file = files[random.below(files.len())];
        let other = files[random.below(files.len())];
        let bytes = std::fs::read(file).unwrap();
        let (kind, bytes) = damage(bytes, other, &mut random);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let another = other.extension().unwrap_or_default().to_string_lossy();
        let renamed = if kind == "renamed" {
            format!(".{another}")
        } else {
            String::new()
        };
        std::fs::write(
            to.join(format!("{number:05}-{kind}-{name}{renamed}")),
            bytes,
        )
        .unwrap();
    }
}

/// One kind of damage.
fn damage(mut bytes: Vec<u8>, other: &Path, random: &mut Random) -> (&'static str, Vec<u8>) {
    let at = random.below(bytes.len());
    let until = (at + 1 + random.below(bytes.len() / 3 + 1)).min(bytes.len());
    let kind = match random.below(9) {
        0 => {
            bytes.truncate(at);
            "cut"
        }
        1 => {
            bytes.drain(..at / 2);
            "headless"
        }
        2 => {
            bytes.drain(at..until);
            "gap"
        }
        3 => {
            bytes[at..until].fill(0);
            "hole"
        }
        4 => {
            bytes.extend(std::fs::read(other).unwrap());
            "joined"
        }
        5 => {
            let head = bytes[..at].to_vec();
            bytes.splice(at..at, head);
            "doubled"
        }
        6 => {
            flip(&mut bytes, 1024, 1 + random.below(10), random);
            "head"
        }
        7 => {
            let count = [1, 5, 50, 500][random.below(4)];
            let reach = bytes.len();
            flip(&mut bytes, reach, count, random);
            "flipped"
        }
        _ => "renamed",
    };
    (kind, bytes)
}

/// Changes `count` of the first `reach` bytes.
fn flip(bytes: &mut [u8], reach: usize, count: usize, random: &mut Random) {
    let reach = reach.min(bytes.len());
    for _ in 0..count {
        bytes[random.below(reach)] ^= 1 << random.below(8);
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % (end.max(1) as u64)).unwrap_or(0)
    }
}
