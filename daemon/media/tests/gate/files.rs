//! Damage to files and to the journal itself.

use std::fs;

use newsreel_media::gate::Check;

use crate::job::Job;
use crate::{MP4, SEG_2, SEG_3};

#[test]
fn file_missing() {
    for path in [
        SEG_2,
        "video/120p/init.mp4",
        "audio/en/seg-00004.m4s",
        "master.m3u8",
        "manifest.mpd",
        MP4,
    ] {
        let job = Job::new();
        fs::remove_file(job.path(path)).unwrap();
        job.must_fail(Check::FileMissing);
    }
    let mut job = Job::new();
    job.put("poster.jpg", b"a picture", 0);
    fs::remove_file(job.path("poster.jpg")).unwrap();
    job.must_fail(Check::FileMissing);

    let mut job = Job::new();
    job.journal[3].path = "../elsewhere".to_owned();
    assert!(job.check().failed_checks().contains(&Check::FileMissing));
}

#[test]
fn file_length() {
    for path in [SEG_2, "audio/en/index.m3u8", MP4] {
        let job = Job::new();
        let bytes = job.read(path);
        fs::write(job.path(path), &bytes[..bytes.len() - 1]).unwrap();
        job.must_fail(Check::FileLength);
    }
}

#[test]
fn file_hash() {
    for path in [SEG_2, "audio/en/init.mp4", "manifest.mpd", MP4] {
        let job = Job::new();
        let mut bytes = job.read(path);
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(job.path(path), &bytes).unwrap();
        job.must_fail(Check::FileHash);
    }
    let mut job = Job::new();
    job.journal[0].hash = job.journal[1].hash.clone();
    job.must_fail(Check::FileHash);
}

#[test]
fn unreadable() {
    let mut job = Job::new();
    let bytes = job.read(SEG_2);
    job.replace(SEG_2, &bytes[..bytes.len() - 1]);
    job.must_fail(Check::Unreadable);
}

#[test]
fn journal_incomplete() {
    let gone = |path: &str| {
        let mut job = Job::new();
        job.journal.retain(|f| f.path != path);
        job.must_fail(Check::JournalIncomplete);
    };
    gone(SEG_3);
    gone("video/120p/init.mp4");
    gone("audio/en/seg-00001.m4s");
    gone("audio/en/index.m3u8");
    gone("master.m3u8");
    gone("manifest.mpd");
    gone("mp4/120p.mp4");

    let mut job = Job::new();
    job.plan.video.rungs.clear();
    assert!(
        job.check()
            .failed_checks()
            .contains(&Check::JournalIncomplete)
    );
}
