//! From a `file` URL to the path it means. Not whether that may be used.

use std::path::PathBuf;

use newsreel_model::{Code, Error, Result};
use url::Url;

/// The path a URL in `field` means.
///
/// # Errors
/// It is no `file` URL of this machine, or has parts that mean another path once it is resolved.
pub fn file_path(field: &str, url: &str) -> Result<PathBuf> {
    let invalid = |why: &str| {
        Error::new(
            Code::RequestInvalid,
            format!("`{field}` {why}; give file:///absolute/path"),
        )
    };
    let parsed = Url::parse(url).map_err(|e| invalid(&format!("is no URL ({e})")))?;
    if parsed.scheme() != "file" {
        return Err(Error::new(
            Code::InputSchemeUnsupported,
            format!(
                "`{field}`: `{}` URLs are not served here; give file:///absolute/path",
                parsed.scheme()
            ),
        ));
    }
    if parsed
        .host_str()
        .is_some_and(|host| !host.is_empty() && host != "localhost")
    {
        return Err(invalid("names another machine"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(invalid(
            "has a query or fragment; write ? as %3F and # as %23",
        ));
    }
    // A path with dots in it would mean something else before and after it is resolved.
    let written = url.split_once("://").map_or(url, |(_, rest)| rest);
    let has_dots = |text: &str| text.split('/').any(|part| part == ".." || part == ".");
    let path = parsed
        .to_file_path()
        .map_err(|()| invalid("is no local path"))?;
    let decoded = percent_decoded(written);
    if has_dots(written) || has_dots(&decoded) || path.to_string_lossy().contains('\0') {
        return Err(invalid("must not hold `.` or `..` as a part of its path"));
    }
    Ok(path)
}

/// For looking at, not for opening.
fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
