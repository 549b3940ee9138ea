//! Init segments as libavformat writes them, not ours built by hand, must pass as well.

use std::process::Command;

use newsreel_media::boxes::{walk, with_edit_list};
use newsreel_model::profile::VideoCodec;

use crate::job::{Job, PRIMING};

/// `ftyp` and `moov` of what FFmpeg makes of `source` with `codec`, by the flags our own init segments are made with.
fn init(source: &str, codec: &[&str]) -> Vec<u8> {
    let flags = "cmaf+empty_moov+default_base_moof+negative_cts_offsets";
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", source]);
    command.args(["-pix_fmt", "yuv420p", "-t", "0.2", "-ac", "2"]);
    command
        .args(codec)
        .args(["-video_track_timescale", "12800"]);
    command.args(["-movflags", flags, "-f", "mp4", "-"]);
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let parts = walk::boxes(&done.stdout).map(Result::unwrap);
    parts
        .filter(|b| matches!(&b.kind, b"ftyp" | b"moov"))
        .flat_map(|b| b.whole.to_vec())
        .collect()
}

#[test]
fn init_segments_of_ffmpeg_pass() {
    let sound = init("sine=sample_rate=48000", &["-c:a", "aac"]);
    let sound = with_edit_list(&sound, PRIMING).unwrap();
    let codecs: [(VideoCodec, &[&str]); 3] = [
        (
            VideoCodec::H264,
            &["-c:v", "libx264", "-preset", "ultrafast"],
        ),
        (
            VideoCodec::Hevc,
            &[
                "-c:v",
                "libx265",
                "-preset",
                "ultrafast",
                "-x265-params",
                "log-level=none",
                "-tag:v",
                "hvc1",
            ],
        ),
        (VideoCodec::Av1, &["-c:v", "libsvtav1", "-preset", "12"]),
    ];
    for (codec, args) in codecs {
        let mut job = Job::new();
        job.replace("audio/en/init.mp4", &sound);
        for rung in &mut job.plan.video.rungs {
            rung.codec = codec;
        }
        for rung in job.plan.video.rungs.clone() {
            let source = format!("testsrc2=size={}x{}:rate=25", rung.width, rung.height);
            job.replace(
                &format!("video/{}/init.mp4", rung.name),
                &init(&source, args),
            );
        }
        job.package();
        assert_eq!(job.check().failures, [], "{codec:?}");
    }
}
