//! `kill -9` and Ctrl-C at any moment.

use std::path::Path;

use crate::support::out;
use crate::support::process::{Running, run, start};
use crate::support::{Random, by_tier, turn};
use crate::{Whole, whole};

/// Runs the job until its journal has `pieces` entries and kills it; `false` when it was complete before that.
fn kill_at(whole: &Whole, dir: &Path, pieces: usize) -> bool {
    let mut running = start(&mut whole.desk.transcode(&whole.clip, dir));
    let reached = running.until(|| out::finished(dir).len() >= pieces);
    let ended = running.kill();
    assert!(reached || ended.code() == 0, "{}", ended.stderr);
    ended.code() != 0
}

#[test]
fn killed_at_random_moments_it_goes_on_where_it_was() {
    let _turn = turn();
    let whole = whole();
    let mut random = Random::new("kill -9");
    for round in 0..by_tier(1, 5, 100) {
        let dir = whole.desk.path(&format!("killed-{round}"));
        // The first kill is always before the end; up to two more come after what it left.
        for kill in 0..=random.below(3) {
            let before = out::stamps(&dir, &out::finished_media(&dir));
            let done = out::finished(&dir).len();
            // From 5 to 95 % of an uninterrupted job, and beyond what there is already.
            let (from, to) = (whole.pieces / 20, whole.pieces * 19 / 20);
            let at = (from + random.below(to - from)).max(done + 1);
            if at > to {
                break;
            }
            println!(
                "round {round}, kill {kill}: at {at} of {} pieces",
                whole.pieces
            );
            if !kill_at(whole, &dir, at) {
                break;
            }
            out::unchanged(&dir, &before);
            out::playlists_hold(&dir);
        }
        let before = out::stamps(&dir, &out::finished_media(&dir));
        run(&mut whole.desk.transcode(&whole.clip, &dir)).expect(0);
        out::unchanged(&dir, &before);
        out::complete(&dir);
        out::same_timing(&whole.timing, &dir);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn killed_half_way_nothing_looks_finished() {
    let _turn = turn();
    let whole = whole();
    let dir = whole.desk.path("half-way");
    assert!(kill_at(whole, &dir, whole.pieces / 2));
    out::nothing_looks_finished(&dir);
    // What can be seen is what is there: no piece is public before it is whole.
    for name in out::finished_media(&dir) {
        assert!(dir.join(&name).metadata().unwrap().len() > 0, "{name}");
    }
}

#[test]
fn killed_before_the_first_piece_it_starts_again() {
    let _turn = turn();
    let whole = whole();
    let dir = whole.desk.path("early");
    let moments: [&dyn Fn() -> bool; 3] = [
        &|| dir.is_dir(),
        &|| dir.join("job.json").is_file(),
        &|| out::journal(&dir).is_file(),
    ];
    for moment in moments {
        let mut running = start(&mut whole.desk.transcode(&whole.clip, &dir));
        assert!(running.until(moment));
        running.kill();
    }
    run(&mut whole.desk.transcode(&whole.clip, &dir)).expect(0);
    out::complete(&dir);
    out::same_timing(&whole.timing, &dir);
}

#[test]
fn killed_while_packaging_no_segment_is_made_again() {
    let _turn = turn();
    let whole = whole();
    let mut random = Random::new("packaging");
    let packaged = ["mp4/180p.mp4", "mp4/120p.mp4", "manifest.mpd"];
    for round in 0..by_tier(1, 3, 20) {
        let dir = whole.desk.path(&format!("packaging-{round}"));
        // From its first staged file on, after each of the files it makes, or a moment later.
        let stage = dir.join(".work/stage/mp4_180p.mp4");
        let after = random.below(packaged.len() + 1);
        let moment = match after.checked_sub(1) {
            None => stage,
            Some(i) => dir.join(packaged[i]),
        };
        println!("round {round}: killed once {} is there", moment.display());
        let mut running = start(&mut whole.desk.transcode(&whole.clip, &dir));
        assert!(running.until(|| moment.exists()), "it never packaged");
        std::thread::sleep(std::time::Duration::from_micros(random.next() % 5_000));
        let ended = running.kill();
        if ended.code() != 0 {
            let before = out::stamps(&dir, &out::finished_media(&dir));
            assert!(before.len() > 60, "all segments were finished");
            for name in out::files(&dir).iter().filter(|f| f.starts_with("mp4/")) {
                out::decodes(&dir.join(name));
            }
            run(&mut whole.desk.transcode(&whole.clip, &dir)).expect(0);
            out::unchanged(&dir, &before);
        }
        out::complete(&dir);
        out::same_timing(&whole.timing, &dir);
    }
}

/// Starts the job, waits for `pieces` and interrupts it.
fn interrupt_at(whole: &Whole, dir: &Path, pieces: usize, signal: &str) -> Running {
    // It must have begun: before that, nothing watches for signals.
    let pieces = pieces.max(out::finished(dir).len() + 2);
    let mut running = start(&mut whole.desk.transcode(&whole.clip, dir));
    assert!(running.until(|| out::finished(dir).len() >= pieces));
    running.signal(signal);
    running
}

/// Longer than this is not "at once", however slow the machine, in seconds.
const AT_ONCE_S: u64 = 15;

#[test]
fn an_interrupt_stops_at_once_and_keeps_what_is_finished() {
    let _turn = turn();
    let whole = whole();
    let dir = whole.desk.path("interrupted");
    for (signal, share) in [("INT", 6), ("TERM", 3)] {
        let ended = interrupt_at(whole, &dir, whole.pieces / share, signal)
            .end(AT_ONCE_S)
            .expect(130);
        assert!(ended.one_line().contains("run the same command again"));
        out::nothing_looks_finished(&dir);
    }
    let before = out::stamps(&dir, &out::finished_media(&dir));
    assert!(!before.is_empty());
    run(&mut whole.desk.transcode(&whole.clip, &dir)).expect(0);
    out::unchanged(&dir, &before);
    out::complete(&dir);
    out::same_timing(&whole.timing, &dir);
}

#[test]
fn asked_twice_it_ends_all_the_same() {
    let _turn = turn();
    let whole = whole();
    let dir = whole.desk.path("impatient");
    let running = interrupt_at(whole, &dir, whole.pieces / 3, "INT");
    running.signal("INT");
    running.end(AT_ONCE_S).expect(130);
    run(&mut whole.desk.transcode(&whole.clip, &dir)).expect(0);
    out::complete(&dir);
}

#[test]
fn an_interrupt_while_the_source_is_read_leaves_nothing_half_made() {
    let _turn = turn();
    let whole = whole();
    let dir = whole.desk.path("at-once");
    let mut running = start(&mut whole.desk.transcode(&whole.clip, &dir));
    assert!(running.until(|| dir.join(".work").exists()));
    running.signal("INT");
    running.end(AT_ONCE_S).expect(130);
    run(&mut whole.desk.transcode(&whole.clip, &dir)).expect(0);
    out::complete(&dir);
}
