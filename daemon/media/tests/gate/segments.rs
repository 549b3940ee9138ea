//! Damage inside init segments and segments, signed anew so that only a look inside can find it out.

use newsreel_media::boxes::{read_init, with_edit_list};
use newsreel_media::gate::Check;

use crate::job::{FRAME, Job, PRIMING};
use crate::{MP4, SEG_2};

#[test]
fn frame_count() {
    // The frame before is stretched over the missing one: only the count tells.
    let mut job = Job::new();
    job.alter(SEG_2, |f| {
        let lost = f.samples.pop().unwrap();
        f.samples.last_mut().unwrap().duration += lost.duration;
    });
    job.must_fail(Check::FrameCount);

    let mut job = Job::new();
    job.alter(SEG_2, |f| f.samples.truncate(99));
    job.must_fail(Check::FrameCount);

    let mut job = Job::new();
    job.journal
        .iter_mut()
        .find(|f| f.path == SEG_2)
        .unwrap()
        .frames -= 1;
    job.must_fail(Check::FrameCount);
}

#[test]
fn key_frames() {
    let mut job = Job::new();
    job.alter(SEG_2, |f| f.samples[50].key = true);
    job.must_fail(Check::KeyFrames);

    let mut job = Job::new();
    job.alter(SEG_2, |f| {
        f.samples[0].key = false;
        f.samples[4].key = true;
    });
    job.must_fail(Check::KeyFrames);

    // A frame shown before the key frame: an open GOP.
    let mut job = Job::new();
    job.alter(SEG_2, |f| {
        let step = i32::try_from(FRAME).unwrap();
        f.samples[0].composition_offset += step;
        f.samples[2].composition_offset -= step;
    });
    job.must_fail(Check::KeyFrames);
}

#[test]
fn segment_times() {
    for dir in ["video/240p", "audio/en"] {
        let mut job = Job::new();
        let (two, three) = (
            format!("{dir}/seg-00002.m4s"),
            format!("{dir}/seg-00003.m4s"),
        );
        let (a, b) = (
            job.segment(&two).0.samples.len(),
            job.segment(&three).0.samples.len(),
        );
        let (first, second) = (job.read(&two), job.read(&three));
        job.put(&two, &second, u32::try_from(b).unwrap());
        job.put(&three, &first, u32::try_from(a).unwrap());
        job.must_fail(Check::SegmentTimes);
    }

    let mut job = Job::new();
    job.alter(SEG_2, |f| f.sequence = 7);
    job.must_fail(Check::SegmentTimes);

    let mut job = Job::new();
    job.alter(SEG_2, |f| f.base_decode_time += 1);
    job.must_fail(Check::SegmentTimes);

    let mut job = Job::new();
    job.alter(SEG_2, |f| f.samples.last_mut().unwrap().duration += 1);
    job.must_fail(Check::SegmentTimes);

    let mut job = Job::new();
    job.alter(SEG_2, |f| {
        f.samples[9].composition_offset = f.samples[10].composition_offset + 512
    });
    job.must_fail(Check::SegmentTimes);

    let mut job = Job::new();
    let twice = job.read(SEG_2).repeat(2);
    job.replace(SEG_2, &twice);
    job.must_fail(Check::SegmentTimes);
}

#[test]
fn rungs_differ() {
    let mut job = Job::new();
    job.alter("video/120p/seg-00003.m4s", |f| {
        f.samples[9].composition_offset += 1
    });
    job.must_fail(Check::RungsDiffer);
}

#[test]
fn parameter_sets() {
    let init = "video/240p/init.mp4";
    let changes: [(&str, &[u8], &[u8]); 5] = [
        (init, &[1, 170, 0, 240], &[1, 172, 0, 240]), // width
        (init, &[0, 0, 0x32, 0], &[0, 0, 0x31, 0]),   // timescale
        (init, b"\xFF\xE1", b"\xFF\xE0"),             // no SPS
        ("audio/en/init.mp4", &[0, 2, 0, 16], &[0, 1, 0, 16]), // channels
        (MP4, b"\x67\x4D\x40\x28", b"\x67\x4D\x40\x29"), // another SPS
    ];
    for (path, from, to) in changes {
        let mut job = Job::new();
        job.edit_bytes(path, from, to);
        job.must_fail(Check::ParameterSets);
    }

    let mut job = Job::new();
    job.alter(SEG_2, |f| f.track_id = 2);
    job.must_fail(Check::ParameterSets);
}

#[test]
fn av_offset() {
    // The whole track 20 ms late, in its times and in its edit list.
    let mut job = Job::new();
    for k in 1..=4 {
        job.alter(&format!("audio/en/seg-{k:05}.m4s"), |f| {
            f.base_decode_time += 960
        });
    }
    job.must_fail(Check::AvOffset);

    // One segment late, and with it all after it.
    let mut job = Job::new();
    for k in 3..=4 {
        job.alter(&format!("audio/en/seg-{k:05}.m4s"), |f| {
            f.base_decode_time += 480
        });
    }
    job.must_fail(Check::AvOffset);

    // One alone: a hole before it, an overlap behind it.
    let mut job = Job::new();
    job.alter("audio/en/seg-00003.m4s", |f| f.base_decode_time += 1024);
    job.must_fail(Check::AvOffset);

    // Wrapped around zero, as some muxers do.
    let mut job = Job::new();
    job.alter("audio/en/seg-00001.m4s", |f| {
        f.base_decode_time = 0u64.wrapping_sub(1024)
    });
    job.must_fail(Check::AvOffset);

    // The sound ends before the picture.
    let mut job = Job::new();
    let last = "audio/en/seg-00004.m4s";
    job.alter(last, |f| f.samples.truncate(f.samples.len() - 5));
    job.journal
        .iter_mut()
        .find(|f| f.path == last)
        .unwrap()
        .frames -= 5;
    job.must_fail(Check::AvOffset);
}

#[test]
fn av_offset_in_an_edit_list() {
    let sound = "audio/en/init.mp4";
    for media_time in [0, 2 * PRIMING, 5000] {
        let mut job = Job::new();
        let init = with_edit_list(&job.read(sound), media_time).unwrap();
        job.replace(sound, &init);
        job.must_fail(Check::AvOffset);
    }

    let mut job = Job::new();
    job.edit_bytes(sound, b"edts", b"free");
    assert_eq!(read_init(&job.read(sound)).unwrap().media_time, 0);
    job.must_fail(Check::AvOffset);

    let mut job = Job::new();
    let picture = "video/240p/init.mp4";
    let init = with_edit_list(&job.read(picture), 1024).unwrap();
    job.replace(picture, &init);
    job.must_fail(Check::AvOffset);
}
