//! Output frames and segments: what a viewer would notice if it were wrong.

use newsreel_model::plan::{Colour, Matching, VideoPlan};
use newsreel_model::profile::FrameTiming;
use proptest::prelude::*;

use super::*;

fn plan(rate: Option<(i32, i32)>, time_base: (i32, i32)) -> VideoPlan {
    let frame_rate = rate.map(|(n, d)| Rational::new(n, d));
    VideoPlan {
        stream: 0,
        source_time_base: Rational::new(time_base.0, time_base.1),
        origin: 0,
        timescale: 90_000,
        frame_rate,
        frame_ticks: frame_rate.map_or(3_600, |r| 90_000 * i64::from(r.den) / i64::from(r.num)),
        frame_timing: FrameTiming::Source,
        matching: Matching::ByPacket,
        first_rank: 0,
        source_width: 16,
        source_height: 16,
        sample_aspect: Rational::new(1, 1),
        colour: Colour {
            primaries: 2,
            transfer: 2,
            matrix: 2,
            full_range: false,
        },
        conditioning: Default::default(),
        rungs: Vec::new(),
        timeline_digest: String::new(),
    }
}

const LINES: Lines = Lines {
    first_s: 2.0,
    every_s: 4.0,
};

#[test]
fn twenty_five_frames_a_second_fall_on_the_lines() {
    let times: Vec<i64> = (0..250).collect();
    let out = place(&times, None, None, &plan(Some((25, 1)), (1, 25)), LINES);
    let frames: Vec<u32> = out.grid.segments.iter().map(|s| s.frames).collect();
    assert_eq!(frames, [50, 100, 100]);
    assert_eq!(out.grid.duration_ticks(), 900_000);
    assert!(out.slots.iter().all(|s| !s.held));
}

#[test]
fn millisecond_times_of_a_constant_rate_become_exact() {
    // 23.976 frames a second as Matroska stores them.
    let times: Vec<i64> = (0..48)
        .map(|n: i64| (n * 1001 * 1000 + 12_000) / 24_000)
        .collect();
    let mut p = plan(Some((24_000, 1001)), (1, 1000));
    p.timescale = 24_000;
    p.frame_ticks = 1001;
    let out = place(&times, None, None, &p, LINES);
    assert!(
        out.slots
            .windows(2)
            .all(|w| w[1].ticks - w[0].ticks == 1001)
    );
}

#[test]
fn a_still_that_stands_ten_seconds_is_repeated_at_every_line() {
    let out = place(
        &[0, 10_000],
        Some(1_000),
        None,
        &plan(None, (1, 1000)),
        LINES,
    );
    let seconds: Vec<i64> = out.slots.iter().map(|s| s.ticks / 90_000).collect();
    assert_eq!(seconds, [0, 2, 6, 10]);
    assert_eq!(out.slots.iter().filter(|s| s.held).count(), 2);
    assert_eq!(out.grid.len(), 4);
}

#[test]
fn the_last_picture_stands_until_the_sound_ends() {
    let out = place(
        &[0, 40],
        None,
        Some(90_000 * 5),
        &plan(Some((25, 1)), (1, 1000)),
        LINES,
    );
    assert_eq!(out.grid.duration_ticks(), 90_000 * 5);
    assert_eq!(out.grid.len(), 2);
}

#[test]
fn the_first_picture_stands_while_only_sound_is_there() {
    let mut p = plan(Some((25, 1)), (1, 1000));
    p.origin = -1_000;
    let out = place(&[0, 40, 80], None, None, &p, LINES);
    assert_eq!(
        out.slots[0],
        Slot {
            ticks: 0,
            rank: 0,
            held: true
        }
    );
    assert_eq!(
        out.slots[1],
        Slot {
            ticks: 90_000,
            rank: 0,
            held: false
        }
    );
}

#[test]
fn a_short_rest_joins_the_segment_before_it() {
    let times: Vec<i64> = (0..56).collect();
    let out = place(&times, None, None, &plan(Some((25, 1)), (1, 25)), LINES);
    assert_eq!(out.grid.len(), 1);
}

#[test]
fn a_constant_rate_fills_and_thins() {
    let mut p = plan(Some((25, 1)), (1, 1000));
    p.frame_timing = FrameTiming::Constant;
    let out = place(&[0, 200, 210, 400], Some(40), None, &p, LINES);
    assert!(
        out.slots
            .windows(2)
            .all(|w| w[1].ticks - w[0].ticks == 3_600)
    );
    assert_eq!(out.slots.len(), 11);
}

proptest! {
    #[test]
    fn segments_cover_everything_once(
        mut times in prop::collection::vec(0i64..60_000, 1..300),
        sound in prop::option::of(0i64..100_000),
    ) {
        times.sort_unstable();
        let p = plan(None, (1, 1000));
        let out = place(&times, None, sound.map(|s| s * 90), &p, LINES);
        let mut frame = 0;
        let mut at = 0;
        for s in &out.grid.segments {
            prop_assert!(s.frames > 0 && s.duration_ticks > 0);
            prop_assert_eq!(s.first_frame, frame);
            prop_assert_eq!(s.start_ticks, at);
            prop_assert!(s.duration_ticks < 90_000 * 5 + 9_000);
            frame += u64::from(s.frames);
            at = s.end_ticks();
        }
        prop_assert_eq!(frame, out.slots.len() as u64);
        prop_assert!(out.slots.windows(2).all(|w| w[0].ticks < w[1].ticks && w[0].rank <= w[1].rank));
        prop_assert_eq!(out.slots.iter().filter(|s| !s.held).count(), times.len());
    }

    #[test]
    fn the_beginning_does_not_depend_on_what_follows(
        steps in prop::collection::vec(1i64..900, 30..200),
        keep in 10usize..29,
    ) {
        let times: Vec<i64> = steps.iter().scan(0, |t, s| { *t += s; Some(*t) }).collect();
        let p = plan(None, (1, 1000));
        let full = place(&times, None, None, &p, LINES);
        let part = place(&times[..keep], None, None, &p, LINES);
        if part.grid.len() > 2 {
            prop_assert_eq!(part.grid.segments[0], full.grid.segments[0]);
        }
    }
}
