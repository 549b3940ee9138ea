//! Named sizes of poster and thumbnails, and where a job's pictures are. Not here: choosing or making them.

use serde::{Deserialize, Serialize};

use crate::job::layout;
use crate::profile::ThumbnailSpec;
use crate::{Code, Error, Result};

/// The most named sizes.
pub const MAX_SIZES: usize = 8;

/// The most pictures of a job, all sizes counted.
pub const MAX_PICTURES: u32 = 200;

/// Characters of a size's name.
const MAX_NAME: usize = 32;

/// A size in which poster and thumbnails are made beside the usual one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PictureSize {
    /// Its name, 1–32 characters of a–z, 0–9 and `-`: the pictures are `thumbs/NAME/0001.jpg` and so on, and
    /// `thumbs/NAME/poster.jpg`.
    #[cfg_attr(
        feature = "schema",
        schema(
            min_length = 1,
            max_length = 32,
            pattern = "^[a-z0-9-]{1,32}$",
            example = "teaser"
        )
    )]
    pub name: String,
    /// Width in pixels, 16–4096; the height follows the picture's shape. Never larger than the clip.
    #[cfg_attr(
        feature = "schema",
        schema(minimum = 16, maximum = 4096, example = 1280)
    )]
    pub width_px: u32,
}

/// What is wrong with sizes, and at which of them: with their number, or with all of them together.
#[must_use]
pub fn fault(spec: &ThumbnailSpec) -> Option<(Option<usize>, String)> {
    let sizes = &spec.sizes;
    if sizes.len() > MAX_SIZES {
        let words = format!(
            "there are {} sizes, expected at most {MAX_SIZES}",
            sizes.len()
        );
        return Some((None, words));
    }
    for (number, PictureSize { name, width_px }) in sizes.iter().enumerate() {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(plain) {
            let words = "the name of a size must be 1–32 characters of a–z, 0–9 and -";
            return Some((Some(number), words.to_owned()));
        }
        if sizes[..number].iter().any(|other| other.name == *name) {
            let words = format!("there is a size `{name}` already, expected another name");
            return Some((Some(number), words));
        }
        if !(16..=4096).contains(width_px) {
            let words = format!("the width of `{name}` is {width_px}, expected 16–4096 pixels");
            return Some((Some(number), words));
        }
    }
    let each = u32::try_from(sizes.len()).unwrap_or(u32::MAX);
    let all = spec.count.saturating_mul(each.saturating_add(1));
    (each > 0 && all > MAX_PICTURES).then(|| {
        let words = format!(
            "{} thumbnails in {each} sizes beside the usual one are {all} pictures, expected at most {MAX_PICTURES}",
            spec.count
        );
        (None, words)
    })
}

/// Puts a job's own sizes in the place of its profile's.
///
/// # Errors
/// [`Code::RequestInvalid`]: what is wrong with them.
pub fn take_sizes(spec: &mut ThumbnailSpec, own: &[PictureSize]) -> Result<()> {
    if own.is_empty() {
        return Ok(());
    }
    spec.sizes = own.to_vec();
    match fault(spec) {
        None => Ok(()),
        Some((at, words)) => {
            let field = at.map_or("thumbnails".to_owned(), |n| format!("thumbnails[{n}]"));
            Err(Error::new(Code::RequestInvalid, format!("`{field}`: {words}")).in_field(&field))
        }
    }
}

/// A job's pictures in one size. Paths are relative to the job's directory: below `/media/{id}/`, and below its destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PictureSet {
    /// The size's name; empty for the usual one.
    pub name: String,
    /// Width in pixels that was asked for; a smaller clip's pictures are as wide as it is. The usual poster always is.
    pub width_px: u32,
    /// The poster; absent while it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub poster: Option<String>,
    /// The thumbnails that are there, in order of time.
    pub thumbnails: Vec<String>,
}

