//! What FFmpeg can write, Newsreel reads: every container and codec of `benches/corpus/odd.txt` becomes a sound ladder.
//!
//! Not here: files that are damaged or mean harm (`broken.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test has no better answer to what cannot be"
)]

mod support;

use std::fs;

use support::made::{Desk, ffmpeg};
use support::process::{HANG_S, start};
use support::{Random, Tier, out, tier, turn};

/// A line is a file's name and what ffmpeg is told after its inputs.
const ODD: &str = include_str!("../../../benches/corpus/odd.txt");

/// Of these in the quick tier.
const SAMPLE: usize = 12;

/// What Newsreel refuses of them, and why that is right.
const REFUSED: &[&str] = &[
    // Its format has nothing it could be told by but its name, and a worker sees no names.
    "picture.tga",
];

#[test]
fn what_ffmpeg_writes_becomes_a_ladder() {
    let _turn = turn();
    let desk = Desk::new();
    let lines = ODD.lines().filter(|line| !line.starts_with('#'));
    let mut all: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(' ')).collect();
    if tier() == Tier::Quick {
        let mut random = Random::new("odd files");
        let mut sample = Vec::new();
        while sample.len() < SAMPLE {
            sample.push(all.swap_remove(random.below(all.len())));
        }
        all = sample;
    }
    let mut wrong = Vec::new();
    for (name, arguments) in all {
        let input = desk.path(name);
        ffmpeg(
            &format!(
                "-f lavfi -i testsrc2=s=320x240:r=25 -f lavfi -i sine=r=48000 -t 2 {arguments}"
            ),
            &input,
        );
        let dir = desk.path("ladder");
        let ended = start(&mut desk.transcode(&input, &dir)).end(HANG_S);
        println!("{name}: {}", ended.code());
        match ended.code() {
            0 => {
                out::complete(&dir);
                fs::remove_dir_all(&dir).unwrap();
            }
            65 if REFUSED.contains(&name) => {}
            _ => wrong.push(format!("{name}: {} {}", ended.code(), ended.stderr)),
        }
        fs::remove_file(&input).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
