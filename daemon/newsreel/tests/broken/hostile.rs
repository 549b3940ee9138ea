//! Files that are well-formed on the outside and mean harm, or were written by something that did not care.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::made::{Desk, ffmpeg};
use crate::support::process::run;
use crate::support::{out, turn};
use crate::{Cases, Outcome};

const PICTURE: &str = "-f lavfi -i testsrc2=s=320x180:r=25";
const SOUND: &str = "-f lavfi -i sine=r=48000";
const H264: &str = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p";

fn made(desk: &Desk, name: &str, arguments: &str) -> PathBuf {
    let path = desk.path(name);
    ffmpeg(arguments, &path);
    path
}

#[test]
fn hostile_times() {
    let _turn = turn();
    let desk = Desk::new();
    let base = desk.clip("base.mkv", 4);
    let mut cases = Cases::new(&desk);
    let setts = [
        ("hours between pictures", "setts=ts=N*3600/TB"),
        ("days between pictures", "setts=ts=N*86400/TB"),
        ("one time for all", "setts=ts=0"),
        ("falling times", "setts=pts=200000-N*40:dts=N-300000"),
        ("wild times", "setts=pts=mod(N*7919\\,997)*1000+10:dts=N-1"),
        ("microseconds apart", "setts=ts=N/1000"),
        (
            "there and back",
            "setts=pts=if(mod(N\\,50)\\,N*40\\,900000):dts=N-1",
        ),
        ("far from zero", "setts=ts=TS+1000000000000"),
    ];
    for (name, filter) in setts {
        let path = desk.path("times.mkv");
        ffmpeg(
            &format!(
                "-i {} -c copy -bsf:v {filter} -avoid_negative_ts disabled",
                base.display()
            ),
            &path,
        );
        cases.case(name, &path, None);
    }
    cases.end();
}

/// Frames of the job's plan.
fn planned(dir: &Path) -> u64 {
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("report.json")).unwrap()).unwrap();
    report["frames"]["planned"].as_u64().unwrap()
}

#[test]
fn a_transport_stream_whose_clock_wraps_is_whole() {
    let _turn = turn();
    let desk = Desk::new();
    // 2^33 ticks of 90 kHz are 95,443.7 s: the wrap comes 2.3 s after the start, inside a GOP.
    let path = made(
        &desk,
        "wrap.ts",
        &format!("{PICTURE} {SOUND} -t 6 {H264} -g 50 -c:a aac -output_ts_offset 95440"),
    );
    let dir = desk.path("out");
    run(&mut desk.transcode(&path, &dir)).expect(0);
    out::complete(&dir);
    assert_eq!(planned(&dir), 150);
}

#[test]
fn very_small_large_and_narrow_pictures() {
    let _turn = turn();
    let desk = Desk::new();
    let mut cases = Cases::new(&desk);
    for size in ["1x1", "2x2", "3x3", "1x100", "100x1", "15x17"] {
        let arguments = format!(
            "-f lavfi -i testsrc2=s=64x64:r=25 -t 1 -vf scale={} -c:v ffv1",
            size
        );
        let path = made(&desk, "small.mkv", &arguments);
        cases.case(size, &path, None);
    }
    for size in ["4096x16", "16x4096", "8192x64"] {
        let arguments =
            format!("-f lavfi -i color=s={size}:r=25 -t 0.4 -pix_fmt yuvj420p -c:v mjpeg");
        let path = made(&desk, "narrow.avi", &arguments);
        cases.case(size, &path, None);
    }
    cases.end();
}

#[test]
fn very_short_programmes() {
    let _turn = turn();
    let desk = Desk::new();
    let mut cases = Cases::new(&desk);
    for frames in [1, 2] {
        for extension in ["mp4", "mkv", "ts"] {
            let arguments = format!("{PICTURE} {H264} -frames:v {frames}");
            let path = made(&desk, &format!("short.{extension}"), &arguments);
            let name = format!("{frames} frames in {extension}");
            cases.case(&name, &path, Some(Outcome::Completed));
        }
    }
    let uneven = [
        (
            "one frame, ten seconds of sound",
            // FFmpeg's `-frames` would end the sound, too.
            "-t 10 -map 0 -map 1 -vf trim=end_frame=1",
        ),
        (
            "ten seconds of picture, a blink of sound",
            "-map 0 -map 1 -filter:a atrim=end=0.05 -t 10",
        ),
    ];
    for (name, arguments) in uneven {
        let arguments = format!("{PICTURE} {SOUND} {H264} -c:a aac {arguments}");
        let path = made(&desk, "uneven.mp4", &arguments);
        cases.case(name, &path, Some(Outcome::Completed));
    }
    cases.end();
}

