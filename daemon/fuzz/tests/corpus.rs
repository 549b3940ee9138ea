//! Every target on everything in `corpus/` and on mutations of it: with any compiler, within seconds. Not a search: libFuzzer's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test has no better answer to what cannot be"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use newsreel_fuzz::{TARGETS, Target};

/// Mutations of each target in the quick tier.
const ROUNDS: usize = 2_000;
/// Mutations no longer than this: what is found in long input is found in short input too.
const MAX_BYTES: usize = 16 * 1024;

fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folder = folder.join(target.name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no input for {}", target.name);
    let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

/// Whether the target stands these bytes.
fn holds(target: &Target, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.read)(bytes))).is_ok()
}

#[test]
fn every_input_that_was_kept_is_read_or_refused() {
    for target in TARGETS {
        for (path, bytes) in corpus(target) {
            assert!(holds(target, &bytes), "{}", path.display());
        }
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// One small change: a byte, a number at the edge of its range, a stretch gone, doubled or of another file.
fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let until = (at + 1 + random.below(16)).min(bytes.len());
    match random.below(6) {
        0 if at < bytes.len() => bytes[at] = random.byte(),
        1 => {
            let edges = [0u32, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];
            let edge = edges[random.below(edges.len())].to_be_bytes();
            let end = (at + 4).min(bytes.len());
            bytes.splice(at..end, edge.into_iter().take(end - at));
        }
        2 => drop(bytes.drain(at..until)),
        3 => {
            let doubled = bytes[at..until].to_vec();
            bytes.splice(at..at, doubled);
        }
        4 => {
            let from = random.below(other.len() + 1);
            let to = (from + random.below(64)).min(other.len());
            bytes.splice(at..until, other[from..to].iter().copied());
        }
        _ => {
            let edges = [
                "0",
                "-1",
                "1e308",
                "18446744073709551615",
                "null",
                "\"\"",
                "é",
                "\n",
            ];
            let edge = edges[random.below(edges.len())].bytes();
            bytes.splice(at..until, edge);
        }
    }
}

#[test]
fn mutations_of_them_are_read_or_refused() {
    let full = std::env::var("NEWSREEL_TIER").is_ok_and(|tier| tier != "quick");
    let seed = std::env::var("NEWSREEL_SEED").map_or(20_261_122, |seed| seed.parse().unwrap());
    println!("NEWSREEL_SEED={seed}");
    let mut failed = Vec::new();
    for target in TARGETS {
        let inputs: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, bytes)| bytes).collect();
        let mut random = Random(seed);
        for _ in 0..if full { 20 * ROUNDS } else { ROUNDS } {
            let mut bytes = inputs[random.below(inputs.len())].clone();
            bytes.truncate(MAX_BYTES);
            for _ in 0..=random.below(6) {
                change(&mut bytes, &inputs[random.below(inputs.len())], &mut random);
            }
            if !holds(target, &bytes) {
                let kept = std::env::temp_dir().join(format!("newsreel-{}-failed", target.name));
                fs::write(&kept, &bytes).unwrap();
                failed.push(format!("{}: see {}", target.name, kept.display()));
                break;
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
