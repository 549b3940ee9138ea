//! Playlists and manifests as the gate reads them back. Not what they must hold.

use newsreel_media::package::{dash_read, hls, hls_read};

/// A media playlist of HLS.
pub fn playlist(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(read) = hls_read::parse_media_playlist(&text) else {
        return;
    };
    assert!(read.segments.len() <= text.lines().count());
    let plain = |uri: &String| !uri.is_empty() && uri.bytes().all(|b| b.is_ascii_alphanumeric());
    let ours = read
        .segments
        .iter()
        .all(|s| plain(&s.uri) && (0.001..16.0).contains(&s.duration_s));
    if let (true, Some(init)) = (ours, read.init_uri.clone().filter(plain)) {
        let written =
            hls::media_playlist(read.target_duration_s, &init, &read.segments, read.ended);
        let again = hls_read::parse_media_playlist(&written).expect("what is written is read");
        assert_eq!(again.segments.len(), read.segments.len());
        assert_eq!(again.ended, read.ended);
    }
}

/// A manifest of DASH.
pub fn manifest(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(representations) = dash_read::parse_manifest(&text) {
        let segments: usize = representations.iter().map(|r| r.segments.len()).sum();
        assert!(segments <= 1_000_000, "a manifest's segments are limited");
        assert!(representations.iter().all(|r| r.timescale > 0));
    }
}
