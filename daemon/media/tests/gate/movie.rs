//! Damage to the MP4s.

use newsreel_media::boxes::with_edit_list;
use newsreel_media::gate::Check;

use crate::job::Job;
use crate::{MP4, SEG_2};

/// Segments of another content than published are stitched into the MP4.
fn stitched(rung: &str, change: impl FnOnce(&mut Job)) -> Job {
    let mut job = Job::new();
    let mut other = Job::new();
    change(&mut other);
    other.stitch(rung, true);
    let path = format!("mp4/{rung}.mp4");
    job.replace(&path, &other.read(&path));
    job
}

#[test]
fn mp4_frames() {
    let shorter = |f: &mut newsreel_media::boxes::FragmentInfo| {
        let lost = f.samples.pop().unwrap();
        f.samples.last_mut().unwrap().duration += lost.duration;
    };
    stitched("240p", |j| j.alter(SEG_2, shorter)).must_fail(Check::Mp4Frames);
    // As many frames as planned, but one of them with another time, another size, or as a key frame.
    stitched("240p", |j| {
        j.alter(SEG_2, |f| f.samples[9].composition_offset += 1)
    })
    .must_fail(Check::Mp4Frames);
    stitched("240p", |j| j.alter(SEG_2, |f| f.samples[9].size -= 1)).must_fail(Check::Mp4Frames);
    stitched("240p", |j| j.alter(SEG_2, |f| f.samples[9].key = true)).must_fail(Check::Mp4Frames);
    let late = |j: &mut Job| {
        let init = with_edit_list(&j.read("audio/en/init.mp4"), 64).unwrap();
        j.replace("audio/en/init.mp4", &init);
    };
    stitched("240p", late).must_fail(Check::Mp4Frames);

    let mut job = Job::new();
    job.stitch("240p", false);
    job.must_fail(Check::Mp4Frames);

    // A chunk that lies beyond the end of the file.
    let mut job = Job::new();
    let bytes = job.read(MP4);
    let at = bytes.windows(4).position(|w| w == b"stco").unwrap() + 12;
    let mut beyond = bytes.clone();
    beyond[at..at + 4].copy_from_slice(&[0x7F, 0, 0, 0]);
    job.replace(MP4, &beyond);
    job.must_fail(Check::Mp4Frames);

    // Cut off in the middle of the media data, or of the index.
    for part in [2, 100] {
        let mut job = Job::new();
        let bytes = job.read(MP4);
        job.replace(MP4, &bytes[..bytes.len() / part]);
        job.must_fail(Check::Mp4Frames);
    }
}

#[test]
fn mp4_index_and_edits() {
    // The index behind the data.
    let mut job = Job::new();
    let bytes = job.read(MP4);
    let mdat = bytes.windows(4).position(|w| w == b"mdat").unwrap() - 4;
    let moov = bytes.windows(4).position(|w| w == b"moov").unwrap() - 4;
    let turned = [&bytes[..moov], &bytes[mdat..], &bytes[moov..mdat]].concat();
    job.replace(MP4, &turned);
    job.must_fail(Check::Mp4Frames);

    // No edit list: the pictures start two frames late by their reordering, the sound by its priming.
    let mut job = Job::new();
    job.edit_bytes(MP4, b"edts", b"free");
    job.must_fail(Check::Mp4Frames);

    // The movie claims another length than its tracks have.
    let mut job = Job::new();
    let bytes = job.read(MP4);
    let at = bytes.windows(4).position(|w| w == b"mvhd").unwrap() + 20;
    let mut longer = bytes.clone();
    longer[at + 1] += 1;
    job.replace(MP4, &longer);
    job.must_fail(Check::Mp4Frames);
}
