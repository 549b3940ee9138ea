//! `quality = "auto"`: what needs little gets little and looks alike; what needs much gets what it always got.

use super::common::place::Place;
use super::common::{alone, clips, media};

const TITLES: &str = r#"
[profiles.fixed]
preset = "superfast"
segment_s = 2.0
rungs = [
    { short_side_px = 360, bitrate_kbps = 1500 },
    { short_side_px = 240, bitrate_kbps = 700 },
    { short_side_px = 120, bitrate_kbps = 200 },
]
[profiles.fixed.thumbnails]
count = 1
storyboard_tiles = 0

[profiles.auto]
preset = "superfast"
segment_s = 2.0
quality = "auto"
rungs = [
    { short_side_px = 360, bitrate_kbps = 1500 },
    { short_side_px = 240, bitrate_kbps = 700 },
    { short_side_px = 120, bitrate_kbps = 200 },
]
[profiles.auto.thumbnails]
count = 1
storyboard_tiles = 0
"#;

#[test]
fn a_still_title_gets_clearly_less_and_looks_alike() {
    let _alone = alone();
    let place = Place::new(TITLES);
    let input = match media() {
        // A picture of a real clip that stands still, as behind a speaker.
        Some(media) => {
            let still = place.path().join("still.png");
            let clip = media.join("bunny-720p25.mp4");
            let from = ["-ss", "5", "-i", clip.to_str().unwrap(), "-frames:v", "1"];
            clips::ffmpeg(&from, &still);
            let from = [
                "-loop",
                "1",
                "-framerate",
                "25",
                "-i",
                still.to_str().unwrap(),
            ];
            let how = [
                "-t", "7", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-qp", "4",
            ];
            place.clip("still.mp4", &[&from[..], &how].concat())
        }
        None => place.drawn("smptehdbars=size=1280x720:rate=25", &["-t", "7"]),
    };
    let fixed = place.transcode(&input, "fixed", "fixed", &["--measure"]);
    let auto = place.transcode(&input, "auto", "auto", &["--measure"]);
    for (number, (fixed, auto)) in fixed
        .report
        .rungs
        .iter()
        .zip(&auto.report.rungs)
        .enumerate()
    {
        let quality = auto.quality.as_ref().unwrap();
        eprintln!(
            "{}: {} B, {} B, {quality:?}",
            fixed.name, fixed.bytes, auto.bytes
        );
        if number == 2 {
            assert_eq!(
                fixed.bytes, auto.bytes,
                "the lowest is made before anything is known"
            );
            continue;
        }
        assert!(auto.bytes * 10 <= fixed.bytes * 8, "{}", auto.name);
        assert!(
            quality.psnr_luma_db >= 40.0 && quality.ssim >= 0.97,
            "{}",
            auto.name
        );
    }
    // What was chosen holds: another execution takes it over, and finds nothing to do.
    let again = place.transcode(&input, "auto", "auto", &[]);
    assert_eq!(again.plan(), auto.plan());
}

#[test]
fn a_busy_title_gets_what_it_always_got() {
    let _alone = alone();
    let place = Place::new(TITLES);
    let input = place.drawn(
        "testsrc2=size=640x360:rate=25,noise=alls=60:allf=t",
        &[
            "-t", "5", "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p",
        ],
    );
    let auto = place.transcode(&input, "auto", "auto", &[]);
    assert!(auto.rungs().iter().all(|rung| rung.crf == 23));
    // At its cap, and not below.
    let largest = &auto.report.rungs[0];
    assert!(largest.average_bps > 1_200_000, "{largest:?}");
}
