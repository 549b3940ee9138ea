//! Damage to what is derived from the segments: playlists and manifest.

use newsreel_media::gate::Check;

use crate::job::Job;

#[test]
fn playlist_durations() {
    let changes = [
        ("#EXTINF:4.000000", "#EXTINF:4.000010"),
        ("#EXTINF:4.000000", "#EXTINF:9.000000"),
        ("#EXT-X-ENDLIST\n", ""),
        ("#EXTINF:1.000000,\nseg-00004.m4s\n", ""),
        ("seg-00002.m4s", "seg-00003.m4s"),
        ("TARGETDURATION:5", "TARGETDURATION:6"),
        ("init.mp4", "inet.mp4"),
        ("#EXTM3U", "#EXTM3X"),
    ];
    for (from, to) in changes {
        let mut job = Job::new();
        job.edit("video/120p/index.m3u8", from, to);
        job.must_fail(Check::PlaylistDurations);
    }
    let mut job = Job::new();
    job.edit(
        "audio/en/index.m3u8",
        "#EXTINF:3.989333",
        "#EXTINF:4.000000",
    );
    job.must_fail(Check::PlaylistDurations);

    // The priming counted or not: both are the first segment's length.
    let mut job = Job::new();
    job.edit(
        "audio/en/index.m3u8",
        "#EXTINF:2.005333",
        "#EXTINF:2.026667",
    );
    assert_eq!(job.check().failures, []);
}

#[test]
fn master_playlist() {
    let changes = [
        ("RESOLUTION=214x120", "RESOLUTION=216x120"),
        ("avc1.4D4028,", "avc1.64001F,"),
        (",mp4a.40.2", ""),
        (",AUDIO=\"aac\"", ""),
        ("GROUP-ID=\"aac\"", "GROUP-ID=\"aab\""),
        ("audio/en/index", "audio/de/index"),
        ("video/120p/index", "video/240p/index"),
        ("#EXTM3U", "#EXTM3X"),
    ];
    for (from, to) in changes {
        let mut job = Job::new();
        job.edit("master.m3u8", from, to);
        job.must_fail(Check::MasterPlaylist);
    }
    // A rung left out altogether.
    let mut job = Job::new();
    let text = String::from_utf8(job.read("master.m3u8")).unwrap();
    let at = text.rfind("#EXT-X-STREAM-INF").unwrap();
    job.replace("master.m3u8", &text.as_bytes()[..at]);
    job.must_fail(Check::MasterPlaylist);
}

#[test]
fn manifest() {
    let changes = [
        ("d=\"51200\"", "d=\"51201\""),
        ("t=\"0\"", "t=\"1\""),
        (" r=\"1\"", ""),
        ("type=\"static\"", "type=\"dynamic\""),
        ("PT11.000S", "PT10.900S"),
        ("PT11.000S", "PT11.100S"),
        ("codecs=\"avc1.4D4028\"", "codecs=\"avc1.4D4029\""),
        ("timescale=\"48000\"", "timescale=\"44100\""),
        ("video/120p/init.mp4", "video/240p/init.mp4"),
        ("video/120p/seg-", "video/240p/seg-"),
        ("</MPD>", ""),
    ];
    for (from, to) in changes {
        let mut job = Job::new();
        job.edit("manifest.mpd", from, to);
        job.must_fail(Check::Manifest);
    }
}
