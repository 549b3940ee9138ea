//! What was finished is looked at before it is trusted: torn journals, lost, cut and changed files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::support::out;
use crate::support::process::{run, start};
use crate::support::turn;
use crate::{Whole, whole};

/// A job that was killed when a third of it, or somewhat more, was there.
fn part(whole: &Whole, name: &str) -> PathBuf {
    let dir = whole.desk.path(name);
    let mut running = start(&mut whole.desk.transcode(&whole.clip, &dir));
    assert!(running.until(|| out::finished(&dir).len() >= whole.pieces / 3));
    running.kill();
    dir
}

/// Finishes the job and holds it to the uninterrupted one; all finished segments but `lost` stay as they are.
fn finish(whole: &Whole, dir: &Path, lost: &[&str]) {
    let mut kept = out::finished_media(dir);
    kept.retain(|name| !lost.contains(&name.as_str()));
    let before = out::stamps(dir, &kept);
    run(&mut whole.desk.transcode(&whole.clip, dir)).expect(0);
    out::unchanged(dir, &before);
    out::complete(dir);
    out::same_timing(&whole.timing, dir);
}

/// A finished video segment that is not the first.
fn segment(dir: &Path) -> String {
    let made = out::finished_media(dir);
    let later =
        |n: &&String| n.starts_with("video/") && n.ends_with(".m4s") && !n.contains("00001");
    made.iter().find(later).unwrap().clone()
}

#[test]
fn a_torn_last_line_of_the_journal_loses_only_its_own_piece() {
    let _turn = turn();
    let whole = whole();
    let dir = part(whole, "torn");
    let journal = out::journal(&dir);
    let text = fs::read(&journal).unwrap();
    let file = OpenOptions::new().write(true).open(&journal).unwrap();
    file.set_len(text.len() as u64 - 40).unwrap();
    drop(file);
    finish(whole, &dir, &[]);
}

#[test]
fn noise_in_the_journal_hides_nothing_after_it() {
    let _turn = turn();
    let whole = whole();
    let dir = part(whole, "noise");
    // What a power cut may leave in a file's last block; then the job goes on, and is killed once more.
    let mut file = OpenOptions::new()
        .append(true)
        .open(out::journal(&dir))
        .unwrap();
    file.write_all(&[0, 0, 0, 0xFF, 0xFE, b'{', 0x80]).unwrap();
    drop(file);
    let more = out::finished(&dir).len() + 3;
    let mut running = start(&mut whole.desk.transcode(&whole.clip, &dir));
    assert!(running.until(|| out::finished(&dir).len() >= more));
    running.kill();
    finish(whole, &dir, &[]);
}

#[test]
fn a_lost_or_cut_segment_is_made_again() {
    let _turn = turn();
    let whole = whole();
    let dir = part(whole, "lost");
    let lost = segment(&dir);
    fs::remove_file(dir.join(&lost)).unwrap();
    let cut = "audio/und/seg-00001.m4s";
    let file = OpenOptions::new().write(true).open(dir.join(cut)).unwrap();
    file.set_len(100).unwrap();
    drop(file);
    finish(whole, &dir, &[&lost, cut]);
    assert_eq!(
        fs::read(dir.join(cut)).unwrap(),
        fs::read(whole.out.join(cut)).unwrap()
    );
}

#[test]
fn a_lost_init_segment_is_made_again() {
    let _turn = turn();
    let whole = whole();
    let dir = part(whole, "no-init");
    // With its init segment, the last finished segment of a rendition counts as lost: making it brings a new one.
    let mut lost = Vec::new();
    for folder in ["video/120p", "audio/und"] {
        lost.push(format!("{folder}/init.mp4"));
        fs::remove_file(dir.join(&lost[lost.len() - 1])).unwrap();
        let made = out::finished_media(&dir);
        let of_folder = |n: &&String| n.starts_with(folder) && n.ends_with(".m4s");
        lost.extend(made.iter().filter(of_folder).max().cloned());
    }
    let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
    finish(whole, &dir, &lost);
}

#[test]
fn a_finished_segment_with_other_bytes_is_not_believed() {
    let _turn = turn();
    let whole = whole();
    let dir = part(whole, "flipped");
    let name = segment(&dir);
    let path = dir.join(&name);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&path, bytes).unwrap();
    finish(whole, &dir, &[&name]);
}

#[test]
fn an_empty_or_missing_journal_means_start_again() {
    let _turn = turn();
    let whole = whole();
    let dir = part(whole, "no-journal");
    fs::remove_file(out::journal(&dir)).unwrap();
    finish(whole, &dir, &[]);
}
