//! Hot paths alone, for `scripts/guards` to count their instructions. Not here: an assertion.
//!
//! `hot-media boxes N`: a segment of a hundred pictures becomes boxes and is read back. `hot-media playlist N`: a playlist of six
//! hundred segments is written.
#![allow(
    clippy::unwrap_used,
    reason = "a measuring tool may stop at the first surprise"
)]

use std::hint::black_box;

use newsreel_media::boxes::fragment::{Sample, read_segment, write_fragment};
use newsreel_media::package::hls::{MediaSegment, media_playlist};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap();
    let count: u32 = arguments.next().unwrap().parse().unwrap();
    let sample = |n: u32| Sample {
        size: 1_000,
        duration: 3_600,
        composition_offset: 3_600,
        key: n == 0,
    };
    let samples: Vec<Sample> = (0..100).map(sample).collect();
    let data = vec![0; 100_000];
    let segment = |n| MediaSegment {
        uri: format!("seg-{n:05}.m4s"),
        duration_s: 4.0,
    };
    let segments: Vec<MediaSegment> = (1..=600).map(segment).collect();
    for n in 1..=count {
        if path == "boxes" {
            let written = write_fragment(n, 1, u64::from(n) * 360_000, &samples, &data);
            black_box(read_segment(&written).unwrap());
        } else {
            black_box(media_playlist(4, "init.mp4", &segments, n % 2 == 0));
        }
    }
}