#[test]
fn claims_that_nothing_can_hold() {
    let _turn = turn();
    let desk = Desk::new();
    let mut cases = Cases::new(&desk);
    let fast = format!("-f lavfi -i testsrc2=s=64x64:r=10000 -frames:v 1000 {H264}");
    cases.case(
        "10000 frames a second",
        &made(&desk, "fast.mp4", &fast),
        None,
    );
    let slow = format!("-f lavfi -i testsrc2=s=64x64:r=1/20 -frames:v 3 {H264}");
    cases.case(
        "a frame in twenty seconds",
        &made(&desk, "slow.mp4", &slow),
        None,
    );
    for sar in ["65535/1", "1/65535", "1000/1", "0/1"] {
        let arguments =
            format!("{PICTURE} -t 1 {H264} -bsf:v h264_metadata=sample_aspect_ratio={sar}");
        let path = made(&desk, "shape.mp4", &arguments);
        cases.case(&format!("pixels {sar}"), &path, None);
    }

    // A few kilobytes that claim four thousand megapixels: in the header, then in the picture itself.
    let plain = fs::read(made(&desk, "plain.mp4", &format!("{PICTURE} -t 1 {H264}"))).unwrap();
    let huge = desk.path("huge.mp4");
    fs::write(&huge, claiming_huge(&plain)).unwrap();
    cases.case("65535x65535 in the header", &huge, None);
    let plain = fs::read(made(
        &desk,
        "plain.avi",
        &format!("{PICTURE} -t 1 -c:v mjpeg"),
    ))
    .unwrap();
    for (width, height) in [(65_500u16, 65_500u16), (16_000, 16_000)] {
        let huge = desk.path("huge.avi");
        fs::write(&huge, jpeg_claiming(&plain, width, height)).unwrap();
        cases.case(&format!("{width}x{height} in the picture"), &huge, None);
    }
    cases.end();
}

/// Sets width and height in every `avc1` sample entry and track header of an MP4.
fn claiming_huge(movie: &[u8]) -> Vec<u8> {
    let mut movie = movie.to_vec();
    for at in 4..movie.len() - 96 {
        // Both have the size at a fixed place: 16-bit pixels there, 16.16 fixed point here.
        match &movie[at..at + 4] {
            b"avc1" if movie[at - 4..at - 2] == [0, 0] => movie[at + 28..at + 32].fill(0xFF),
            b"tkhd" => {
                movie[at + 80..at + 88].copy_from_slice(&[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0])
            }
            _ => {}
        }
    }
    movie
}

/// Sets the size in every frame header (SOF0) of a Motion JPEG.
fn jpeg_claiming(movie: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut movie = movie.to_vec();
    for at in 0..movie.len() - 9 {
        if movie[at..at + 5] == [0xFF, 0xC0, 0, 17, 8] {
            movie[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
            movie[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
        }
    }
    movie
}

#[test]
fn sound_that_is_not_what_it_says() {
    let _turn = turn();
    let desk = Desk::new();
    let mut cases = Cases::new(&desk);
    let many = format!(
        "{PICTURE} -f lavfi -i anoisesrc=r=8000 -t 3 {H264} -ac 8 -ar 96000 -c:a pcm_s24le"
    );
    cases.case(
        "eight channels at 96 kHz",
        &made(&desk, "many.mov", &many),
        Some(Outcome::Completed),
    );
    let slow = format!("{PICTURE} -f lavfi -i sine=r=8000 -t 3 {H264} -ar 1000 -c:a pcm_u8");
    cases.case("1 kHz", &made(&desk, "slow.mkv", &slow), None);
    let base = desk.clip("base.mkv", 4);
    for (name, filter) in [
        ("sound hours after the picture", "setts=ts=TS+7200/TB"),
        ("sound with jumps of minutes", "setts=ts=N*60/TB"),
        ("sound all at once", "setts=ts=0"),
    ] {
        let arguments = format!("-i {} -c copy -bsf:a {filter}", base.display());
        cases.case(name, &made(&desk, "sound.mkv", &arguments), None);
    }
    cases.end();
}

/// A part of the header claims to be longer than any file: what follows it is read all the same, as FFmpeg's command does.
#[test]
fn a_header_that_leads_beyond_any_file() {
    let _turn = turn();
    let desk = Desk::new();
    let path = made(
        &desk,
        "words.asf",
        &format!("{PICTURE} {SOUND} -t 2 -c:v msmpeg4 -c:a wmav2"),
    );
    let mut bytes = fs::read(&path).unwrap();
    let words = b"\x40\xA4\xD0\xD2\x07\xE3\xD2\x11\x97\xF0\x00\xA0\xC9\x5E\xA8\x50";
    let at = bytes.windows(16).position(|w| w == words).unwrap();
    // The highest byte of its length.
    bytes[at + 23] = 0x5F;
    fs::write(&path, bytes).unwrap();
    let mut cases = Cases::new(&desk);
    cases.case("words", &path, Some(Outcome::Completed));
    cases.end();
}
