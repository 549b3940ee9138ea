//! Whether a client's copy of a file is still good. Not here: which part it asks for.

use axum::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE};
use axum::http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use newsreel_model::control::MediaFile;

/// How a state of a file is told from another.
#[derive(Debug)]
pub(super) struct Validators {
    /// With quotes; weak for a file that may be replaced, since two states may share length and time.
    pub(super) etag: Option<String>,
    /// As an HTTP date.
    pub(super) last_modified: Option<String>,
    modified: Option<Timestamp>,
}

impl Validators {
    pub(super) fn of(file: &MediaFile) -> Self {
        let tag = |at: Timestamp| {
            let weak = if file.immutable { "" } else { "W/" };
            format!("{weak}\"{:x}-{:x}\"", file.len, at.as_nanosecond())
        };
        let date = |at: Timestamp| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok();
        Self {
            etag: file.modified.map(tag),
            last_modified: file.modified.and_then(date),
            modified: file.modified,
        }
    }

    /// Whether the copy the client has is the file: 304.
    pub(super) fn unchanged(&self, headers: &HeaderMap) -> bool {
        let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
        if tags.peek().is_some() {
            return tags.any(|list| list.to_str().is_ok_and(|list| self.listed(list)));
        }
        let since = text(headers, &IF_MODIFIED_SINCE).and_then(date);
        match (self.modified, since) {
            (Some(modified), Some(since)) => modified.as_second() <= since.as_second(),
            _ => false,
        }
    }

    /// Whether a part of the file goes with the parts the client has. A weak tag never says so.
    pub(super) fn same_for_range(&self, headers: &HeaderMap) -> bool {
        match (text(headers, &IF_RANGE), headers.contains_key(IF_RANGE)) {
            (None, sent) => !sent,
            (Some(tag), _) if tag.starts_with('"') => self.etag.as_deref() == Some(tag),
            // A date has the grain of a second: it proves something only where nothing changes any more.
            (Some(tag), _) => {
                let strong = self.etag.as_ref().is_some_and(|own| own.starts_with('"'));
                strong && self.last_modified.as_deref() == Some(tag)
            }
        }
    }

    fn listed(&self, list: &str) -> bool {
        let Some(own) = &self.etag else {
            return false;
        };
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let own = bare(own);
        list.trim() == "*" || list.split(',').any(|tag| bare(tag) == own)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}
