//! The other built-in profiles, every encoder and every rate control: sizes, codecs, rates, key frames.
//! Not here: `web` (`media.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "tests, where a panic is the report"
)]

mod common;

use common::ladder::Ladder;
use common::place::Place;
use common::{Tier, alone, bucket, clips, pictures, probe, tier};
use newsreel_model::profile::VideoCodec;

/// Profiles of a configuration file, small enough to be quick.
const CONFIG: &str = r#"
[profiles.constant]
rate_control = "constant"
rungs = [{ short_side_px = 144, bitrate_kbps = 300 }]

[profiles.even]
frame_timing = "constant"
rungs = [{ short_side_px = 144, bitrate_kbps = 400 }]

[profiles.hevc]
codec = "hevc"
preset = "ultrafast"
rungs = [{ short_side_px = 288, bitrate_kbps = 600 }, { short_side_px = 144, bitrate_kbps = 200 }]

[profiles.av1]
codec = "av1"
preset = "12"
crf = 35
rungs = [{ short_side_px = 288, bitrate_kbps = 600 }, { short_side_px = 144, bitrate_kbps = 200 }]

[profiles.h264]
rungs = [{ short_side_px = 288, bitrate_kbps = 600 }, { short_side_px = 144, bitrate_kbps = 200 }]

[profiles.hevc-average]
codec = "hevc"
preset = "ultrafast"
rate_control = "average"
rungs = [{ short_side_px = 144, bitrate_kbps = 250 }]
"#;

fn sizes(ladder: &Ladder) -> Vec<(u32, u32)> {
    ladder.rungs().iter().map(|r| (r.width, r.height)).collect()
}

fn codec_name(ladder: &Ladder) -> String {
    let streams = probe(
        &ladder.mp4(ladder.lowest()),
        &["-select_streams", "v:0", "-show_streams"],
    );
    streams["streams"][0]["codec_name"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn encoders(ladder: &Ladder) -> Vec<&str> {
    ladder
        .report
        .rungs
        .iter()
        .map(|r| r.encoder.as_str())
        .collect()
}

#[test]
fn preview_is_one_small_rung() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = place.drawn("testsrc2=size=1280x720:rate=30:duration=5", &[]);
    let ladder = place.transcode(&input, "preview", "preview", &[]);
    ladder.check();
    assert_eq!(sizes(&ladder), [(426, 240)]);
    assert_eq!(codec_name(&ladder), "h264");
}

#[test]
fn archive_is_one_rung_of_the_sources_size() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = place.drawn("testsrc2=size=1012x570:rate=24000/1001:duration=6", &[]);
    let ladder = place.transcode(&input, "archive", "archive", &["--runs", "2"]);
    ladder.check();
    assert_eq!(sizes(&ladder), [(1012, 570)]);
    assert_eq!(encoders(&ladder), ["libx264"]);
    let quality = pictures::psnr(&input, &ladder.index(ladder.lowest()), 1012, 570);
    let mean = quality.iter().sum::<f64>() / quality.len() as f64;
    assert!(mean > 38.0, "{mean:.1} dB is not to keep");
}

#[test]
fn uhd_is_hevc_up_to_the_source() {
    if tier() == Tier::Quick {
        return;
    }
    let _alone = alone();
    let place = Place::new(CONFIG);
    let source = "testsrc2=size=2560x1440:rate=25:duration=2.6";
    let input = place.drawn(source, &["-preset", "ultrafast"]);
    let ladder = place.transcode(&input, "uhd", "uhd", &[]);
    ladder.check();
    let expected = [
        (2560, 1440),
        (1920, 1080),
        (1280, 720),
        (854, 480),
        (640, 360),
    ];
    assert_eq!(sizes(&ladder), expected, "2160p is larger than the source");
    assert_eq!(codec_name(&ladder), "hevc");
    assert_eq!(encoders(&ladder), ["libx265"; 5]);
}

