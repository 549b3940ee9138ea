//! Looks at decoded pictures: which frame number is burnt in, and how far two encodes are from their source.

use std::io::Read;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::clips::{BITS, CODE_LINES, COLUMNS};
use super::tool;

/// The frame numbers burnt into a file's pictures, in order of presentation; `None` where one cannot be read.
pub fn numbers(path: &Path) -> Vec<Option<u32>> {
    let filter = format!("crop=iw:ih/{CODE_LINES}:0:0,scale={COLUMNS}:1:flags=area,format=gray");
    let luma = raw(path, &filter);
    luma.chunks_exact(COLUMNS as usize).map(number).collect()
}

fn number(blocks: &[u8]) -> Option<u32> {
    let (low, high) = (blocks.iter().min()?, blocks.iter().max()?);
    // The first block is always white and the second always black.
    if high - low < 80 || blocks[0] < 128 || blocks[1] >= 128 {
        return None;
    }
    let middle = low / 2 + high / 2;
    let bit = |i: usize| u32::from(blocks[i] > middle);
    let value = (0..BITS).fold(0, |sum, i| sum | bit(2 + i as usize) << i);
    let parity = bit(2 + BITS as usize);
    (value.count_ones() % 2 == parity).then_some(value)
}

/// Mean luma of each picture.
pub fn brightness(path: &Path) -> Vec<u8> {
    raw(path, "scale=1:1:flags=area,format=gray")
}

fn raw(path: &Path, filter: &str) -> Vec<u8> {
    let file = path.to_str().unwrap();
    let args = [
        "-nostdin", "-v", "quiet", "-i", file, "-map", "0:V:0", "-vf", filter,
    ];
    let how = ["-fps_mode", "passthrough", "-f", "rawvideo", "-"];
    tool("ffmpeg", &[&args[..], &how].concat())
}

/// The luma of a file's pictures, one by one, scaled to one size.
pub struct Luma {
    child: Child,
    out: ChildStdout,
    size: usize,
}

impl Luma {
    pub fn open(path: &Path, width: u32, height: u32) -> Self {
        let filter = format!("scale={width}:{height}:flags=bicubic,format=yuv420p,extractplanes=y");
        let mut child = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "quiet", "-i"])
            .arg(path)
            .args(["-map", "0:V:0", "-vf", &filter])
            .args(["-fps_mode", "passthrough", "-f", "rawvideo", "-"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let size = width as usize * height as usize;
        Self { child, out, size }
    }

    /// The next picture; `None` after the last.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        let mut picture = vec![0; self.size];
        self.out.read_exact(&mut picture).ok()?;
        Some(picture)
    }
}

impl Drop for Luma {
    fn drop(&mut self) {
        // It may still be writing; it is ours alone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// PSNR of each picture of `encoded` against the same one of `source`, in dB of luma.
pub fn psnr(source: &Path, encoded: &Path, width: u32, height: u32) -> Vec<f64> {
    let (mut a, mut b) = (
        Luma::open(source, width, height),
        Luma::open(encoded, width, height),
    );
    let mut out = Vec::new();
    while let (Some(x), Some(y)) = (a.next(), b.next()) {
        let squares = x.iter().zip(&y).map(|(p, q)| {
            let d = i64::from(*p) - i64::from(*q);
            (d * d) as u64
        });
        let mean = squares.sum::<u64>() as f64 / x.len() as f64;
        // Two pictures that are the same would be infinitely alike.
        out.push(10.0 * (255.0 * 255.0 / mean.max(0.01)).log10());
    }
    assert!(
        !out.is_empty(),
        "nothing to compare in {}",
        encoded.display()
    );
    out
}
