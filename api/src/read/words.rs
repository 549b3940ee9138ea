//! Turns a parser's words into a client's: kinds of JSON rather than names of types, and never at the length of what was sent.
//!
//! Not here: our own messages.

/// Most characters kept of either end.
const END_CHARS: usize = 200;

/// What the parser calls things, and what they are called in JSON.
const WORDS: &[(&str, &str)] = &[
    ("invalid type: map", "invalid type: object"),
    ("invalid type: sequence", "invalid type: list"),
    ("expected a map", "expected an object"),
    ("expected string or map", "expected a string"),
    ("expected u64", "expected a whole number, 0 or more"),
    ("expected u32", "expected a whole number, 0 or more"),
    ("expected f64", "expected a number"),
];

/// The message in words that need no knowledge of this program.
pub(super) fn plain(message: &str) -> String {
    let mut text = message.to_owned();
    for (theirs, ours) in WORDS {
        text = text.replace(theirs, ours);
    }
    for kind in ["expected struct ", "expected enum "] {
        if let Some((before, after)) = text.split_once(kind) {
            let rest = after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            let ours = if kind.contains("struct") {
                "expected an object"
            } else {
                "expected a string"
            };
            text = format!("{before}{ours}{rest}");
        }
    }
    short(&text)
}

/// The text, without its middle when it is long: what was sent comes first, what was expected last.
pub(super) fn short(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    match (
        chars.first_chunk::<END_CHARS>(),
        chars.last_chunk::<END_CHARS>(),
    ) {
        (Some(first), Some(last)) if chars.len() > 2 * END_CHARS => {
            first.iter().chain(&['…']).chain(last).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_kinds_of_json() {
        assert_eq!(
            plain("invalid type: sequence, expected struct InputSpec at line 1 column 9"),
            "invalid type: list, expected an object at line 1 column 9"
        );
        assert_eq!(plain("duplicate field `a`"), "duplicate field `a`");
    }

    #[test]
    fn what_was_sent_is_not_sent_back_whole() {
        let long = format!("unknown field `{}`, expected `input`", "é".repeat(100_000));
        let short = plain(&long);
        assert!(short.chars().count() <= 2 * END_CHARS + 1);
        assert!(short.starts_with("unknown field") && short.ends_with("expected `input`"));
    }
}
