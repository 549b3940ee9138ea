//! Reads the `Idempotency-Key` header. Not here: what it promises, or how long it is kept.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::problem::Problem;
use crate::state::Api;

/// Name of the header.
const HEADER: &str = "Idempotency-Key";

/// Longest key.
pub(crate) const MAX_CHARS: usize = 200;

/// The key, if one was sent.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl FromRequestParts<Api> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let mut all = parts.headers.get_all(HEADER).iter();
        let Some(value) = all.next() else {
            return Ok(Self(None));
        };
        let wrong = || {
            let rule = format!("must be sent once, as 1–{MAX_CHARS} visible ASCII characters");
            Problem::parameter(HEADER, &rule)
        };
        let bytes = value.as_bytes();
        let fits = !bytes.is_empty() && bytes.len() <= MAX_CHARS;
        if all.next().is_some() || !fits || !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(wrong());
        }
        let key = value.to_str().map_err(|_| wrong())?;
        Ok(Self(Some(key.to_owned())))
    }
}