#[test]
fn a_source_smaller_than_every_rung_keeps_its_size() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = place.drawn("testsrc2=size=178x102:rate=25:duration=3", &[]);
    for profile in ["web", "vod", "preview"] {
        let ladder = place.transcode(&input, profile, profile, &[]);
        ladder.check();
        assert_eq!(sizes(&ladder), [(178, 102)], "{profile}");
    }
}

#[test]
fn vod_meets_its_bitrates_on_average() {
    if tier() == Tier::Quick {
        return;
    }
    let _alone = alone();
    let place = Place::new(CONFIG);
    // Grain, so that there is something to spend bits on from the first second to the last.
    let source = "testsrc2=size=854x480:rate=25:duration=32,noise=alls=30:allf=t";
    let input = place.drawn(source, &["-preset", "ultrafast", "-crf", "20"]);
    let ladder = place.transcode(&input, "vod", "vod", &["--runs", "7"]);
    ladder.check();
    assert_eq!(ladder.report.runs, 1, "an average is kept by one session");
    assert_eq!(sizes(&ladder), [(854, 480), (640, 360)]);
    for rung in ladder.rungs() {
        let target = rung.bitrate_bps.unwrap() as f64;
        let average = bucket::average(&ladder.video(rung));
        let off = average / target - 1.0;
        eprintln!(
            "{}: {:+.1} % from its {target} bit/s",
            rung.name,
            off * 100.0
        );
        assert!(
            off.abs() <= 0.15,
            "{}: {average:.0} bit/s for {target}",
            rung.name
        );
    }
}

#[test]
fn a_constant_rate_is_kept_at_every_moment() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let seconds = if tier() == Tier::Quick { "8" } else { "24" };
    let source = format!("testsrc2=size=256x144:rate=25:duration={seconds},noise=alls=30:allf=t");
    let input = place.drawn(&source, &[]);
    let ladder = place.transcode(&input, "constant", "constant", &["--runs", "3"]);
    ladder.check();
    assert_eq!(ladder.report.runs, 1);
    let rung = ladder.lowest();
    let (rate, buffer) = (
        rung.bitrate_bps.unwrap() as f64,
        rung.buffer_bits.unwrap() as f64,
    );
    let track = ladder.video(rung);
    let (fullest, average) = (bucket::fullest(&track, rate), bucket::average(&track));
    assert!(
        fullest <= buffer,
        "{fullest:.0} bits in a buffer of {buffer}"
    );
    assert!(
        (average / rate - 1.0).abs() <= 0.15,
        "{average:.0} bit/s for {rate}"
    );
    // No second goes far below it either: that is what tells it from a cap.
    let scale = u64::from(track.init.timescale);
    let mut seconds = Vec::new();
    for sample in track.segments.iter().flat_map(|s| &s.samples) {
        let second = (u64::try_from(sample.dts).unwrap() / scale / 2) as usize;
        seconds.resize(seconds.len().max(second + 1), 0.0);
        seconds[second] += f64::from(sample.size) * 4.0;
    }
    seconds.pop();
    assert!(
        seconds.iter().all(|bps| *bps > rate * 0.6),
        "bit/s over two seconds each: {seconds:?}"
    );
}

