//! Sample tables as the pipeline and the sound task would make them.

use newsreel_media::boxes::Sample;
use newsreel_media::slots::{Lines, last_line};
use newsreel_model::grid::Segment;
use newsreel_model::plan::Plan;

use super::{FRAME, PRIMING};

/// One segment's pictures in coding order, each third one ahead of the two before it.
pub fn pictures(segment: &Segment) -> (Vec<Sample>, Vec<u8>) {
    let count = i64::from(segment.frames);
    let mut order = vec![0];
    let mut next = 1;
    while next < count {
        if next + 2 < count {
            order.extend([next + 2, next, next + 1]);
            next += 3;
        } else {
            order.push(next);
            next += 1;
        }
    }
    let samples: Vec<Sample> = (0..)
        .zip(&order)
        .map(|(i, &shown)| Sample {
            size: u32::try_from(20 + shown % 7).unwrap(),
            duration: u32::try_from(FRAME).unwrap(),
            composition_offset: i32::try_from((shown - i) * FRAME).unwrap(),
            key: i == 0,
        })
        .collect();
    let length: usize = samples.iter().map(|s| s.size as usize).sum();
    let data = (0..length)
        .map(|i| u8::try_from(i % 253).unwrap())
        .collect();
    (samples, data)
}

/// How many access units each segment has, cut as the sound task cuts.
pub fn sound_units(plan: &Plan) -> Vec<u32> {
    let lines = Lines {
        first_s: plan.first_segment_s,
        every_s: plan.segment_s,
    };
    let end = 48_000 * plan.grid.duration_ticks() / i64::from(plan.video.timescale);
    let mut units = vec![0];
    for number in 0..(end + PRIMING + 1023) / 1024 {
        let line = lines.at(units.len(), 48_000);
        if number * 1024 - PRIMING >= line && line <= last_line(end, 48_000) {
            units.push(0);
        }
        *units.last_mut().unwrap() += 1;
    }
    units
}
