//! The protocol's headers, read. What is missing or wrong is named.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use newsreel_model::uploads::MAX_METADATA_BYTES;

use super::{
    TUS_RESUMABLE, UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, VERSION,
};
use crate::problem::{Problem, Reason};
use crate::state::Api;

/// The type of a body that is a piece of an upload.
const PIECE: &str = "application/offset+octet-stream";

/// A request that speaks the version there is. A browser sends the header for no page of another origin without asking first.
pub(crate) struct Spoken;

impl FromRequestParts<Api> for Spoken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        match only(&parts.headers, TUS_RESUMABLE)? {
            Some(version) if version == VERSION.as_bytes() => Ok(Self),
            _ => Err(Problem::new(
                Reason::TusVersion,
                "the header `Tus-Resumable` must be sent, as 1.0.0",
            )),
        }
    }
}

/// The value of a header that may be sent once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Problem> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (first, None) => Ok(first.map(|value| value.as_bytes())),
        _ => Err(Problem::parameter(name, "must be sent once")),
    }
}

/// Digits alone: no sign, no space, no fraction.
fn number(headers: &HeaderMap, name: &str) -> Result<u64, Problem> {
    let wrong = || Problem::parameter(name, "must be sent, as a whole number of bytes");
    let digits = only(headers, name)?.ok_or_else(wrong)?;
    let text = std::str::from_utf8(digits).map_err(|_| wrong())?;
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let read = plain.then(|| text.parse().ok()).flatten();
    // A file cannot be longer.
    read.filter(|bytes| i64::try_from(*bytes).is_ok())
        .ok_or_else(wrong)
}

/// Where a piece belongs; its body must be one.
pub(crate) fn offset(headers: &HeaderMap) -> Result<u64, Problem> {
    if !is_piece(headers)? {
        return Err(Problem::new(
            Reason::MediaTypeUnsupported,
            "the body must be a piece of the upload, sent as `Content-Type: application/offset+octet-stream`",
        ));
    }
    number(headers, UPLOAD_OFFSET)
}

/// Whether the body is a piece of an upload.
fn is_piece(headers: &HeaderMap) -> Result<bool, Problem> {
    let kind = only(headers, CONTENT_TYPE.as_str())?;
    Ok(kind.is_some_and(|kind| kind.eq_ignore_ascii_case(PIECE.as_bytes())))
}

/// How long an upload will be.
pub(crate) fn length(headers: &HeaderMap) -> Result<u64, Problem> {
    if headers.contains_key(UPLOAD_DEFER_LENGTH) {
        let rule = "is not supported: send `Upload-Length`";
        return Err(Problem::parameter(UPLOAD_DEFER_LENGTH, rule));
    }
    number(headers, UPLOAD_LENGTH)
}

/// What an upload is to begin with: its metadata, and whether a first piece comes along.
pub(crate) fn start(headers: &HeaderMap) -> Result<(String, bool), Problem> {
    let name = UPLOAD_METADATA;
    let text = only(headers, UPLOAD_METADATA)?.unwrap_or_default();
    if text.len() > MAX_METADATA_BYTES {
        let rule = format!("may have at most {MAX_METADATA_BYTES} bytes");
        return Err(Problem::parameter(name, &rule));
    }
    let text = std::str::from_utf8(text).unwrap_or("!");
    if !text.is_empty() && !text.split(',').all(is_pair) {
        let rule = "must be keys, each with a space and its value in base64 or alone, with commas between them";
        return Err(Problem::parameter(name, rule));
    }
    Ok((text.to_owned(), is_piece(headers)?))
}

fn is_pair(text: &str) -> bool {
    let (key, value) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let in_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let padded = value.len().is_multiple_of(4) && value.bytes().all(in_base64);
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic()) && padded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_number_is_digits_that_a_file_can_be_long() {
        for (text, read) in [
            ("0", Some(0)),
            ("9223372036854775807", Some(i64::MAX as u64)),
        ] {
            assert_eq!(length(&with("upload-length", text)).ok(), read);
        }
        for text in [
            "",
            "-1",
            "+1",
            "1.0",
            "1 ",
            "0x1",
            "9223372036854775808",
            "1e3",
        ] {
            assert!(length(&with("upload-length", text)).is_err(), "{text:?}");
        }
        assert!(length(&HeaderMap::new()).is_err());
    }

    #[test]
    fn metadata_is_keys_with_values_in_base64() {
        for text in ["", "filename c3Rvcnkub", "is_confidential", "a Yg==,b"] {
            let fits = text != "filename c3Rvcnkub";
            let read = start(&with("upload-metadata", text));
            assert_eq!(read.is_ok(), fits, "{text:?}");
        }
        for text in [" ", ",", "a b c", "a ?===", &"a".repeat(5000)] {
            assert!(start(&with("upload-metadata", text)).is_err(), "{text:?}");
        }
    }
}
