//! One clip as 1, 2 and 7 runs is one clip: the same frames at the same times, each the right one, as good at the joints
//! as anywhere, and within the rate that was promised. Not here: interrupted jobs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "tests, where a panic is the report"
)]

mod common;

use std::path::Path;

use common::clips::{FORMS, Form};
use common::ladder::Ladder;
use common::place::Place;
use common::{Tier, alone, bucket, clips, is_sampled, media, pictures, sound, tier};
use newsreel_model::grid::cut_runs;
use newsreel_model::plan::RungPlan;

/// 40.8 s: eleven segments, so that seven runs are cut and some are longer than others.
const FRAMES: u32 = 1020;

/// So many of the forms are always tested, the rest in turn.
const ALWAYS: usize = 11;

/// Forms that the quick tier takes: containers in which seeking by time is wrong.
const QUICK: [&str; 2] = ["h264.ts", "mpeg2.wtv"];

/// Two rungs of the master's size and half of it, otherwise as `web`.
const CONFIG: &str = "[profiles.pair]
rungs = [
    { short_side_px = 288, bitrate_kbps = 700 },
    { short_side_px = 144, bitrate_kbps = 200 },
]
";

/// The most that quality may fall at a joint, in dB.
const MAX_LOSS_DB: f64 = 1.0;

const RUNS: &[usize] = &[1, 2, 7];

/// Transcodes as so many runs.
fn encode(place: &Place, input: &Path, profile: &str, runs: usize) -> Ladder {
    let name = input.file_name().unwrap().to_str().unwrap();
    let out = format!("{name}-{runs}");
    let ladder = place.transcode(input, &out, profile, &["--runs", &runs.to_string()]);
    let most = ladder.plan().grid.len();
    assert_eq!(ladder.report.runs, runs.min(most), "{name}: runs");
    ladder
}

