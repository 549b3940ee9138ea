//! Reads a media playlist back, with a parser that is not our writer, so that the gate can hold it against the boxes.

use super::hls::MediaSegment;

/// What a media playlist says.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPlaylist {
    /// Seconds.
    pub target_duration_s: u32,
    /// Of the init segment; `None` when there is none, or no segment it could belong to.
    pub init_uri: Option<String>,
    /// In order. Durations are rounded to microseconds, and exact to about one below 16 s.
    pub segments: Vec<MediaSegment>,
    /// Whether nothing will be added.
    pub ended: bool,
}

/// Reads a media playlist with one init segment for all its segments.
///
/// # Errors
/// In words, when it is not one.
pub fn parse_media_playlist(text: &str) -> Result<MediaPlaylist, String> {
    let read = m3u8_rs::parse_media_playlist_res(text.as_bytes())
        .map_err(|e| format!("not a media playlist: {e}"))?;
    let mut init_uri: Option<String> = None;
    let mut segments = Vec::with_capacity(read.segments.len());
    for segment in read.segments {
        if let Some(map) = segment.map {
            if init_uri.as_ref().is_some_and(|earlier| *earlier != map.uri) {
                return Err(format!("it changes its init segment to {}", map.uri));
            }
            init_uri = Some(map.uri);
        }
        segments.push(MediaSegment {
            uri: segment.uri,
            // The parser keeps 32 bits; what was written had six decimals.
            duration_s: (f64::from(segment.duration) * 1e6).round() / 1e6,
        });
    }
    Ok(MediaPlaylist {
        target_duration_s: u32::try_from(read.target_duration)
            .map_err(|_| "its target duration is out of range".to_owned())?,
        init_uri,
        segments,
        ended: read.end_list,
    })
}

#[cfg(test)]
mod tests {
    use super::super::hls::media_playlist;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let segments: Vec<MediaSegment> = [1.001, 4.004, 3.837_167]
            .into_iter()
            .enumerate()
            .map(|(i, duration_s)| MediaSegment {
                uri: format!("seg-{i}.m4s"),
                duration_s,
            })
            .collect();
        let read = parse_media_playlist(&media_playlist(5, "init.mp4", &segments, true)).unwrap();
        let expected = MediaPlaylist {
            target_duration_s: 5,
            init_uri: Some("init.mp4".to_owned()),
            segments,
            ended: true,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_playlist_is_an_error() {
        assert!(parse_media_playlist("").is_err());
        assert!(parse_media_playlist("<html></html>").is_err());
    }

    proptest! {
        #[test]
        fn a_changed_playlist_never_panics(at in 0usize..200, byte in any::<u8>()) {
            let segment = MediaSegment { uri: "a.m4s".to_owned(), duration_s: 4.0 };
            let mut bytes = media_playlist(4, "init.mp4", &[segment], true).into_bytes();
            if let Some(b) = bytes.get_mut(at) {
                *b = byte;
            }
            let _ = parse_media_playlist(&String::from_utf8_lossy(&bytes));
        }
    }
}
