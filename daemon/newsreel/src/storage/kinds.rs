//! What files of a job are to whoever fetches them from a bucket, and how long that may be kept. Not here: sending them.

use newsreel_model::job::layout;
use object_store::{Attribute, Attributes};

/// When a file is sent: after all that a file of an earlier rank may be named in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// What playlists name.
    Media,
    /// A playlist of one rendition.
    Playlist,
    /// What names those.
    Master,
    /// What is for taking away.
    Whole,
    /// The report.
    Report,
    /// The record, which says that all is there.
    Record,
}

/// The rank of a file by its path in the job's directory.
pub fn rank(path: &str) -> Rank {
    match path {
        layout::JOB => Rank::Record,
        layout::REPORT => Rank::Report,
        layout::MASTER | layout::MANIFEST => Rank::Master,
        path if path.ends_with(".m3u8") => Rank::Playlist,
        path if ["video/", "audio/", "subs/"]
            .iter()
            .any(|dir| path.starts_with(dir)) =>
        {
            Rank::Media
        }
        _ => Rank::Whole,
    }
}

/// Headers that a store answers requests for a file with.
pub fn attributes(path: &str) -> Attributes {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit('.').next().unwrap_or_default();
    let kind = match (extension, path.starts_with("audio/")) {
        ("m3u8", _) => "application/vnd.apple.mpegurl",
        ("mpd", _) => "application/dash+xml",
        ("mp4" | "m4s", true) => "audio/mp4",
        ("mp4" | "m4s", false) => "video/mp4",
        ("vtt", _) => "text/vtt; charset=utf-8",
        ("jpg", _) => "image/jpeg",
        ("json", _) => "application/json",
        _ => "application/octet-stream",
    };
    let cache = match rank(path) {
        Rank::Media if extension == "m4s" || name == layout::INIT => {
            "public, max-age=31536000, immutable"
        }
        Rank::Playlist | Rank::Master => "public, max-age=2",
        Rank::Report | Rank::Record => "no-cache",
        Rank::Media | Rank::Whole => "public, max-age=300",
    };
    Attributes::from_iter([
        (Attribute::ContentType, kind),
        (Attribute::CacheControl, cache),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_others_comes_after_them_and_is_kept_shortly() {
        let order = [
            "video/720p/seg-00001.m4s",
            "video/720p/index.m3u8",
            "master.m3u8",
            "mp4/720p.mp4",
            "report.json",
            "job.json",
        ];
        assert!(order.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        let header =
            |path: &str, which: Attribute| attributes(path).get(&which).unwrap().to_string();
        for (path, kind, cache) in [
            ("video/720p/seg-00001.m4s", "video/mp4", "immutable"),
            ("audio/en/init.mp4", "audio/mp4", "immutable"),
            (
                "audio/en/index.m3u8",
                "application/vnd.apple.mpegurl",
                "max-age=2",
            ),
            ("manifest.mpd", "application/dash+xml", "max-age=2"),
            ("mp4/720p.mp4", "video/mp4", "max-age=300"),
            ("poster.jpg", "image/jpeg", "max-age=300"),
        ] {
            assert_eq!(header(path, Attribute::ContentType), kind, "{path}");
            let kept = header(path, Attribute::CacheControl);
            assert!(kept.contains(cache), "{path}: {kept}");
            assert_eq!(kept.contains("immutable"), cache == "immutable", "{path}");
        }
    }
}
