//! Marked-up lines of other formats as lines of WebVTT: bold, italics and underlining stay, the rest goes. Not times.

use super::MAX_CUE_CHARS;

/// Lines of SubRip or WebVTT.
pub fn from_tagged(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&', '{']) {
        push_plain(&mut out, &rest[..at]);
        rest = &rest[at..];
        let used = match rest.as_bytes().first() {
            Some(b'<') => tag(rest, &mut out),
            Some(b'&') => entity(rest, &mut out),
            // Positions and colours that editors of other formats leave in SubRip: `{\an8}`.
            _ if rest.starts_with("{\\") => rest.find('}').map(|end| end + 1),
            _ => None,
        };
        let used = used.unwrap_or_else(|| {
            push_plain(&mut out, &rest[..1]);
            1
        });
        rest = &rest[used..];
    }
    push_plain(&mut out, rest);
    tidy(&out)
}

/// Lines of Advanced SubStation: overrides in braces, drawings, its own line breaks.
pub fn from_ass(text: &str) -> String {
    let mut out = String::new();
    let mut is_drawing = false;
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        if !is_drawing {
            push_plain(&mut out, &rest[..at]);
        }
        let Some(end) = rest[at..].find('}') else {
            rest = "";
            break;
        };
        let overrides = &rest[at + 1..at + end];
        for tag in overrides.split('\\') {
            if let Some(scale) = tag
                .strip_prefix('p')
                .and_then(|s| s.trim().parse::<u32>().ok())
            {
                is_drawing = scale > 0;
            }
        }
        rest = &rest[at + end + 1..];
    }
    if !is_drawing {
        push_plain(&mut out, rest);
    }
    tidy(
        &out.replace("\\N", "\n")
            .replace("\\n", "\n")
            .replace("\\h", " "),
    )
}

/// Lines without any markup.
pub fn from_plain(text: &str) -> String {
    let mut out = String::new();
    push_plain(&mut out, text);
    tidy(&out)
}

/// A tag at the start of `text`: kept if WebVTT means the same by it, left out if it is one of another kind. How many bytes
/// it had; `None` where it is no tag.
fn tag(text: &str, out: &mut String) -> Option<usize> {
    let end = text.find('>')?;
    let inner = &text[1..end];
    let name = inner.strip_prefix('/').unwrap_or(inner);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || inner.contains(['\n', '<']) {
        return None;
    }
    let kept = ["b", "i", "u"]
        .into_iter()
        .find(|k| name.eq_ignore_ascii_case(k));
    if let Some(name) = kept {
        out.push_str(if inner.starts_with('/') { "</" } else { "<" });
        out.push_str(name);
        out.push('>');
    }
    Some(end + 1)
}

fn entity(text: &str, out: &mut String) -> Option<usize> {
    let known = ["&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;"];
    let found = known.into_iter().find(|e| text.starts_with(e))?;
    out.push_str(found);
    Some(found.len())
}

fn push_plain(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // Also keeps an arrow from being taken for a cue's times.
            '>' => out.push_str("&gt;"),
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
}

/// Without blank lines, which would end the cue, and no longer than a cue may be.
fn tidy(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let text = lines.collect::<Vec<_>>().join("\n");
    match text.char_indices().nth(MAX_CUE_CHARS) {
        Some((at, _)) => whole_marks(&text[..at]).to_owned(),
        None => text,
    }
}

/// Without the tag or entity in whose middle the text was cut off.
fn whole_marks(text: &str) -> &str {
    let open = |from: char, to: char| text.rfind(from).filter(|at| !text[*at..].contains(to));
    let torn = [open('<', '>'), open('&', ';')].into_iter().flatten().min();
    text[..torn.unwrap_or(text.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_webvtt_does_not_know_goes_and_nothing_ends_a_cue() {
        for (from, to) in [
            ("<i>Hello</i> <B>you</B>", "<i>Hello</i> <b>you</b>"),
            ("<font color=\"red\">Red</font>", "Red"),
            ("{\\an8}Up there", "Up there"),
            ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
            ("5 &lt; 6 &amp; so on", "5 &lt; 6 &amp; so on"),
            ("one\n\n\ntwo\r", "one\ntwo"),
            ("00:01 --> 00:02", "00:01 --&gt; 00:02"),
            ("I <3 you", "I &lt;3 you"),
            ("open <i", "open &lt;i"),
            ("{brace}", "{brace}"),
            ("\u{0}\u{7}x", "x"),
        ] {
            assert_eq!(from_tagged(from), to, "{from:?}");
        }
        assert_eq!(from_ass("{\\i1}Hello{\\i0}\\Nyou"), "Hello\nyou");
        assert_eq!(from_ass("{\\p1}m 0 0 l 9 9{\\p0}Text"), "Text");
        assert_eq!(from_ass("broken {\\i1"), "broken");
        assert_eq!(from_plain("<i>"), "&lt;i&gt;");
        assert_eq!(from_tagged(&"x".repeat(9_999)).len(), MAX_CUE_CHARS);
    }

    #[test]
    fn no_mark_is_cut_in_its_middle() {
        for (marks, whole) in [("&", "&amp;"), ("<i>", "<i>")] {
            for before in MAX_CUE_CHARS - 6..MAX_CUE_CHARS {
                let cut = from_tagged(&format!("{}{marks}{}", "x".repeat(before), "y".repeat(9)));
                let after = cut.trim_start_matches('x');
                assert!(after.is_empty() || after.starts_with(whole), "{after}");
            }
        }
    }
}
