//! What subtitles say, cut into passages that are searched and jumped to. Not here: reading subtitles, or keeping passages.

use serde::Serialize;

use crate::search::Stretch;

/// The most bytes of text that are kept of one track; what follows is not found.
pub const MAX_TRACK_BYTES: usize = 512 << 10;

/// The most bytes of text that are kept of a job.
pub const MAX_JOB_BYTES: usize = 2 << 20;

/// The most passages of one job that an answer shows.
pub const MAX_SHOWN: usize = 3;

/// A passage goes on for at most so long, so that whoever jumps to its beginning soon hears the words,
const PASSAGE_MS: u64 = 10_000;

/// and has about so many bytes.
const PASSAGE_BYTES: usize = 160;

/// Some words, and when they are said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// When it begins, in milliseconds of the programme.
    pub at_ms: u64,
    /// Plain text in one line.
    pub text: String,
}

/// A passage in which something was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Said {
    /// The track of subtitles, as its directory below `subs/` is called.
    pub track: String,
    /// When the passage begins, in seconds of the programme.
    pub at_s: f64,
    /// Its text, one stretch after the other.
    pub text: Vec<Stretch>,
}

/// The passages of a track's cues, which come in order of time as WebVTT has them.
pub fn passages(cues: impl Iterator<Item = (u64, String)>) -> Vec<Passage> {
    let mut all: Vec<Passage> = Vec::new();
    let (mut bytes, mut last) = (0, String::new());
    for (at_ms, marked) in cues {
        let text = plain(&marked);
        // Captions that roll up say each line again.
        if text.is_empty() || text == last {
            continue;
        }
        bytes += text.len() + 1;
        if bytes > MAX_TRACK_BYTES {
            break;
        }
        last.clone_from(&text);
        match all.last_mut() {
            Some(open)
                if at_ms < open.at_ms.saturating_add(PASSAGE_MS)
                    && open.text.len() + text.len() < PASSAGE_BYTES =>
            {
                open.text.push(' ');
                open.text.push_str(&text);
            }
            _ => all.push(Passage { at_ms, text }),
        }
    }
    all
}

/// A cue's text without WebVTT's markup, in one line and without control characters.
fn plain(marked: &str) -> String {
    let mut text = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (becomes, length) = match (rest.find('>'), rest.starts_with('<')) {
            (Some(end), true) => ("", end + 1),
            _ => ENTITIES
                .iter()
                .find(|(entity, _)| rest.starts_with(entity))
                .map_or((&rest[..1], 1), |(entity, becomes)| {
                    (*becomes, entity.len())
                }),
        };
        text.push_str(becomes);
        rest = &rest[length..];
    }
    text.push_str(rest);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What WebVTT writes in place of characters.
const ENTITIES: [(&str, &str); 6] = [
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&lrm;", ""),
    ("&rlm;", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cues: &[(u64, &str)]) -> Vec<(u64, String)> {
        let cues = cues.iter().map(|(at, text)| (*at, (*text).to_owned()));
        let all = passages(cues).into_iter();
        all.map(|passage| (passage.at_ms, passage.text)).collect()
    }

    #[test]
    fn markup_and_what_is_no_text_are_left_out() {
        for (marked, text) in [
            ("<v Anna><i>Good</i> evening", "Good evening"),
            ("two\nlines\u{1}\u{2}here", "two lines here"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("a & b < c", "a & b < c"),
            ("é<c.ü>ß</c>&", "éß&"),
            ("<00:00:01.000>now", "now"),
        ] {
            assert_eq!(of(&[(7, marked)]), [(7, text.to_owned())], "{marked}");
        }
        assert_eq!(of(&[(0, "<b></b>"), (1, " \u{0} ")]), []);
    }

    #[test]
    fn cues_that_belong_together_are_one_passage_and_others_are_not() {
        let said = [
            (1000, "The river"),
            (3000, "rose"),
            (3500, "rose"),
            (20_000, "Later"),
        ];
        let all = of(&said);
        assert_eq!(all[0], (1000, "The river rose".to_owned()));
        assert_eq!(all[1], (20_000, "Later".to_owned()));
        let long = "x".repeat(100);
        assert_eq!(of(&[(0, &long), (10, "a"), (20, &long)]).len(), 2);
    }

    #[test]
    fn a_track_has_an_end() {
        let long = "word ".repeat(400);
        let cues = (0..10_000u64).map(|n| (n * 1000, format!("{n} {long}")));
        let kept: usize = passages(cues).iter().map(|p| p.text.len()).sum();
        assert!(kept > MAX_TRACK_BYTES / 2 && kept <= MAX_TRACK_BYTES);
    }
}