/// What is there of the pictures that were asked for, the usual size first; `there` are paths of files.
pub fn sets<'a>(spec: &ThumbnailSpec, there: impl Iterator<Item = &'a str>) -> Vec<PictureSet> {
    let set = |name: &str, width_px| PictureSet {
        name: name.to_owned(),
        width_px,
        poster: None,
        thumbnails: Vec::new(),
    };
    let mut all = vec![set("", spec.width_px)];
    all.extend(spec.sizes.iter().map(|s| set(&s.name, s.width_px)));
    for path in there {
        let Some((name, number)) = layout::picture(path) else {
            continue;
        };
        let Some(set) = all.iter_mut().find(|set| set.name == name) else {
            continue;
        };
        match number {
            None => set.poster = Some(path.to_owned()),
            Some(_) => set.thumbnails.push(path.to_owned()),
        }
    }
    for set in &mut all {
        set.thumbnails.sort_unstable();
        set.thumbnails.dedup();
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn size(name: &str, width_px: u32) -> PictureSize {
        PictureSize {
            name: name.to_owned(),
            width_px,
        }
    }

    #[test]
    fn sizes_keep_their_names_widths_and_number() {
        let with = |count: u32, sizes: &[PictureSize]| {
            let mut spec = ThumbnailSpec {
                count,
                ..ThumbnailSpec::default()
            };
            take_sizes(&mut spec, sizes).map(|()| spec.sizes.len())
        };
        assert_eq!(
            with(10, &[size("teaser", 1280), size("tv-16", 16)]).unwrap(),
            2
        );
        assert_eq!(with(100, &[size("a", 4096)]).unwrap(), 1);
        for (count, sizes, field) in [
            (10, vec![size("", 640)], "thumbnails[0]"),
            (10, vec![size("a", 640), size("A", 640)], "thumbnails[1]"),
            (10, vec![size("../x", 640)], "thumbnails[0]"),
            (10, vec![size(&"a".repeat(33), 640)], "thumbnails[0]"),
            (10, vec![size("a", 640), size("a", 320)], "thumbnails[1]"),
            (10, vec![size("a", 15)], "thumbnails[0]"),
            (10, vec![size("a", 4097)], "thumbnails[0]"),
            (100, vec![size("a", 64), size("b", 64)], "thumbnails"),
        ] {
            let error = with(count, &sizes).unwrap_err();
            assert_eq!(error.code(), Code::RequestInvalid);
            assert_eq!(error.field(), Some(field), "{sizes:?}");
        }
        let many: Vec<_> = (0..9).map(|n| size(&format!("n{n}"), 64)).collect();
        assert!(with(1, &many).is_err());
        assert_eq!(with(100, &[]).unwrap(), 0);
    }

    #[test]
    fn what_is_no_picture_of_a_size_is_none() {
        for (path, picture) in [
            ("poster.jpg", Some(("", None))),
            ("thumbs/0001.jpg", Some(("", Some(0)))),
            ("thumbs/tv-16/0100.jpg", Some(("tv-16", Some(99)))),
            ("thumbs/tv-16/poster.jpg", Some(("tv-16", None))),
            ("thumbs/poster.jpg", None),
            ("thumbs/0000.jpg", None),
            ("thumbs/1.jpg", None),
            ("thumbs/+001.jpg", None),
            ("thumbs/../0001.jpg", None),
            ("thumbs/../poster.jpg", None),
            ("thumbs/a/b/0001.jpg", None),
            ("thumbs//0001.jpg", None),
            ("thumbs/", None),
        ] {
            assert_eq!(layout::picture(path), picture, "{path}");
        }
    }

    #[test]
    fn pictures_are_found_by_size_and_in_order() {
        let mut spec = ThumbnailSpec::default();
        take_sizes(&mut spec, &[size("teaser", 1280)]).unwrap();
        let there = [
            "thumbs/0002.jpg",
            "thumbs/0001.jpg",
            "thumbs/teaser/0001.jpg",
            "thumbs/teaser/poster.jpg",
            "thumbs/other/0001.jpg",
            "poster.jpg",
            "video/240p/init.mp4",
        ];
        let [usual, teaser] = &sets(&spec, there.into_iter())[..] else {
            panic!("there are two sizes");
        };
        assert_eq!(usual.poster.as_deref(), Some("poster.jpg"));
        assert_eq!(usual.thumbnails, ["thumbs/0001.jpg", "thumbs/0002.jpg"]);
        assert_eq!((teaser.name.as_str(), teaser.width_px), ("teaser", 1280));
        assert_eq!(teaser.poster.as_deref(), Some("thumbs/teaser/poster.jpg"));
        assert_eq!(teaser.thumbnails, ["thumbs/teaser/0001.jpg"]);
    }
}
