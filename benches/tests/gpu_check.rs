//! The page of `scripts/gpu-check` on the stand-in driver: its figures are the cores' own, and say nothing of any GPU.
#![allow(
    clippy::unwrap_used,
    reason = "a test has no better answer to what cannot be"
)]

use std::path::Path;
use std::process::Command;

use newsreel_stand_in_kit::{Config, Device, StandIn};

#[test]
fn on_the_stand_in_the_page_of_a_gpu_without_an_encoder_has_all_its_parts() {
    let gpu = Path::new(env!("CARGO_BIN_EXE_gpu"));
    let newsreel = gpu.with_file_name("newsreel");
    if !newsreel.exists() {
        println!(
            "!!!!!!!! the workspace's newsreel is not built: the page of gpu-check is NOT tested"
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let clip = dir.path().join("clips/bunny-720p25.mp4");
    std::fs::create_dir_all(clip.parent().unwrap()).unwrap();
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=640x360:r=25",
            "-t",
            "2",
        ])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
        ])
        .arg(&clip)
        .status();
    assert!(made.unwrap().success());
    let driver = dir.path().join("driver");
    let stand_in = StandIn::install(&driver, &Config::of([Device::h200()])).unwrap();
    let page = stand_in
        .command(env!("CARGO_BIN_EXE_gpu"))
        .arg(&newsreel)
        .args([
            "ffmpeg",
            "--rounds",
            "1",
            "--seconds",
            "1",
            "--time-ms",
            "10",
            "--clips",
        ])
        .arg(clip.parent().unwrap())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&page.stderr);
    assert!(page.status.success(), "{words}");
    let page = String::from_utf8(page.stdout).unwrap();
    println!("{page}");
    for part in [
        "H200",
        "decode_and_scale | h264",
        "for each session",
        "ffmpeg, one process",
    ] {
        assert!(page.contains(part), "no {part} in\n{page}\n{words}");
    }
    let row = page.lines().find(|l| l.starts_with("| bunny-720p25.mp4 |"));
    let row: Vec<&str> = row.unwrap().split('|').map(str::trim).collect();
    assert_eq!(row[2], "cuda:0+cpu/libx264");
    assert_eq!((row[3], row[4], row[6]), ("100", "100", "0"));
    assert!(row[5].parse::<f64>().unwrap() >= 45.0, "{row:?}");
    assert!(page.contains("\n0 clips with other frames"), "{page}");
}
