//! The gate against a job that is in order, and against that job damaged in one way at a time. Unless a test is about
//! the journal, the damaged file is signed anew, so that only a look inside can find it out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, where a panic is the report"
)]

mod derived;
mod ffmpeg;
mod files;
mod job;
mod movie;
mod random;
mod segments;
mod text;

use job::Job;
use newsreel_media::gate::Check;
use newsreel_model::Code;

const SEG_2: &str = "video/240p/seg-00002.m4s";
const SEG_3: &str = "video/240p/seg-00003.m4s";
const MP4: &str = "mp4/240p.mp4";

#[test]
fn a_finished_job_passes() {
    let mut job = Job::new();
    job.put("poster.jpg", b"a picture", 0);
    let report = job.check();
    assert_eq!(report.failures, []);
    assert_eq!((report.checked_files, report.checked_segments), (23, 12));
    assert!(report.into_result().is_ok());
}

#[test]
fn a_job_without_sound_passes_and_may_not_have_any() {
    let mut job = Job::new();
    job.plan.audio.clear();
    let report = job.check();
    let wrong: Vec<Check> = report.failed_checks().into_iter().collect();
    let expected = [Check::MasterPlaylist, Check::Manifest, Check::Mp4Frames];
    assert_eq!(wrong, expected, "{:#?}", report.failures);

    job.stitch("240p", false);
    job.stitch("120p", false);
    let text = String::from_utf8(job.read("master.m3u8")).unwrap();
    let text: Vec<&str> = text
        .lines()
        .filter(|l| !l.contains("EXT-X-MEDIA:"))
        .collect();
    let text = text
        .join("\n")
        .replace(",mp4a.40.2", "")
        .replace(",AUDIO=\"aac\"", "");
    job.replace("master.m3u8", text.as_bytes());
    let text = String::from_utf8(job.read("manifest.mpd")).unwrap();
    let (from, to) = (
        text.find("<AdaptationSet id=\"1\"").unwrap(),
        text.find("</Period>").unwrap(),
    );
    job.replace(
        "manifest.mpd",
        [&text[..from], &text[to..]].concat().as_bytes(),
    );
    assert_eq!(job.check().failures, []);
}

#[test]
fn a_ruined_job_is_reported_within_bounds() {
    let mut job = Job::new();
    let many = job.plan.grid.segments.repeat(50);
    job.plan.grid.segments = many;
    let report = job.check();
    assert_eq!(report.failures.len(), 100);
    assert!(report.unrecorded > 500);
    let error = report.into_result().unwrap_err();
    assert_eq!(error.code(), Code::GateFailed);
    assert!(error.message().ends_with(" more"), "{error}");

    let empty = newsreel_media::gate::check(std::path::Path::new("/nowhere"), &job.plan, &[]);
    assert!(!empty.passed());
}
