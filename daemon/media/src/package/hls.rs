//! Writes HLS playlists (RFC 8216). Not here: reading them back (see [`super::hls_read`]) or deciding when one grows.
//!
//! Written by hand: `m3u8-rs` leaves out a media sequence of 0, keeps durations as `f32`, and puts attribute strings in unchecked.

use std::fmt::Write;

pub use super::hls_read::{MediaPlaylist, parse_media_playlist};

/// One line of a media playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaSegment {
    /// Relative to the playlist.
    pub uri: String,
    /// Real length in seconds.
    pub duration_s: f64,
}

/// One rung in the multivariant playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Of its media playlist.
    pub uri: String,
    /// Highest bitrate of any segment, sound included, in bit/s.
    pub bandwidth_bps: u64,
    /// Average bitrate, sound included, in bit/s.
    pub average_bandwidth_bps: Option<u64>,
    /// Columns and lines in pixels; `None` for sound alone.
    pub size: Option<(u32, u32)>,
    /// Frames per second, where there is one rate.
    pub frame_rate: Option<f64>,
    /// `PQ` or `HLG`; `None` for SDR, which players take for granted.
    pub video_range: Option<&'static str>,
    /// RFC 6381 names of picture and sound, separated by commas.
    pub codecs: String,
    /// The group its sound is in.
    pub audio_group: Option<String>,
}

/// One sound track in the multivariant playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioRendition {
    /// The group variants refer to.
    pub group: String,
    /// BCP 47; left out of the playlist when `und`.
    pub language: String,
    /// For people.
    pub name: String,
    /// Of its media playlist; `None` where that is the variant's own.
    pub uri: Option<String>,
    /// How many.
    pub channels: u32,
    /// Whether a player may choose it unasked.
    pub autoselect: bool,
    /// For whom it is, as a media characteristic tag; none for everybody.
    pub characteristics: Option<&'static str>,
}

/// One track of subtitles in the multivariant playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubtitleRendition {
    /// BCP 47; left out of the playlist when `und`.
    pub language: String,
    /// For people.
    pub name: String,
    /// Of its media playlist.
    pub uri: String,
    /// Whether it is to be seen by everybody.
    pub forced: bool,
    /// Whether it says what is heard, too.
    pub for_the_deaf: bool,
}

/// One channel of captions inside the rungs' pictures, in the multivariant playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionRendition {
    /// BCP 47; left out of the playlist when `und`.
    pub language: String,
    /// For people.
    pub name: String,
    /// `CC1` to `CC4`.
    pub channel: String,
}

/// The group that all captions inside pictures are in.
const CAPTION_GROUP: &str = "cc";

/// The group that all subtitles are in.
const SUBTITLE_GROUP: &str = "subs";

/// The playlist of one track of subtitles, complete.
#[must_use]
pub fn text_playlist(target_duration_s: u32, segments: &[MediaSegment]) -> String {
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:7\n");
    let _ = writeln!(out, "#EXT-X-TARGETDURATION:{target_duration_s}");
    out.push_str("#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n");
    for segment in segments {
        let _ = writeln!(out, "#EXTINF:{:.6},", segment.duration_s);
        out.push_str(&uri(&segment.uri));
        out.push('\n');
    }
    out.push_str("#EXT-X-ENDLIST\n");
    out
}

/// The playlist of one rendition: an EVENT that starts at its beginning, closed once `ended`.
///
/// `target_duration_s` must be at least every segment's duration rounded to whole seconds, and never change.
#[must_use]
pub fn media_playlist(
    target_duration_s: u32,
    init_uri: &str,
    segments: &[MediaSegment],
    ended: bool,
) -> String {
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:7\n");
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "#EXT-X-TARGETDURATION:{target_duration_s}");
    out.push_str("#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:EVENT\n");
    out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n");
    let _ = writeln!(out, "#EXT-X-MAP:URI=\"{}\"", uri(init_uri));
    for segment in segments {
        let _ = writeln!(out, "#EXTINF:{:.6},", segment.duration_s);
        out.push_str(&uri(&segment.uri));
        out.push('\n');
    }
    if ended {
        out.push_str("#EXT-X-ENDLIST\n");
    }
    out
}

