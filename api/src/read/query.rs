//! Reads query parameters: each at most once, each known, each in its range. Not here: what they select.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use newsreel_model::JobId;
use newsreel_model::control::JobQuery;
use newsreel_model::job::JobState;
use newsreel_model::search::{MAX_QUERY_CHARS, SearchQuery};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as Unread, StrDeserializer};

use super::words::short;
use crate::problem::Problem;
use crate::state::Api;

/// Largest page.
pub(crate) const MAX_LIMIT: u32 = 200;

/// Page when none is asked for.
pub(crate) const DEFAULT_LIMIT: u32 = 50;

/// Longest external id and tenant, as in a job's spec.
pub(crate) const MAX_EXTERNAL_ID_CHARS: usize = 200;
pub(crate) const MAX_TENANT_CHARS: usize = 64;

/// For routes without parameters: a misspelt one would otherwise be quietly ignored.
pub(crate) struct NoQuery;

impl FromRequestParts<Api> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        pairs(parts.uri.query(), &[]).map(|_| Self)
    }
}

/// Which jobs to list.
pub(crate) struct List(pub(crate) JobQuery);

impl FromRequestParts<Api> for List {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let names = ["state", "tenant", "external_id", "cursor", "limit"];
        let given = pairs(parts.uri.query(), &names)?;
        let get = |name: &str| given.get(name).map(String::as_str);
        Ok(Self(JobQuery {
            state: get("state").map(state).transpose()?,
            tenant: get("tenant").map(tenant).transpose()?,
            external_id: get("external_id").map(external_id).transpose()?,
            before: get("cursor").map(cursor).transpose()?,
            limit: get("limit")
                .map(limit)
                .transpose()?
                .unwrap_or(DEFAULT_LIMIT),
        }))
    }
}

/// Which words to find.
pub(crate) struct Words(pub(crate) SearchQuery);

impl FromRequestParts<Api> for Words {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let given = pairs(parts.uri.query(), &["q", "tenant", "limit"])?;
        let get = |name: &str| given.get(name).map(String::as_str);
        let text = get("q").unwrap_or_default();
        if text.is_empty() || text.chars().count() > MAX_QUERY_CHARS {
            let rule = format!("must be 1–{MAX_QUERY_CHARS} characters");
            return Err(Problem::parameter("q", &rule));
        }
        let wanted = get("limit").map(limit).transpose()?;
        Ok(Self(SearchQuery {
            text: text.to_owned(),
            tenant: get("tenant").map(tenant).transpose()?,
            limit: wanted.unwrap_or(DEFAULT_LIMIT),
        }))
    }
}

fn state(text: &str) -> Result<JobState, Problem> {
    let from: StrDeserializer<'_, Unread> = text.into_deserializer();
    JobState::deserialize(from).map_err(|_| {
        let rule = "must be one of queued, running, completed, failed and cancelled";
        Problem::parameter("state", rule)
    })
}

fn tenant(text: &str) -> Result<String, Problem> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if text.is_empty() || text.len() > MAX_TENANT_CHARS || !text.bytes().all(plain) {
        let rule = format!("must be 1–{MAX_TENANT_CHARS} characters of a–z, 0–9, - and _");
        return Err(Problem::parameter("tenant", &rule));
    }
    Ok(text.to_owned())
}

fn external_id(text: &str) -> Result<String, Problem> {
    let fits = !text.is_empty() && text.chars().count() <= MAX_EXTERNAL_ID_CHARS;
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !fits || text.chars().any(odd) {
        let rule = format!(
            "must be 1–{MAX_EXTERNAL_ID_CHARS} characters, none of them a control character"
        );
        return Err(Problem::parameter("external_id", &rule));
    }
    Ok(text.to_owned())
}

fn cursor(text: &str) -> Result<JobId, Problem> {
    let rule = "must be the `next_cursor` of the page before";
    text.parse().map_err(|_| Problem::parameter("cursor", rule))
}

fn limit(text: &str) -> Result<u32, Problem> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|n| (1..=MAX_LIMIT).contains(n));
    number.filter(|_| digits).ok_or_else(|| {
        let rule = format!("must be a whole number 1–{MAX_LIMIT}");
        Problem::parameter("limit", &rule)
    })
}

/// The parameters by name, decoded. Refuses names that are not in `known`, names given twice, and what is no UTF-8.
pub(super) fn pairs(
    query: Option<&str>,
    known: &[&str],
) -> Result<BTreeMap<String, String>, Problem> {
    let mut found = BTreeMap::new();
    let parts = query.unwrap_or_default().split('&');
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let wrong = || Problem::malformed("the query is not percent-encoded UTF-8");
        let name = decode(name).ok_or_else(wrong)?;
        let value = decode(value).ok_or_else(wrong)?;
        if !known.contains(&name.as_str()) {
            return Err(unknown(&name, known));
        }
        if found.insert(name.clone(), value).is_some() {
            return Err(Problem::parameter(
                &name,
                "must not be given more than once",
            ));
        }
    }
    Ok(found)
}

fn unknown(name: &str, known: &[&str]) -> Problem {
    let rule = match known {
        [] => "is not known: there are no query parameters here".to_owned(),
        _ => format!("is not known: there are {}", known.join(", ")),
    };
    Problem::parameter(&short(name), &rule)
}

/// Undoes percent-encoding and `+` for a space; none when a percent sign is not followed by two hex digits, or the bytes are no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => digit(bytes.next()?)? * 16 + digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(plain).ok()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_or_refused() {
        assert_eq!(decode("a%20b+c%C3%A9").as_deref(), Some("a b cé"));
        for text in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_limit_is_plain_digits_in_range() {
        assert_eq!(limit("1").ok(), Some(1));
        assert_eq!(limit("200").ok(), Some(200));
        for text in [
            "0",
            "201",
            "+5",
            "-1",
            "1.0",
            " 1",
            "",
            "99999999999999999999",
        ] {
            assert!(limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_parameter_is_known_and_given_once() {
        assert_eq!(pairs(Some("a=1&&"), &["a"]).unwrap().len(), 1);
        assert!(pairs(Some("a=1&a=2"), &["a"]).is_err());
        assert!(pairs(Some("b"), &["a"]).is_err());
        assert!(pairs(None, &[]).is_ok());
    }
}