#[test]
fn every_encoder_closes_its_segments_and_joins_its_runs() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let frames = if tier() == Tier::Quick { 160 } else { 460 };
    let master = clips::master(place.path(), frames, false);
    let encoders = [
        ("h264", VideoCodec::H264, "libx264"),
        ("hevc", VideoCodec::Hevc, "libx265"),
        ("av1", VideoCodec::Av1, "libsvtav1"),
    ];
    let mut failed = Vec::new();
    for (profile, codec, encoder) in encoders {
        let checked = std::panic::catch_unwind(|| {
            let ladder = place.transcode(&master, profile, profile, &["--runs", "3"]);
            check_encoder(&ladder, codec, encoder, frames);
        });
        if checked.is_err() {
            failed.push(profile);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}

/// The grid, the IDRs and the decoding are `check`'s; here that every frame is there and in its place.
fn check_encoder(ladder: &Ladder, codec: VideoCodec, encoder: &str, frames: u32) {
    assert_eq!(ladder.report.runs, ladder.plan().grid.len().min(3));
    assert_eq!(encoders(ladder), [encoder; 2]);
    assert!(ladder.rungs().iter().all(|r| r.codec == codec));
    for rung in ladder.rungs() {
        let numbers = pictures::numbers(&ladder.index(rung));
        let wrong = (0..).zip(&numbers).find(|(k, n)| **n != Some(*k));
        assert_eq!(
            (numbers.len(), wrong),
            (frames as usize, None),
            "{encoder} {}",
            rung.name
        );
        let (rate, buffer) = (
            rung.bitrate_bps.unwrap() as f64,
            rung.buffer_bits.unwrap() as f64,
        );
        let track = ladder.video(rung);
        let full = bucket::fullest(&track, rate) / buffer;
        let share = bucket::average(&track) / rate;
        eprintln!(
            "{encoder} {}: {:.0} % of its cap, buffer {:.0} % full",
            rung.name,
            share * 100.0,
            full * 100.0
        );
        assert!(
            full <= 1.0,
            "{encoder} {}: over its cap, buffer {:.0} % full",
            rung.name,
            full * 100.0
        );
    }
    ladder.check();
}

#[test]
fn hevc_meets_an_average() {
    if tier() == Tier::Quick {
        return;
    }
    let _alone = alone();
    let place = Place::new(CONFIG);
    let source = "testsrc2=size=256x144:rate=25:duration=32,noise=alls=30:allf=t";
    let input = place.drawn(source, &[]);
    let ladder = place.transcode(&input, "hevc-average", "hevc-average", &[]);
    ladder.check();
    let average = bucket::average(&ladder.video(ladder.lowest()));
    assert!(
        (average / 250_000.0 - 1.0).abs() <= 0.15,
        "{average:.0} bit/s for 250000"
    );
}

#[test]
fn constant_timing_makes_a_variable_rate_even() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let master = clips::master(place.path(), 300, false);
    // Every fourth frame is missing, and once a whole second.
    let select = "select='not(eq(mod(n,4),2)+between(n,120,144))'";
    let args = [
        "-i",
        master.to_str().unwrap(),
        "-vf",
        select,
        "-fps_mode",
        "passthrough",
        "-c:a",
        "copy",
    ];
    let input = place.clip("vfr.mkv", &args);
    let kept: Vec<u32> = pictures::numbers(&input).into_iter().flatten().collect();
    assert!(
        kept.len() < 215,
        "the clip is not as meant: {} frames",
        kept.len()
    );

    let ladder = place.transcode(&input, "even", "even", &[]);
    ladder.check();
    let track = ladder.video(ladder.lowest());
    let shown = track.shown();
    let steps: std::collections::BTreeSet<i64> = shown.windows(2).map(|w| w[1] - w[0]).collect();
    assert_eq!(steps.len(), 1, "lengths of frames in ticks: {steps:?}");
    assert!(
        (ladder.plan().duration_s() - 12.2).abs() < 0.3,
        "{} s",
        ladder.plan().duration_s()
    );
    // At every moment the newest picture there is, to half a frame.
    let numbers = pictures::numbers(&ladder.index(ladder.lowest()));
    let step = steps.into_iter().next().unwrap() as f64 / f64::from(track.init.timescale);
    for (number, at) in numbers.iter().zip(&shown) {
        let seconds = *at as f64 / f64::from(track.init.timescale);
        let due = |extra: f64| {
            let moment = seconds + extra;
            kept.iter()
                .rev()
                .find(|k| f64::from(**k) / 25.0 <= moment + 1e-6)
                .copied()
                .unwrap_or(0)
        };
        let (early, late) = (due(-step / 2.0), due(step / 2.0));
        let number = number.expect("a number in every frame");
        assert!(
            (early..=late).contains(&number),
            "at {seconds:.3} s: frame {number}, not {early} to {late}"
        );
    }
}