/// The multivariant playlist. The first sound of each group is its default. `captions` are those inside the pictures; `None`
/// where it is not known yet whether there are any.
#[must_use]
pub fn master_playlist(
    variants: &[Variant],
    audios: &[AudioRendition],
    subtitles: &[SubtitleRendition],
    captions: Option<&[CaptionRendition]>,
) -> String {
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    for (index, audio) in audios.iter().enumerate() {
        // A group may have one default only.
        let earlier = audios.iter().take(index).any(|a| a.group == audio.group);
        let default = if earlier { "NO" } else { "YES" };
        // What is the default is chosen unasked.
        let autoselect = if audio.autoselect || !earlier {
            "YES"
        } else {
            "NO"
        };
        let characteristics = audio
            .characteristics
            .map(|tag| format!(",CHARACTERISTICS=\"{tag}\""));
        let characteristics = characteristics.unwrap_or_default();
        let place = audio.uri.as_ref().map(|u| format!(",URI=\"{}\"", uri(u)));
        let group = quoted(&audio.group);
        let _ = write!(out, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID={group}");
        if audio.language != "und" {
            let _ = write!(out, ",LANGUAGE={}", quoted(&audio.language));
        }
        let _ = writeln!(
            out,
            ",NAME={},DEFAULT={default},AUTOSELECT={autoselect}{characteristics},CHANNELS=\"{}\"{}",
            quoted(&audio.name),
            audio.channels,
            place.unwrap_or_default(),
        );
    }
    for track in subtitles {
        write_subtitles(&mut out, track);
    }
    for channel in captions.unwrap_or_default() {
        write_captions(&mut out, channel);
    }
    for variant in variants {
        let _ = write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={}", variant.bandwidth_bps);
        if let Some(average) = variant.average_bandwidth_bps {
            let _ = write!(out, ",AVERAGE-BANDWIDTH={average}");
        }
        if let Some((width, height)) = variant.size {
            let _ = write!(out, ",RESOLUTION={width}x{height}");
        }
        if let Some(rate) = variant.frame_rate {
            let _ = write!(out, ",FRAME-RATE={rate:.3}");
        }
        if let Some(range) = variant.video_range {
            let _ = write!(out, ",VIDEO-RANGE={range}");
        }
        let _ = write!(out, ",CODECS={}", quoted(&variant.codecs));
        if let Some(group) = &variant.audio_group {
            let _ = write!(out, ",AUDIO={}", quoted(group));
        }
        if !subtitles.is_empty() {
            let _ = write!(out, ",SUBTITLES=\"{SUBTITLE_GROUP}\"");
        }
        match captions {
            Some([]) => out.push_str(",CLOSED-CAPTIONS=NONE"),
            Some(_) => {
                let _ = write!(out, ",CLOSED-CAPTIONS=\"{CAPTION_GROUP}\"");
            }
            None => {}
        }
        let _ = writeln!(out, "\n{}", uri(&variant.uri));
    }
    out
}

fn write_captions(out: &mut String, channel: &CaptionRendition) {
    let _ = write!(
        out,
        "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"{CAPTION_GROUP}\""
    );
    if channel.language != "und" {
        let _ = write!(out, ",LANGUAGE={}", quoted(&channel.language));
    }
    let _ = writeln!(
        out,
        ",NAME={},DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID={}",
        quoted(&channel.name),
        quoted(&channel.channel)
    );
}

fn write_subtitles(out: &mut String, track: &SubtitleRendition) {
    let _ = write!(
        out,
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"{SUBTITLE_GROUP}\""
    );
    if track.language != "und" {
        let _ = write!(out, ",LANGUAGE={}", quoted(&track.language));
    }
    let _ = write!(
        out,
        ",NAME={},DEFAULT=NO,AUTOSELECT=YES",
        quoted(&track.name)
    );
    if track.forced {
        out.push_str(",FORCED=YES");
    }
    if track.for_the_deaf {
        out.push_str(
            ",CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound\"",
        );
    }
    let _ = writeln!(out, ",URI=\"{}\"", uri(&track.uri));
}

/// A quoted-string attribute. HLS has no escapes, so what may not be in one is replaced.
fn quoted(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| match c {
            '"' => '\'',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    format!("\"{clean}\"")
}

/// A URI that is safe both as a line and in quotes: what cannot be in a URI is percent-encoded, and so is a `#` that would
/// turn the line into a comment.
fn uri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, byte) in text.bytes().enumerate() {
        let plain = byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        if plain && !(index == 0 && byte == b'#') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_playlist_is_exactly_this() {
        let segment = |uri: &str, duration_s| MediaSegment {
            uri: uri.to_owned(),
            duration_s,
        };
        let segments = [segment("seg-00001.m4s", 2.002), segment("#a b\n.m4s", 4.0)];
        let text = media_playlist(4, "init.mp4", &segments, true);
        let expected = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n\
            #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n\
            #EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:2.002000,\nseg-00001.m4s\n#EXTINF:4.000000,\n%23a%20b%0A.m4s\n\
            #EXT-X-ENDLIST\n";
        assert_eq!(text, expected);
        assert!(!media_playlist(4, "init.mp4", &segments, false).contains("ENDLIST"));
    }

    #[test]
    fn a_master_playlist_is_exactly_this() {
        let audio = |language: &str, name: &str| AudioRendition {
            group: "aac".into(),
            language: language.into(),
            name: name.into(),
            uri: Some(format!("audio/{language}/index.m3u8")),
            channels: 2,
            autoselect: language == "en",
            characteristics: (language != "en").then_some("public.accessibility.describes-video"),
        };
        let mut variant = Variant {
            uri: "video/720p/index.m3u8".into(),
            bandwidth_bps: 3_000_000,
            average_bandwidth_bps: Some(2_000_000),
            size: Some((1280, 720)),
            frame_rate: Some(30000.0 / 1001.0),
            video_range: None,
            codecs: "avc1.64001F,mp4a.40.2".into(),
            audio_group: Some("aac".into()),
        };
        let audios = [audio("en", "Eng\"lish"), audio("und", "Other")];
        let text = master_playlist(&[variant.clone()], &audios, &[], None);
        let expected = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",LANGUAGE=\"en\",NAME=\"Eng'lish\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio/en/index.m3u8\"\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"Other\",DEFAULT=NO,AUTOSELECT=NO,CHARACTERISTICS=\"public.accessibility.describes-video\",CHANNELS=\"2\",URI=\"audio/und/index.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2000000,RESOLUTION=1280x720,FRAME-RATE=29.970,CODECS=\"avc1.64001F,mp4a.40.2\",AUDIO=\"aac\"\n\
            video/720p/index.m3u8\n";
        assert_eq!(text, expected);
        variant.average_bandwidth_bps = None;
        variant.frame_rate = None;
        variant.audio_group = None;
        let text = master_playlist(&[variant.clone()], &[], &[], None);
        assert!(
            text.contains(
                "BANDWIDTH=3000000,RESOLUTION=1280x720,CODECS=\"avc1.64001F,mp4a.40.2\"\n"
            )
        );
        let text = master_playlist(&[variant.clone()], &[], &[], Some(&[]));
        assert!(text.contains(",CLOSED-CAPTIONS=NONE\n"), "{text}");
        let channel = CaptionRendition {
            language: "en".into(),
            name: "English (CC)".into(),
            channel: "CC1".into(),
        };
        let text = master_playlist(&[variant], &[], &[], Some(&[channel]));
        let line = "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",LANGUAGE=\"en\",NAME=\"English (CC)\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC1\"\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains(",CLOSED-CAPTIONS=\"cc\"\n"), "{text}");
        let read = m3u8_rs::parse_master_playlist_res(expected.as_bytes()).unwrap();
        assert_eq!(read.variants.len(), 1);
        assert_eq!(read.alternatives.len(), 2);
    }
}
