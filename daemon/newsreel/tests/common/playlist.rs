//! Reads HLS playlists and WebVTT as far as the tests look into them. Written apart from the code that writes them.

use std::collections::HashMap;
use std::path::Path;

/// The durations and names of a media playlist, exactly as written.
pub struct Media {
    pub segments: Vec<(f64, String)>,
    pub target_s: f64,
    pub ended: bool,
}

pub fn media(path: &Path) -> Media {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.starts_with("#EXTM3U\n"), "{}", path.display());
    let mut out = Media {
        segments: Vec::new(),
        target_s: 0.0,
        ended: false,
    };
    let mut duration = None;
    for line in text.lines() {
        assert!(!line.contains("DISCONTINUITY"), "{}", path.display());
        if let Some(rest) = line.strip_prefix("#EXTINF:") {
            duration = Some(rest.trim_end_matches(',').parse().unwrap());
        } else if let Some(rest) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
            out.target_s = rest.parse().unwrap();
        } else if line == "#EXT-X-ENDLIST" {
            out.ended = true;
        } else if !line.starts_with('#') && !line.is_empty() {
            out.segments
                .push((duration.take().unwrap(), line.to_owned()));
        }
    }
    out
}

/// A tag's attributes, quotes taken off.
pub type Attributes = HashMap<String, String>;

/// The variants (attributes and URI) and the renditions of a multivariant playlist.
pub fn master(path: &Path) -> (Vec<(Attributes, String)>, Vec<Attributes>) {
    let text = std::fs::read_to_string(path).unwrap();
    let (mut variants, mut renditions) = (Vec::new(), Vec::new());
    let mut pending = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            pending = Some(attributes(rest));
        } else if let Some(rest) = line.strip_prefix("#EXT-X-MEDIA:") {
            renditions.push(attributes(rest));
        } else if !line.starts_with('#') && !line.is_empty() {
            variants.push((pending.take().unwrap(), line.to_owned()));
        }
    }
    (variants, renditions)
}

fn attributes(text: &str) -> Attributes {
    let mut quoted = false;
    let parts = text.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    parts
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap();
            (key.to_owned(), value.trim_matches('"').to_owned())
        })
        .collect()
}

/// One cue of a storyboard.
#[derive(Clone, Copy, Debug)]
pub struct Cue {
    pub from_s: f64,
    pub until_s: f64,
    /// Left, top, width, height.
    pub place: [u32; 4],
}

pub fn storyboard(path: &Path) -> Vec<Cue> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.starts_with("WEBVTT\n"));
    let blocks = text.split("\n\n").skip(1);
    blocks
        .map(|block| {
            let (times, target) = block.trim().split_once('\n').unwrap();
            let (from, until) = times.split_once(" --> ").unwrap();
            let (file, place) = target.split_once("#xywh=").unwrap();
            assert_eq!(file, "storyboard.jpg");
            let place: Vec<u32> = place.split(',').map(|n| n.parse().unwrap()).collect();
            Cue {
                from_s: seconds(from),
                until_s: seconds(until),
                place: place.try_into().unwrap(),
            }
        })
        .collect()
}

fn seconds(text: &str) -> f64 {
    text.split(':')
        .fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}
