//! A configuration error: what is wrong, where, and the line it is on. Not here: what is allowed.

use std::fmt;
use std::ops::Range;

use newsreel_model::{Code, Error};

/// The most findings that are shown; a file with more is hardly read line by line.
const MAX_FINDINGS: usize = 10;
/// The most characters of a source line that are shown, around the place that is pointed at.
const MAX_LINE_CHARS: usize = 120;
/// The most characters of a message; it may quote the file.
const MAX_MESSAGE_CHARS: usize = 500;

/// Something wrong at a range of bytes of the text.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    span: Range<usize>,
    message: String,
}

impl Finding {
    pub(crate) fn new(span: Range<usize>, message: String) -> Self {
        Self { span, message }
    }
}

/// What is wrong with a configuration file.
///
/// Displayed as `FILE:LINE:COLUMN: MESSAGE` (both from 1, columns in characters), followed by the line and a caret
/// under the place; several findings follow each other in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    /// An error without a place: the file as a whole.
    pub(crate) fn whole_file(file_name: &str, message: String) -> Self {
        Self(format!("{file_name}: {message}"))
    }

    /// Errors at places in `text`.
    pub(crate) fn at(file_name: &str, text: &str, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.span.start);
        let mut shown: Vec<_> = findings
            .iter()
            .take(MAX_FINDINGS)
            .map(|finding| render(file_name, text, finding))
            .collect();
        if findings.len() > MAX_FINDINGS {
            shown.push(format!("… and {} more", findings.len() - MAX_FINDINGS));
        }
        Self(shown.join("\n\n"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for Error {
    fn from(err: ConfigError) -> Self {
        Self::new(Code::ConfigInvalid, err.0)
    }
}

/// One finding with its line and a caret.
fn render(file_name: &str, text: &str, finding: &Finding) -> String {
    let start = text.floor_char_boundary(finding.span.start);
    let end = text.ceil_char_boundary(finding.span.end).max(start);
    let (before, after) = text.split_at(start);
    let number = before.matches('\n').count() + 1;
    let left = before.rsplit('\n').next().unwrap_or_default();
    let right = first_line(after);
    let marked = first_line(&text[start..end]).chars().count().max(1);
    let column = left.chars().count() + 1;

    // A line of a megabyte is possible, so only what is around the place is shown.
    let from = column.saturating_sub(1 + MAX_LINE_CHARS / 2);
    let line: Vec<char> = without_secrets(&format!("{left}{right}"));
    let window: String = line.iter().skip(from).take(MAX_LINE_CHARS).collect();
    let head = if from > 0 { "…" } else { "" };
    let tail = if line.len() > from + MAX_LINE_CHARS {
        "…"
    } else {
        ""
    };
    let indent = " ".repeat(column - 1 - from + head.chars().count());
    let caret = "^".repeat(marked.min(MAX_LINE_CHARS / 2));
    let gutter = " ".repeat(number.to_string().len());
    let message = message(&finding.message);
    let source = format!("{number} | {head}{window}{tail}");
    format!(
        "{file_name}:{number}:{column}: {message}\n{gutter} |\n{}\n{gutter} | {indent}{caret}",
        source.trim_end()
    )
}

/// Keys whose values no log and no client is to see, whatever is wrong with them.
const SECRETS: [&str; 5] = ["secret", "password", "headers", "authorization", "url"];

/// A line as it may be shown: every character of a secret is a dot, of an address all that comes after its host.
fn without_secrets(line: &str) -> Vec<char> {
    let lower = line.to_ascii_lowercase();
    // Where the value of a key begins, in bytes: whatever follows on the line is taken for it.
    let value = |name: &'static str| {
        let after = lower.find(name)? + name.len();
        let rest = lower[after..].trim_start_matches(['"', '\'', ' ', '\t']);
        rest.starts_with('=')
            .then_some((lower.len() - rest.len(), name))
    };
    let secret = SECRETS.into_iter().filter_map(value).min();
    let mut slashes = 0;
    let shown = line.char_indices().map(|(at, c)| {
        slashes += u32::from(c == '/');
        let hides = secret.is_some_and(|(from, name)| at > from && (name != "url" || slashes > 2));
        if hides && !"\"' {}=,/".contains(c) {
            '•'
        } else {
            printable(c)
        }
    });
    shown.collect()
}

fn first_line(text: &str) -> &str {
    text.split(['\r', '\n']).next().unwrap_or_default()
}

/// A file's control characters do not reach the terminal, and a tab is one column wide.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn message(text: &str) -> String {
    let line = text.trim_end().replace('\n', ", ");
    let mut shown: String = line
        .chars()
        .map(printable)
        .take(MAX_MESSAGE_CHARS)
        .collect();
    if line.chars().count() > MAX_MESSAGE_CHARS {
        shown.push('…');
    }
    shown
}
