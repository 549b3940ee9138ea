//! What a playlist of ours names. Not here: writing one (`newsreel-media`).

/// Paths in the job's directory that the playlist at `path` names.
pub fn names(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let uris = text
        .lines()
        .filter_map(|line| match line.strip_prefix('#') {
            Some(tag) => tag.split("URI=\"").nth(1)?.split('"').next(),
            None => Some(line.trim()).filter(|line| !line.is_empty()),
        });
    uris.map(|uri| match folder {
        "" => uri.to_owned(),
        folder => format!("{folder}/{uri}"),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_init_and_playlists_are_named() {
        let media = "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4,\nseg-00001.m4s\n\n";
        assert_eq!(
            names("video/720p/index.m3u8", media),
            ["video/720p/init.mp4", "video/720p/seg-00001.m4s"]
        );
        let master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"audio/en/index.m3u8\",NAME=\"x\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo/720p/index.m3u8\n";
        assert_eq!(
            names("master.m3u8", master),
            ["audio/en/index.m3u8", "video/720p/index.m3u8"]
        );
    }
}
