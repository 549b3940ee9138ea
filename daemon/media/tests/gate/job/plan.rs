//! The plan of the job: 11 s at 25 frames per second.

use newsreel_model::Rational;
use newsreel_model::grid::{Grid, Segment};
use newsreel_model::plan::{
    AudioInput, AudioPlan, AudioRole, Colour, Matching, Plan, RungPlan, VideoPlan,
};
use newsreel_model::profile::{FrameTiming, RateControl, VideoCodec};

use super::FRAME;

pub fn plan() -> Plan {
    Plan {
        profile: "test".to_owned(),
        segment_s: 4.0,
        first_segment_s: 2.0,
        target_duration_s: 5,
        video: VideoPlan {
            stream: 0,
            source_time_base: Rational::new(1, 12_800),
            origin: 0,
            timescale: 12_800,
            frame_rate: Some(Rational::new(25, 1)),
            frame_ticks: FRAME,
            frame_timing: FrameTiming::Source,
            matching: Matching::ByPacket,
            first_rank: 0,
            source_width: 426,
            source_height: 240,
            sample_aspect: Rational::new(1, 1),
            colour: Colour {
                primaries: 1,
                transfer: 1,
                matrix: 1,
                full_range: false,
            },
            conditioning: Default::default(),
            rungs: vec![rung("240p", 426, 240), rung("120p", 214, 120)],
            timeline_digest: String::new(),
        },
        audio: vec![AudioPlan {
            name: "en".to_owned(),
            title: "English".to_owned(),
            language: "en".to_owned(),
            role: AudioRole::Main,
            inputs: vec![AudioInput {
                stream: 1,
                channels: 2,
                first_channels: false,
            }],
            sample_rate: 48_000,
            channels: 2,
            bitrate_bps: 128_000,
            loudness: None,
            limited: false,
        }],
        subtitles: Vec::new(),
        captions: None,
        timecode: None,
        audio_spec: Default::default(),
        thumbnails: Default::default(),
        grid: grid(&[50, 100, 100, 25]),
        warnings: Vec::new(),
    }
}

fn rung(name: &str, width: u32, height: u32) -> RungPlan {
    RungPlan {
        name: name.to_owned(),
        width,
        height,
        codec: VideoCodec::H264,
        rate_control: RateControl::CappedCrf,
        bitrate_bps: Some(400_000),
        buffer_bits: Some(400_000),
        crf: 23,
        preset: None,
    }
}

fn grid(frames: &[u32]) -> Grid {
    let mut first_frame = 0;
    let mut start_ticks = 0;
    let segments = frames.iter().map(|&frames| {
        let segment = Segment {
            first_frame,
            frames,
            start_ticks,
            duration_ticks: i64::from(frames) * FRAME,
        };
        first_frame += u64::from(frames);
        start_ticks = segment.end_ticks();
        segment
    });
    Grid {
        segments: segments.collect(),
    }
}
