//! Which names may be asked for, and of what type they are. Not here: whether there is such a file.

/// Longest path below a job.
pub(crate) const MAX_CHARS: usize = 512;

/// What a path below a job looks like: plain parts, none of them hidden, in particular not `.work` and not `..`.
pub(crate) const PATTERN: &str = "^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$";

/// Types by ending. Anything else is not published.
pub(crate) const TYPES: &[(&str, &str)] = &[
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("mpd", "application/dash+xml"),
    ("m4s", "video/iso.segment"),
    ("mp4", "video/mp4"),
    ("m4a", "audio/mp4"),
    ("jpg", "image/jpeg"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("json", "application/json"),
];

/// The type of the file of that (decoded) path; none when a path like it is never published.
pub(super) fn content_type(path: &str) -> Option<&'static str> {
    let fits = path.len() <= MAX_CHARS && path.split('/').all(is_plain);
    let (_, ending) = path.rsplit_once('.').filter(|_| fits)?;
    let found = TYPES.iter().find(|(known, _)| *known == ending);
    found.map(|(_, kind)| *kind)
}

fn is_plain(part: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_names_have_a_type() {
        for (path, kind) in [
            ("master.m3u8", "application/vnd.apple.mpegurl"),
            ("manifest.mpd", "application/dash+xml"),
            ("video/720p/init.mp4", "video/mp4"),
            ("mp4/en.m4a", "audio/mp4"),
            ("audio/en/seg-00001.m4s", "video/iso.segment"),
            ("thumbs/0001.jpg", "image/jpeg"),
            ("storyboard.vtt", "text/vtt; charset=utf-8"),
            ("report.json", "application/json"),
        ] {
            assert_eq!(content_type(path), Some(kind), "{path}");
        }
    }

    #[test]
    fn other_names_are_not_there() {
        for path in [
            "",
            ".",
            "..",
            "../master.m3u8",
            "video/../master.m3u8",
            "video/..",
            ".work/1/master.m3u8",
            "video/.work/a.m4s",
            "/etc/passwd.json",
            "video//init.mp4",
            "video/720p/",
            "a\\..\\b.mp4",
            "a\0.mp4",
            "%2e%2e/a.mp4",
            "a b.mp4",
            "é.mp4",
            "master.m3u8\n",
            "core",
            "a.exe",
            "a.MP4",
            &format!("{}.mp4", "a".repeat(MAX_CHARS)),
        ] {
            assert_eq!(content_type(path), None, "{path:?}");
        }
    }
}
