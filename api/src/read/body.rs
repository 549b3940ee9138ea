//! Reads a JSON body within its limits of size and time. Not here: what is in it.

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use newsreel_model::{Code, Error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{shape, strict, words};
use crate::problem::{Problem, Reason};
use crate::state::Api;

/// A body of this type, as JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + Serialize> FromRequest<Api> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        is_json(&head.headers)?;
        let bytes = bytes(body, api).await?;
        parse(&bytes).map(Self)
    }
}

/// No body. An empty object is none too, since some clients cannot send less.
pub(crate) struct Nothing;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

impl FromRequest<Api> for Nothing {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        if !body.is_end_stream() {
            let bytes = bytes(body, api).await?;
            if !bytes.is_empty() {
                is_json(&head.headers)?;
                parse::<Empty>(&bytes)?;
            }
        }
        Ok(Self)
    }
}

/// A form that a page of another site may send without being asked has another type, so this is a guard as well.
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut all = headers.get_all(CONTENT_TYPE).iter();
    let only = match (all.next(), all.next()) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    };
    let mut parts = only.unwrap_or_default().split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if json && utf8 {
        return Ok(());
    }
    Err(Problem::new(
        Reason::MediaTypeUnsupported,
        "the body must be JSON in UTF-8, sent as `Content-Type: application/json`",
    ))
}

async fn bytes(body: Body, api: &Api) -> Result<Vec<u8>, Problem> {
    let most = api.options.max_body_bytes;
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > most {
        return Err(too_large(most));
    }
    match tokio::time::timeout(api.options.body_timeout, collect(body, declared, most)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            Reason::BodyTimedOut,
            "the body took too long to arrive",
        )),
    }
}

async fn collect(mut body: Body, declared: usize, most: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(declared);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed("the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len().saturating_add(data.len()) > most {
            return Err(too_large(most));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn too_large(most: usize) -> Problem {
    Error::new(
        Code::RequestTooLarge,
        format!("the body is larger than {most} bytes"),
    )
    .into()
}

/// Bytes that are no JSON are 400; JSON that is not this type is 422.
fn parse<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, Problem> {
    let given = strict::value(bytes).map_err(|error| {
        let words = words::plain(&error.to_string());
        Problem::malformed(format!("the body is not JSON that can be read: {words}"))
    })?;
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let typed: T = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let path = words::short(&error.path().to_string());
        invalid(&path, &words::plain(&error.inner().to_string()))
    })?;
    if let Ok(kept) = serde_json::to_value(&typed)
        && let Some((path, rule)) = shape::difference(&given, &kept)
    {
        return Err(invalid(&path, rule));
    }
    Ok(typed)
}

fn invalid(path: &str, rule: &str) -> Problem {
    let error = |detail: String| Problem::from(Error::new(Code::RequestInvalid, detail));
    match path {
        "" | "." => error(format!("the body is wrong: {rule}")),
        _ => error(format!("`{path}`: {rule}")).in_field(path, rule),
    }
}
