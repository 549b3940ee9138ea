//! Broken and hostile input: a sound result or one line that says why not; never a crash, a hang or half a job.
//!
//! Not here: odd but sound input (`media.rs`), or jobs that were interrupted (`resume.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test has no better answer to what cannot be"
)]

#[path = "broken/hostile.rs"]
mod hostile;
#[path = "broken/nested.rs"]
mod nested;
#[path = "broken/no_media.rs"]
mod no_media;
mod support;
#[path = "broken/times.rs"]
mod times;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use support::made::Desk;
use support::process::{HANG_S, newsreel, run, start};
use support::{Random, Tier, by_tier, out, real_files, tier, turn};

/// How an input ended that may end in either way.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Completed,
    Refused,
}

/// Probes and transcodes the input and holds what comes of it to the contract.
#[track_caller]
fn judge(desk: &Desk, input: &Path) -> Outcome {
    let probed = run(newsreel(["probe", "--json"]).arg(input));
    match probed.code() {
        0 => {
            serde_json::from_str::<serde_json::Value>(&probed.stdout).unwrap();
        }
        65 | 66 => {
            probed.one_line();
        }
        code => panic!("probe ends with {code}: {}", probed.stderr),
    }
    let dir = desk.path("judged");
    let ended = start(&mut desk.transcode(input, &dir)).end(HANG_S);
    match ended.code() {
        0 => {
            assert_eq!(ended.stderr, "", "noise beside the events");
            out::complete(&dir);
            fs::remove_dir_all(&dir).unwrap();
            Outcome::Completed
        }
        65 | 66 => {
            ended.one_line();
            let left = out::files(&dir);
            assert!(
                !dir.exists(),
                "half-made output of a refused input: {left:?}"
            );
            Outcome::Refused
        }
        code => panic!("ends with {code}: {}", ended.stderr),
    }
}

/// Judges one input after the other and fails at the end with all that are wrong.
struct Cases<'a> {
    desk: &'a Desk,
    completed: usize,
    refused: usize,
    wrong: Vec<String>,
}

impl<'a> Cases<'a> {
    fn new(desk: &'a Desk) -> Self {
        Self {
            desk,
            completed: 0,
            refused: 0,
            wrong: Vec::new(),
        }
    }

    /// Judges the input; `expected` is how it must end, if only one end is right.
    fn case(&mut self, name: &str, input: &Path, expected: Option<Outcome>) {
        let judged = catch_unwind(AssertUnwindSafe(|| judge(self.desk, input)));
        let _ = fs::remove_dir_all(self.desk.path("judged"));
        match judged {
            Ok(outcome) => {
                println!("{name}: {outcome:?}");
                if expected.is_some_and(|e| e != outcome) {
                    self.wrong.push(format!("{name}: {outcome:?}"));
                }
                match outcome {
                    Outcome::Completed => self.completed += 1,
                    Outcome::Refused => self.refused += 1,
                }
            }
            Err(why) => {
                let why = why
                    .downcast_ref::<String>()
                    .map_or("a panic without words", String::as_str);
                self.wrong.push(format!("{name}: {why}"));
            }
        }
    }

    #[track_caller]
    fn end(self) {
        let Self {
            completed, refused, ..
        } = self;
        println!("{completed} completed, {refused} refused");
        assert!(
            self.wrong.is_empty(),
            "{} wrong:\n\n{}",
            self.wrong.len(),
            self.wrong.join("\n\n")
        );
    }
}

/// Ways to break a file: how much of it is left in percent, or how many of a million bytes are flipped.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Cut(usize),
    Flip(usize),
}

const CUTS: [Damage; 3] = [Damage::Cut(10), Damage::Cut(50), Damage::Cut(90)];
const FLIPS: [Damage; 2] = [Damage::Flip(10_000), Damage::Flip(100)];

fn damaged(bytes: &[u8], damage: Damage, random: &mut Random) -> Vec<u8> {
    match damage {
        Damage::Cut(percent) => bytes[..bytes.len() * percent / 100].to_vec(),
        Damage::Flip(per_million) => {
            let mut bytes = bytes.to_vec();
            for _ in 0..(bytes.len() * per_million / 1_000_000).max(1) {
                let at = random.below(bytes.len());
                bytes[at] ^= u8::try_from(1 + random.below(255)).unwrap();
            }
            bytes
        }
    }
}

/// Damages files by tier: each in one way, half of them cut and half flipped, or each in every way.
fn damage_all(cases: &mut Cases<'_>, files: &[std::path::PathBuf], random: &mut Random) {
    let offset = random.below(2);
    for (i, file) in files.iter().enumerate() {
        let mut damages = [CUTS.as_slice(), FLIPS.as_slice()].concat();
        if tier() == Tier::Full {
            damages = [CUTS.as_slice(), FLIPS.as_slice()][(i + offset) % 2].to_vec();
        } else if tier() == Tier::Quick {
            damages = vec![damages[random.below(5)]];
        }
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(file).unwrap();
        for damage in damages {
            let broken = cases.desk.path(&format!("broken-{name}"));
            fs::write(&broken, damaged(&bytes, damage, random)).unwrap();
            cases.case(&format!("{name} {damage:?}"), &broken, None);
            fs::remove_file(&broken).unwrap();
        }
    }
}

#[test]
fn real_files_cut_and_flipped() {
    let _turn = turn();
    let desk = Desk::new();
    let mut random = Random::new("damage");
    let mut files = real_files();
    if tier() == Tier::Quick {
        // The small ones: a debug build decodes slowly.
        files.retain(|f| f.metadata().unwrap().len() < 600_000);
    }
    let mut cases = Cases::new(&desk);
    damage_all(&mut cases, &files, &mut random);
    cases.end();
}

#[test]
fn made_files_cut_and_flipped() {
    let _turn = turn();
    let desk = Desk::new();
    let mut random = Random::new("made damage");
    let names = ["a.mp4", "a.mkv", "a.ts", "a.mov", "a.avi", "a.flv"];
    let files: Vec<_> = names[..by_tier(3, 6, 6)]
        .iter()
        .map(|name| desk.clip(name, 4))
        .collect();
    let mut cases = Cases::new(&desk);
    for _ in 0..by_tier(1, 1, 10) {
        damage_all(&mut cases, &files, &mut random);
    }
    cases.end();
}
