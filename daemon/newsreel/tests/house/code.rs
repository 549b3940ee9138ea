//! Just enough of Rust's lexer to see code without comments and strings. Not a parser.

/// `text` with every comment and the inside of every literal blanked out; lines stay where they are.
pub fn only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = opaque_end(&chars, at).unwrap_or(at);
        if end == at {
            // An identifier is taken whole, so that the `r` of `for"` or `var` is not the start of a raw string.
            let word = chars[at..].iter().take_while(|c| is_word(**c)).count();
            let literal = word > 0 && matches!(chars.get(at + word), Some('"' | '#' | '\''));
            let prefix: String = chars[at..at + word].iter().collect();
            let step = if literal && ["r", "b", "br", "c", "cr"].contains(&prefix.as_str()) {
                let raw = prefix
                    .ends_with('r')
                    .then(|| raw_end(&chars, at + word))
                    .flatten();
                raw.map_or(word, |end| end - at)
            } else {
                word.max(1)
            };
            let raw = step > word.max(1);
            for c in &chars[at..at + step] {
                out.push(if raw && *c != '\n' { ' ' } else { *c });
            }
            at += step;
            continue;
        }
        for c in &chars[at..end] {
            out.push(if *c == '\n' { '\n' } else { ' ' });
        }
        at = end;
    }
    out
}

/// Where the comment, string or character that starts at `at` ends, if one does.
fn opaque_end(chars: &[char], at: usize) -> Option<usize> {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => Some(find(chars, at, |c| c == '\n')),
        ('/', Some('*')) => {
            let mut depth = 0;
            let mut i = at;
            while i < chars.len() {
                match (chars[i], chars.get(i + 1)) {
                    ('/', Some('*')) => depth += 1,
                    ('*', Some('/')) => depth -= 1,
                    _ => {
                        i += 1;
                        continue;
                    }
                }
                i += 2;
                if depth == 0 {
                    break;
                }
            }
            Some(i)
        }
        ('"', _) => Some(quoted_end(chars, at)),
        ('\'', Some('\\')) => Some(quoted_end(chars, at)),
        ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => Some(at + 3),
        _ => None,
    }
}

/// The end of a literal whose quote is at `at`, backslashes counted.
fn quoted_end(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != chars[at] {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// The end of a raw string whose hashes or quote start at `at`; `None` for a raw identifier.
fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    let mut i = at + hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    loop {
        i = find(chars, i + 1, |c| c == '"');
        let closing = chars
            .iter()
            .skip(i + 1)
            .take(hashes)
            .filter(|c| **c == '#')
            .count();
        if i >= chars.len() || closing == hashes {
            return Some((i + 1 + hashes).min(chars.len()));
        }
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len())
        .find(|i| wanted(chars[*i]))
        .unwrap_or(chars.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The lines (from 1) on which `word` stands as a word of its own.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let lines = code.lines().zip(1..);
    lines
        .filter(move |(line, _)| line.split(|c| !is_word(c)).any(|w| w == word))
        .map(|(_, number)| number)
}

/// Where an attribute allows or expects `lint`: its line, and the module it stands before, if it does.
pub fn lifts<'a>(
    code: &'a str,
    lint: &'a str,
) -> impl Iterator<Item = (usize, Option<String>)> + 'a {
    code.match_indices('#').filter_map(move |(at, _)| {
        let attribute = code[at..].split_inclusive(']').next()?;
        let body: String = attribute.chars().filter(|c| !c.is_whitespace()).collect();
        let lifted = ["allow(", "expect(", "warn("]
            .iter()
            .any(|level| body.contains(level));
        let named = attribute.split(|c| !is_word(c)).any(|w| w == lint);
        if !(body.starts_with("#[") || body.starts_with("#![")) || !lifted || !named {
            return None;
        }
        let line = code[..at].matches('\n').count() + 1;
        let item = code[at + attribute.len()..]
            .split([';', '{'])
            .next()
            .unwrap_or_default();
        let module = item
            .split_whitespace()
            .skip_while(|word| *word != "mod")
            .nth(1);
        Some((
            line,
            module.filter(|_| body.starts_with("#[")).map(str::to_owned),
        ))
    })
}

#[test]
fn sees_code_and_nothing_else() {
    let text = "// unsafe\n/* unsafe /* */ unsafe */ let a = \"unsafe \\\" unsafe\"; let b = r#\"\"unsafe\"#;\n\
                let c = '\"'; unsafe { f::<'a>(b'\\'', r#unsafe_code) } // no\nlet d = br\"unsafe\"; let e = \"x\";";
    let code = only(text);
    assert_eq!(words(&code, "unsafe").collect::<Vec<_>>(), [3], "{code}");
    assert!(code.contains("let e ="), "{code}");
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn sees_what_lifts_a_lint() {
    let text = "#![allow(unsafe_code)]\n#[allow(unsafe_code, reason = \"room\")]\npub(crate) mod ffi;\n\
                #[expect(\n    unsafe_code\n)]\nfn f() {}\n#[allow(dead_code)] mod g;\n#![deny(unsafe_code)]\n";
    let code = only(text);
    let found: Vec<_> = lifts(&code, "unsafe_code").collect();
    assert_eq!(found, [(1, None), (2, Some("ffi".to_owned())), (4, None)]);
}
