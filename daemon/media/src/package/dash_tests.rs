//! Tests of the manifest writer and its reader, against each other and against the exact text.

use super::*;

fn tracks() -> Vec<DashTrack> {
    vec![
        DashTrack {
            id: "720p".to_owned(),
            kind: Kind::Video {
                width: 1280,
                height: 720,
                hdr: None,
                frame_rate: Some(Rational::new(30_000, 1001)),
            },
            codecs: "avc1.64001F".to_owned(),
            bandwidth_bps: 2_000_000,
            timescale: 30_000,
            init: "video/720p/init.mp4".to_owned(),
            media: "video/720p/seg-$Number%05d$.m4s".to_owned(),
            segments: vec![
                (0, 60_060),
                (60_060, 120_120),
                (180_180, 120_120),
                (300_300, 1001),
            ],
        },
        DashTrack {
            id: "a&\"<en>".to_owned(),
            kind: Kind::Audio {
                channels: 2,
                sample_rate: 48_000,
                language: "en".to_owned(),
                title: "English".to_owned(),
                roles: vec!["main"],
            },
            codecs: "mp4a.40.2".to_owned(),
            bandwidth_bps: 128_000,
            timescale: 48_000,
            init: "audio/en/init.mp4".to_owned(),
            media: "audio/en/seg-$Number%05d$.m4s".to_owned(),
            segments: vec![(-1024, 97_280), (96_256, 192_512), (300_000, 192_512)],
        },
    ]
}

#[test]
fn a_manifest_is_exactly_this() {
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="static" mediaPresentationDuration="PT10.044S" maxSegmentDuration="PT4.004S" minBufferTime="PT4.004S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="0" contentType="video" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="720p" codecs="avc1.64001F" bandwidth="2000000" mimeType="video/mp4" width="1280" height="720" sar="1:1" frameRate="30000/1001">
        <SegmentTemplate timescale="30000" initialization="video/720p/init.mp4" media="video/720p/seg-$Number%05d$.m4s" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="60060"/>
            <S d="120120" r="1"/>
            <S d="1001"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio" segmentAlignment="true" startWithSAP="1" lang="en">
      <Label>English</Label>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="a&amp;&quot;&lt;en&gt;" codecs="mp4a.40.2" bandwidth="128000" mimeType="audio/mp4" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
        <SegmentTemplate timescale="48000" initialization="audio/en/init.mp4" media="audio/en/seg-$Number%05d$.m4s" startNumber="1">
          <SegmentTimeline>
            <S t="0" d="96256"/>
            <S d="192512"/>
            <S t="300000" d="192512"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
"#;
    assert_eq!(manifest(10.0434, 4.004, &tracks(), &[]), expected);
}

#[test]
fn what_is_written_is_read() {
    let tracks = tracks();
    let read = parse_manifest(&manifest(10.0434, 4.004, &tracks, &[])).unwrap();
    assert_eq!(read.len(), 2);
    let video = Representation {
        id: "720p".to_owned(),
        timescale: 30_000,
        init: "video/720p/init.mp4".to_owned(),
        media: "video/720p/seg-$Number%05d$.m4s".to_owned(),
        segments: tracks[0].segments.clone(),
    };
    assert_eq!(read[0], video);
    assert_eq!(read[1].id, "a&\"<en>");
    assert_eq!(
        read[1].segments,
        [(0, 96_256), (96_256, 192_512), (300_000, 192_512)]
    );
}

#[test]
fn broken_manifests_are_errors_and_counts_are_not_believed() {
    let text = manifest(10.0, 4.0, &tracks(), &[]);
    for (from, to, why) in [
        (" r=\"1\"", " r=\"4000000000\"", "too many segments"),
        (" r=\"1\"", " r=\"-1\"", "r=\"-1\""),
        ("d=\"1001\"", "d=\"x\"", "d=\"x\""),
        ("timescale=\"30000\"", "timescale=\"0\"", "timescale"),
        ("media=", "medium=", "media"),
        ("</Period>", "</Perio>", "not XML"),
        ("id=\"720p\"", "", "id"),
    ] {
        let message = parse_manifest(&text.replacen(from, to, 1)).unwrap_err();
        assert!(message.contains(why), "{from} → {to}: {message}");
    }
    assert!(parse_manifest("").is_err());
    assert!(parse_manifest(text.get(..text.len() / 2).unwrap()).is_err());
}
