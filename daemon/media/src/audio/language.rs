//! Languages: from a container's tags to BCP 47, and to a name for people. Not which language is wanted.

use isolang::Language;

/// Codes that ISO 639-2 has twice: from what libraries of books use to what everybody else does.
const BIBLIOGRAPHIC: [(&str, &str); 20] = [
    ("alb", "sqi"),
    ("arm", "hye"),
    ("baq", "eus"),
    ("bur", "mya"),
    ("chi", "zho"),
    ("cze", "ces"),
    ("dut", "nld"),
    ("fre", "fra"),
    ("geo", "kat"),
    ("ger", "deu"),
    ("gre", "ell"),
    ("ice", "isl"),
    ("mac", "mkd"),
    ("mao", "mri"),
    ("may", "msa"),
    ("per", "fas"),
    ("rum", "ron"),
    ("slo", "slk"),
    ("tib", "bod"),
    ("wel", "cym"),
];

/// The shortest BCP 47 tag that can stand in a path and a playlist: `en` for `eng`, `und` where nothing usable is said.
#[must_use]
pub fn tag(said: Option<&str>) -> String {
    let said = said.map(|t| t.trim().to_ascii_lowercase().replace('_', "-"));
    let is_plain = |t: &String| {
        (2..=8).contains(&t.len())
            && t.split('-').all(|part| (2..=8).contains(&part.len()))
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let Some(tag) = said.filter(is_plain) else {
        return "und".to_owned();
    };
    let (primary, rest) = tag.split_once('-').unwrap_or((&tag, ""));
    let primary = BIBLIOGRAPHIC
        .iter()
        .find(|(old, _)| *old == primary)
        .map_or(primary, |(_, new)| new);
    let short = Language::from_639_3(primary).and_then(|l| l.to_639_1());
    let primary = short.unwrap_or(primary);
    if rest.is_empty() {
        primary.to_owned()
    } else {
        format!("{primary}-{rest}")
    }
}

/// The three letters that MP4 has for a BCP 47 tag (ISO 639-2, the form everybody uses).
#[must_use]
pub fn three_letters(tag: &str) -> &str {
    let primary = tag.split('-').next().unwrap_or(tag);
    Language::from_639_1(primary).map_or(primary, |language| language.to_639_3())
}

/// What people call the language of a BCP 47 tag, in English; `None` where it is not known.
#[must_use]
pub fn name(tag: &str) -> Option<&'static str> {
    let primary = tag.split('-').next().unwrap_or(tag);
    if primary == "und" {
        return None;
    }
    let language = Language::from_639_1(primary).or_else(|| Language::from_639_3(primary))?;
    // Some names of ISO 639 carry a note.
    Some(language.to_name().split(" (").next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_the_shortest_that_say_the_same() {
        for (said, tag_is, name_is) in [
            (Some("eng"), "en", Some("English")),
            (Some("FRE"), "fr", Some("French")),
            (Some("fra"), "fr", Some("French")),
            (Some("en_US"), "en-us", Some("English")),
            (Some("gsw"), "gsw", Some("Swiss German")),
            (Some("qaa"), "qaa", None),
            (Some("und"), "und", None),
            (Some("../etc"), "und", None),
            (Some("-en"), "und", None),
            (Some(""), "und", None),
            (None, "und", None),
        ] {
            let tag = tag(said);
            assert_eq!(tag, tag_is, "{said:?}");
            assert_eq!(name(&tag), name_is, "{said:?}");
            assert_eq!(three_letters(&tag).len(), 3, "{said:?}");
        }
    }
}
