//! Damage to subtitles.

use newsreel_media::gate::Check;
use newsreel_media::package::hls::{MediaSegment, text_playlist};
use newsreel_media::text::{self, Cue};
use newsreel_model::job::layout;
use newsreel_model::plan::{CaptionPlan, SubtitleOrigin, SubtitlePlan};

use crate::job::{Job, SEGMENTS};

const ALL: &str = "subs/en/all.vtt";
const SECOND: &str = "subs/en/seg-00002.vtt";
const INDEX: &str = "subs/en/index.m3u8";

/// A job with a track of two cues, one of them over a line of the grid.
fn job() -> Job {
    let mut job = Job::new();
    job.plan.subtitles.push(SubtitlePlan {
        name: "en".to_owned(),
        title: "English".to_owned(),
        language: "en".to_owned(),
        origin: SubtitleOrigin::Stream(2),
        forced: false,
        for_the_deaf: false,
    });
    let cue = |from_ms, until_ms| Cue {
        from_ms,
        until_ms,
        text: "Said".to_owned(),
    };
    let (cues, plan) = ([cue(500, 900), cue(1500, 2500)], job.plan.clone());
    job.put(ALL, text::whole(&cues).as_bytes(), 0);
    for k in 0..SEGMENTS {
        let path = format!("subs/en/{}", layout::subtitle_segment(k));
        job.put(&path, text::segment(&cues, &plan, k).as_bytes(), 0);
    }
    let segments = plan.grid.segments.iter().enumerate();
    let segments: Vec<MediaSegment> = segments
        .map(|(k, segment)| MediaSegment {
            uri: layout::subtitle_segment(k),
            duration_s: plan.seconds(segment.duration_ticks),
        })
        .collect();
    let list = text_playlist(plan.target_duration_s, &segments);
    job.put(INDEX, list.as_bytes(), 0);
    let rendition = "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"English\",URI=\"subs/en/index.m3u8\"\n";
    let stream = "#EXT-X-STREAM-INF";
    job.edit("master.m3u8", stream, &format!("{rendition}{stream}"));
    let set = "<AdaptationSet><Representation id=\"s\" mimeType=\"text/vtt\"><BaseURL>subs/en/all.vtt</BaseURL></Representation></AdaptationSet>";
    job.edit("manifest.mpd", "</Period>", &format!("{set}</Period>"));
    job
}

#[test]
fn sound_subtitles_pass() {
    assert_eq!(job().check().failures, []);
}

#[test]
fn each_kind_of_damage_is_found() {
    for (path, from, to) in [
        (SECOND, "00:00:01.500 --> 00:00:02.500\nSaid\n", ""),
        (SECOND, "00:00:02.500", "00:00:02.400"),
        (SECOND, "X-TIMESTAMP-MAP", "X-TIMESTAMP-MAB"),
        (ALL, "00:00:00.500 --> 00:00:00.900\nSaid\n", ""),
        (INDEX, "seg-00003.vtt", "seg-00004.vtt"),
        (INDEX, "EXTINF:4.0", "EXTINF:3.0"),
        (INDEX, "#EXT-X-ENDLIST\n", ""),
        ("master.m3u8", INDEX, "subs/fr/index.m3u8"),
        ("manifest.mpd", ALL, "subs/fr/all.vtt"),
    ] {
        let mut job = job();
        job.edit(path, from, to);
        job.must_fail(Check::Subtitles);
    }
}

#[test]
fn captions_in_pictures_are_listed() {
    let with = |channels: &[u8], line: &str, attribute: &str| {
        let mut job = Job::new();
        job.plan.captions = Some(CaptionPlan {
            channels: channels.to_vec(),
            services: false,
            in_rungs: true,
        });
        let stream = "#EXT-X-STREAM-INF:";
        let text = String::from_utf8(job.read("master.m3u8")).unwrap();
        let text = text.replace(stream, &format!("{stream}{attribute}"));
        let at = text.find(stream).unwrap();
        let text = format!("{}{line}{}", &text[..at], &text[at..]);
        job.put(
            "master.m3u8",
            text.replace(",CLOSED-CAPTIONS=NONE", "").as_bytes(),
            0,
        );
        job
    };
    let line = "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"English (CC)\",INSTREAM-ID=\"CC1\"\n";
    let attribute = "CLOSED-CAPTIONS=\"cc\",";
    assert_eq!(with(&[1], line, attribute).check().failures, []);
    for job in [
        with(&[1, 3], line, attribute),
        with(&[1], "", attribute),
        with(&[1], line, ""),
        with(&[1], line, "CLOSED-CAPTIONS=NONE,"),
    ] {
        job.must_fail(Check::MasterPlaylist);
    }
}

#[test]
fn a_segment_that_is_not_there_is_missed() {
    let job = job();
    std::fs::remove_file(job.path(SECOND)).unwrap();
    job.must_fail(Check::FileMissing);
}