#[test]
fn every_container_gives_the_same_right_frames_however_it_is_cut() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let frames = if tier() == Tier::Quick { 500 } else { FRAMES };
    let master = clips::master(place.path(), frames, false);
    let mut failed = Vec::new();
    for (index, form) in FORMS.iter().enumerate() {
        if tier() == Tier::Quick && !QUICK.contains(&form.name) {
            continue;
        }
        if index >= ALWAYS && !is_sampled(index, 2) {
            eprintln!("{}: not in this sample, NEWSREEL_SEED=1 has it", form.name);
            continue;
        }
        let counts: &[usize] = if is_sampled(index, 3) { RUNS } else { &[1, 7] };
        let checked =
            std::panic::catch_unwind(|| check_form(&place, &master, form, counts, frames));
        if checked.is_err() {
            failed.push(form.name);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}

fn check_form(place: &Place, master: &Path, form: &Form, counts: &[usize], frames: u32) {
    let input = clips::make(master, form, place.path());
    let numbers = pictures::numbers(&input);
    let expected: Vec<u32> = numbers.iter().flatten().copied().collect();
    // The judge is judged first: FFmpeg from the start to the end has every frame of the master, but for a cut-off end.
    let whole = form.steady && !form.open_end;
    let count = if whole { frames } else { frames * 2 / 3 };
    assert!(
        expected.len() >= count as usize,
        "{}: {} frames",
        form.name,
        expected.len()
    );
    assert!(
        !whole || expected.iter().copied().eq(0..frames),
        "{}: the clip is not as meant",
        form.name
    );
    assert!(
        !form.steady || expected.iter().copied().take(count as usize).eq(0..count),
        "{}: the clip is not as meant",
        form.name
    );
    assert!(
        expected.windows(2).all(|w| w[0] < w[1]),
        "{}: not in order",
        form.name
    );

    let ladders: Vec<Ladder> = counts
        .iter()
        .map(|&r| encode(place, &input, "pair", r))
        .collect();
    for ladder in &ladders {
        check_numbers(form, ladder, &expected);
    }
    if form.steady {
        check_times(form, &ladders[0]);
    }
    check_same(form.name, &ladders);
    check_joints(&input, &ladders);
    check_rate(form.name, &ladders);
    if counts.len() == RUNS.len() {
        ladders[ladders.len() - 1].check();
    }
    for ladder in ladders {
        std::fs::remove_dir_all(ladder.dir).unwrap();
    }
}

/// Output frame k of every rung shows frame k of the source: none doubled, missing or moved.
fn check_numbers(form: &Form, ladder: &Ladder, expected: &[u32]) {
    // The last pictures of a cut-off file are half there; decoders differ in what they make of them.
    let unsure = if form.open_end { 3 } else { 0 };
    let planned = ladder.plan().grid.frames() as usize;
    assert!(
        planned.abs_diff(expected.len()) <= unsure,
        "{}: {planned} frames planned, {} there",
        form.name,
        expected.len()
    );
    let sure = expected.len() - unsure;
    for rung in ladder.rungs() {
        let found = pictures::numbers(&ladder.index(rung));
        let at = format!("{} {} as {} runs", form.name, rung.name, ladder.report.runs);
        assert_eq!(found.len(), planned, "{at}: frames decoded");
        let wrong: Vec<String> = found[..sure]
            .iter()
            .zip(expected)
            .enumerate()
            .filter(|(_, (found, expected))| **found != Some(**expected))
            .map(|(k, (found, expected))| format!("frame {k} shows {found:?}, not {expected}"))
            .collect();
        let joints = joints(
            ladder,
            ladder
                .rungs()
                .iter()
                .position(|r| r.name == rung.name)
                .unwrap(),
        );
        assert!(
            wrong.is_empty(),
            "{at}, joints at {joints:?}: {} wrong: {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(8)]
        );
    }
}

/// A steady source stays steady: frame k at k/25 s.
fn check_times(form: &Form, ladder: &Ladder) {
    let track = ladder.video(ladder.lowest());
    let step = i64::from(track.init.timescale / clips::RATE);
    let shown = track.shown();
    // FFmpeg's MXF muxer loses one of the last pictures.
    let sure = shown.len() - if form.open_end { 3 } else { 0 };
    let first = (0..).zip(&shown[..sure]).find(|(k, at)| k * step != **at);
    assert_eq!(
        first, None,
        "{}: the first frame that is not at its time",
        form.name
    );
}

/// The same counts, times and key frames in every rung, whatever the number of runs.
fn check_same(name: &str, ladders: &[Ladder]) {
    let first = &ladders[0];
    for other in &ladders[1..] {
        assert_eq!(first.plan(), other.plan(), "{name}: another plan");
        for rung in first.rungs() {
            let at = format!("{name} {} as {} runs", rung.name, other.report.runs);
            let (a, b) = (first.video(rung), other.video(rung));
            assert_eq!(a.shown(), b.shown(), "{at}: times");
            assert_eq!(a.keys(), b.keys(), "{at}: key frames");
            let count = |t: &common::ladder::Track| {
                t.segments
                    .iter()
                    .map(|s| s.samples.len())
                    .collect::<Vec<_>>()
            };
            assert_eq!(count(&a), count(&b), "{at}: frames per segment");
        }
    }
}

/// The frames at which a session of rung `rung` begins, but the first.
fn joints(ladder: &Ladder, rung: usize) -> Vec<usize> {
    let plan = ladder.plan();
    let count = plan.video.rungs.len();
    let all: Vec<Vec<usize>> = (0..count)
        // The lowest rung's first segment was made before the runs.
        .map(|r| (usize::from(r + 1 == count)..plan.grid.len()).collect())
        .collect();
    let runs = cut_runs(&plan.grid, &all, &vec![true; count], ladder.report.runs, 1);
    let starts = runs
        .iter()
        .flat_map(|run| &run.work)
        .filter(|w| w.rung == rung)
        .map(|w| w.segments[0]);
    let frames = starts.map(|s| plan.grid.segments[s].first_frame as usize);
    frames.filter(|f| *f > 0).collect()
}

/// Over the second before and after each joint the picture is as near to the source as in the encode of one run.
fn check_joints(input: &Path, ladders: &[Ladder]) {
    let (one, others) = ladders.split_first().unwrap();
    let (mut worst, mut worst_side) = (0.0f64, 0.0f64);
    let larger = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
    for (index, rung) in one.rungs().iter().enumerate() {
        let quality =
            |ladder: &Ladder| pictures::psnr(input, &ladder.index(rung), rung.width, rung.height);
        let base = quality(one);
        for other in others {
            let cut = quality(other);
            for joint in joints(other, index) {
                let second = clips::RATE as usize;
                let (from, until) = (
                    joint.saturating_sub(second),
                    (joint + second).min(base.len()),
                );
                let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
                let loss =
                    |from: usize, until: usize| mean(&base[from..until]) - mean(&cut[from..until]);
                worst = larger(worst, loss(from, until));
                for side in [loss(from, joint), loss(joint, until)] {
                    worst_side = larger(worst_side, side);
                }
                let at = format!(
                    "{} {} as {} runs, joint at {joint}",
                    input.display(),
                    rung.name,
                    other.report.runs
                );
                let all = loss(from, until);
                assert!(
                    all.abs() <= MAX_LOSS_DB,
                    "{at}: {all:+.2} dB lost over the seconds around it"
                );
            }
        }
    }
    let name = input.file_name().unwrap().display();
    eprintln!(
        "{name}: most lost around a joint {worst:+.2} dB, on one side of it {worst_side:+.2} dB"
    );
}

/// Every window of every rung stays within its rate and buffer. Gives the average as a share of the cap, by rung.
fn check_rate(name: &str, ladders: &[Ladder]) -> Vec<f64> {
    let mut shares = Vec::new();
    for ladder in ladders {
        for rung in ladder.rungs() {
            let (rate, buffer) = (
                rung.bitrate_bps.unwrap() as f64,
                rung.buffer_bits.unwrap() as f64,
            );
            let track = ladder.video(rung);
            let (fullest, average) = (bucket::fullest(&track, rate), bucket::average(&track));
            let at = format!("{name} {} as {} runs", rung.name, ladder.report.runs);
            let share = fullest / buffer;
            eprintln!(
                "{at}: {:.0} % of its cap, buffer {:.0} % full",
                100.0 * average / rate,
                100.0 * share
            );
            assert!(
                share <= 1.0,
                "{at}: the buffer of {buffer} bits would hold {fullest:.0}"
            );
            shares.push(average / rate);
        }
    }
    shares
}

#[test]
fn a_clip_at_its_cap_keeps_rate_and_quality_across_joints() {
    if tier() == Tier::Quick {
        return;
    }
    let _alone = alone();
    let place = Place::new(CONFIG);
    let master = clips::master(place.path(), FRAMES, true);
    let ladders: Vec<Ladder> = RUNS
        .iter()
        .map(|&r| encode(&place, &master, "pair", r))
        .collect();
    let shares = check_rate("busy", &ladders);
    assert!(
        shares.iter().all(|s| *s > 0.8),
        "the clip does not reach the caps: {shares:?}"
    );
    check_same("busy", &ladders);
    check_joints(&master, &ladders);
}

#[test]
fn real_clips_are_the_same_however_they_are_cut() {
    let Some(media) = media() else { return };
    if tier() == Tier::Quick {
        return;
    }
    let _alone = alone();
    let place = Place::new(CONFIG);
    let traffic = place.path().join("traffic.ts");
    let source = media.join("traffic-432p12.mp4");
    let args = [
        "-stream_loop",
        "1",
        "-i",
        source.to_str().unwrap(),
        "-map",
        "0:v",
        "-c",
        "copy",
        "-f",
        "mpegts",
    ];
    clips::ffmpeg(&args, &traffic);
    let bunny = place.path().join("bunny.mkv");
    let source = media.join("bunny-720p25.mp4");
    let args = [
        "-stream_loop",
        "8",
        "-i",
        source.to_str().unwrap(),
        "-c",
        "copy",
    ];
    clips::ffmpeg(&args, &bunny);
    let mut inputs = vec![traffic, media.join("concert-vp8-45s.webm")];
    if tier() == Tier::Soak {
        inputs.push(bunny);
    }
    for input in inputs {
        let counts: &[usize] = if tier() == Tier::Soak { RUNS } else { &[1, 7] };
        let ladders: Vec<Ladder> = counts
            .iter()
            .map(|&r| encode(&place, &input, "web", r))
            .collect();
        let name = input.file_name().unwrap().to_str().unwrap();
        check_same(name, &ladders);
        check_rate(name, &ladders);
        check_pictures(&input, &ladders);
        ladders[ladders.len() - 1].check();
    }
}

/// Each frame is nearer to its own source picture than to those before and after it, by runs alike.
fn check_pictures(input: &Path, ladders: &[Ladder]) {
    let one = &ladders[0];
    let decoded = sound::picture_times(input).len();
    assert_eq!(
        one.plan().grid.frames(),
        decoded as u64 + one.report.frames.held,
        "{}",
        input.display()
    );
    let same_order = one.report.frames.held == 0;
    if same_order {
        check_joints(input, ladders);
    }
    let rung: &RungPlan = one.lowest();
    for other in &ladders[1..] {
        // Two encodes of one picture are far nearer to each other than to the next picture of a moving scene.
        let alike = pictures::psnr(
            &one.index(rung),
            &other.index(rung),
            rung.width,
            rung.height,
        );
        assert_eq!(alike.len() as u64, one.plan().grid.frames());
        let (k, least) = (0..).zip(&alike).min_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        eprintln!(
            "{}: one run and {} are least alike in frame {k}: {least:.1} dB",
            input.display(),
            other.report.runs
        );
        assert!(
            *least > 30.0,
            "{}: frame {k} of {} runs is another picture ({least:.1} dB)",
            input.display(),
            other.report.runs
        );
    }
}
