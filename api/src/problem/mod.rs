//! How a failure is answered: RFC 9457, with a stable code. The words are for the user; the detail is for the log.
//!
//! Not here: which status a code has (`reason`), or answers made by libraries (`rewrite`).

mod reason;
mod rewrite;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use newsreel_model::{Code, Error};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use reason::Reason;
pub(crate) use rewrite::{everywhere, panicked};

/// The media type of every failure.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// One field of the request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldError {
    /// Its path, for example `input.url`; a parameter's or header's name where it is one.
    #[schema(example = "priority")]
    pub(crate) field: String,
    /// What is allowed.
    #[schema(example = "must be 0–100")]
    pub(crate) detail: String,
}

/// What went wrong, as RFC 9457 has it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
struct Answer {
    /// `urn:newsreel:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(
        pattern = "^urn:newsreel:problem:[a-z0-9_]+$",
        example = "urn:newsreel:problem:job_unknown"
    )]
    kind: String,
    /// The code in words; the same for every problem with this code.
    #[schema(example = "Job unknown")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    /// A stable name to act on; new ones may come.
    #[schema(pattern = "^[a-z0-9_]+$", example = "job_unknown")]
    code: String,
    /// What happened and what to do about it, for people.
    #[schema(example = "there is no such job")]
    detail: String,
    /// The fields that are wrong, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// The schema's name and text, for the document.
pub(crate) fn schema() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
    use utoipa::PartialSchema as _;
    vec![
        ("FieldError".to_owned(), FieldError::schema()),
        ("Problem".to_owned(), Answer::schema()),
    ]
}

/// A failure on its way to the client.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    reason: Reason,
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
}

impl Problem {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            status: reason.status(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    /// Says when to come back where it is known better than by the reason.
    pub(crate) fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// A request that cannot be read at all: 400. One that can, but asks for what is not allowed, is an [`Error`] and 422.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Reason::Known(Code::RequestInvalid), detail).with_status(StatusCode::BAD_REQUEST)
    }

    /// A parameter or header that is wrong: 400.
    pub(crate) fn parameter(name: &str, rule: &str) -> Self {
        Self::malformed(format!("`{name}` {rule}")).in_field(name, rule)
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn in_field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            detail: detail.into(),
        });
        self
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let reason = Reason::Known(error.code());
        if let Some(detail) = error.detail() {
            tracing::warn!(code = error.code().name(), detail, "a request failed");
        } else if reason.status().is_server_error() {
            tracing::warn!(code = error.code().name(), "{error}");
        }
        let problem = Self::new(reason, error.message());
        match error.field() {
            Some(field) => {
                let named = format!("`{field}` ");
                let rule = error.message().strip_prefix(&named);
                problem.in_field(field, rule.unwrap_or(error.message()))
            }
            None => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.reason.name();
        let answer = Answer {
            kind: format!("urn:newsreel:problem:{code}"),
            title: self.reason.title(),
            status: self.status.as_u16(),
            code,
            detail: self.detail,
            errors: self.errors,
        };
        let mut response = (self.status, Json(answer)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        let usual = self.reason.retry_after_s(self.status);
        if let Some(seconds) = self.retry_after_s.or(usual) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"newsreel\"");
            headers.insert(WWW_AUTHENTICATE, how);
        }
        response
    }
}
