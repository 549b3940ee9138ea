//! How cores are shared out among the encoders of a ladder.

use newsreel_cpu::{Threads, decoding};
use newsreel_model::plan::RungPlan;
use newsreel_model::profile::{RateControl, VideoCodec};

fn rung(width: u32, height: u32) -> RungPlan {
    RungPlan {
        name: format!("{height}p"),
        width,
        height,
        codec: VideoCodec::H264,
        rate_control: RateControl::CappedCrf,
        bitrate_bps: None,
        buffer_bits: None,
        crf: 23,
        preset: None,
    }
}

fn shares(cores: usize, fixed: u32) -> Vec<u32> {
    let ladder = [
        rung(1920, 1080),
        rung(1280, 720),
        rung(854, 480),
        rung(640, 360),
    ];
    let ladder: Vec<&RungPlan> = ladder.iter().collect();
    let threads = Threads::choose(cores, fixed, &ladder);
    ladder.iter().map(|r| threads.encoder(r)).collect()
}

#[test]
fn encoders_get_their_share_rounded_up_and_never_more_than_there_is() {
    assert_eq!(shares(1, 0), [1, 1, 1, 1]);
    assert_eq!(shares(2, 0), [2, 1, 1, 1]);
    assert_eq!(shares(8, 0), [5, 3, 1, 1]);
}

#[test]
fn a_fixed_number_is_everyones() {
    assert_eq!(shares(2, 3), [3, 3, 3, 3]);
}

#[test]
fn a_decoder_has_its_share_of_the_work_and_a_run_that_makes_little_decodes_with_all() {
    let (large, middle, small) = (rung(1280, 720), rung(854, 480), rung(426, 240));
    let source = 1920 * 1080;
    assert_eq!(decoding(2, source, &[&large, &middle, &small]), 1);
    assert_eq!(decoding(16, source, &[&large, &middle, &small]), 7);
    assert_eq!(decoding(2, source, &[&small]), 2);
    assert_eq!(decoding(2, source, &[]), 2);
}
