//! What `--measure` says of each rung, beside what plain FFmpeg measures of the same files.

use std::path::Path;

use newsreel_model::report::Quality;

use super::common::place::Place;
use super::common::{alone, media, text};

/// Two rungs that lose something, in segments short enough that a long programme has many.
const LOSSY: &str = r#"
[profiles.lossy]
preset = "ultrafast"
segment_s = 2.0
rungs = [
    { short_side_px = 180, bitrate_kbps = 300 },
    { short_side_px = 90, bitrate_kbps = 80 },
]
[profiles.lossy.thumbnails]
count = 1
storyboard_tiles = 0
"#;

/// PSNR and SSIM over all planes as FFmpeg prints them when it is told where chroma lies, of the rung beside the source that `filters` make of what it is.
fn judged(made: &Path, source: &Path, filters: &str, (width, height): (u32, u32)) -> (f64, f64) {
    let graph = format!(
        "[1:V]{filters},scale={width}:{height}:flags=bicubic:out_range=tv:in_h_chr_pos=0:\
         in_v_chr_pos=128:out_h_chr_pos=0:out_v_chr_pos=128,format=yuv420p,setsar=1,\
         settb=1/1000,setpts=N,split[a][b];[0:V]settb=1/1000,setpts=N[m];[m][a]psnr[p];[p][b]ssim"
    );
    let [made, source] = [made, source].map(|p| p.to_str().unwrap());
    let args = ["-nostdin", "-hide_banner", "-i", made, "-i", source];
    let how = [
        "-lavfi",
        &graph,
        "-fps_mode",
        "passthrough",
        "-f",
        "null",
        "-",
    ];
    let done = std::process::Command::new("ffmpeg")
        .args(args)
        .args(how)
        .output()
        .unwrap();
    let said = text(&done.stderr);
    let number = |key: &str| -> f64 {
        let behind = said.rsplit(key).next().unwrap();
        let digits = behind.split([' ', '\n']).next().unwrap();
        digits.parse().unwrap_or_else(|_| panic!("{key} in {said}"))
    };
    (number("average:"), number("All:"))
}

fn check(place: &Place, input: &Path, filters: &str) {
    let ladder = place.transcode(input, "measured", "lossy", &["--measure"]);
    for (rung, report) in ladder.rungs().iter().zip(&ladder.report.rungs) {
        let measured = report.quality.as_ref().unwrap();
        let (psnr, ssim) = judged(&ladder.mp4(rung), input, filters, (rung.width, rung.height));
        eprintln!(
            "{}: {measured:?}, FFmpeg: {psnr:.3} dB, {ssim:.5}",
            rung.name
        );
        assert!((measured.psnr_db - psnr).abs() < 0.1, "{psnr} dB");
        assert!((measured.ssim - ssim).abs() < 0.002, "{ssim}");
        assert!(measured.psnr_least_db <= measured.psnr_db);
        assert_eq!(u64::from(measured.frames), ladder.plan().grid.frames());
    }
    std::fs::remove_dir_all(&ladder.dir).unwrap();
}

#[test]
fn every_rung_is_as_like_its_source_as_ffmpeg_says() {
    let _alone = alone();
    let place = Place::new(LOSSY);
    let drawn = "testsrc2=size=640x360:rate=25,noise=alls=12:allf=t";
    let how = [
        "-t", "5", "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p",
    ];
    check(&place, &place.drawn(drawn, &how), "null");
    let Some(media) = media() else { return };
    // Its fields become pictures before anything is compared.
    check(
        &place,
        &media.join("interlaced-bff-480i.mkv"),
        "bwdif=0:1:0",
    );
}

#[test]
fn half_a_minute_of_a_long_programme_is_measured_and_nothing_unasked() {
    let _alone = alone();
    let place = Place::new(LOSSY);
    // Flat, but for a noisy stretch in the middle: who measured the beginning alone would not see it.
    let drawn = "color=gray:size=320x180:rate=10,noise=alls=60:allf=t:enable='between(t,40,60)'";
    let how = [
        "-t",
        "100",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-qp",
        "4",
    ];
    let input = place.drawn(drawn, &how);
    let ladder = place.transcode(&input, "long", "lossy", &["--measure"]);
    let of = |rung: usize| -> Quality { ladder.report.rungs[rung].quality.clone().unwrap() };
    assert!((20.0..=30.0).contains(&of(0).measured_s), "{:?}", of(0));
    assert!((f64::from(of(0).frames) - of(0).measured_s * 10.0).abs() < 0.5);
    assert!(
        of(0).psnr_least_db + 10.0 < of(0).psnr_db.max(40.0),
        "{:?}",
        of(0)
    );

    let short = place.drawn("testsrc2=size=320x180:rate=25", &["-t", "1"]);
    let ladder = place.transcode(&short, "unasked", "lossy", &[]);
    assert!(ladder.report.rungs.iter().all(|r| r.quality.is_none()));
}
