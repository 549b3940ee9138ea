//! Reads where a listener wants to begin, and which receiver is meant. Not here: what it is told then (`push`).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use newsreel_model::JobId;
use newsreel_model::webhook::MAX_URL_CHARS;

use super::query::pairs;
use crate::problem::Problem;
use crate::state::Api;

/// The header in which a browser says which event it saw last when its stream broke off.
const HEADER: &str = "Last-Event-ID";

/// The last event seen: by the header, or by `after` for who has no say over headers. The header is the newer word.
pub(crate) struct LastSeen(pub(crate) Option<u64>);

impl FromRequestParts<Api> for LastSeen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let given = pairs(parts.uri.query(), &["after"])?;
        let after = given
            .get("after")
            .map(|text| number("after", text))
            .transpose()?;
        let mut all = parts.headers.get_all(HEADER).iter();
        let header = match (all.next(), all.next()) {
            (None, _) => None,
            (Some(only), None) => Some(number(HEADER, only.to_str().unwrap_or_default())?),
            (Some(_), Some(_)) => return Err(Problem::parameter(HEADER, "must be sent once")),
        };
        Ok(Self(header.or(after)))
    }
}

/// What a WebSocket client asks for.
pub(crate) struct Wanted {
    pub(crate) job: Option<JobId>,
    pub(crate) after: Option<u64>,
}

impl FromRequestParts<Api> for Wanted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let given = pairs(parts.uri.query(), &["job", "after"])?;
        let job = given.get("job").map(|text| {
            text.parse()
                .map_err(|_| Problem::parameter("job", "must be the id of a job"))
        });
        let after = given.get("after").map(|text| number("after", text));
        Ok(Self {
            job: job.transpose()?,
            after: after.transpose()?,
        })
    }
}

/// The receiver that `endpoint` names.
pub(crate) struct EndpointName(pub(crate) String);

/// Longest name of a receiver: an address and what marks it as one.
pub(crate) const MAX_ENDPOINT_CHARS: usize = MAX_URL_CHARS + 4;

impl FromRequestParts<Api> for EndpointName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let mut given = pairs(parts.uri.query(), &["endpoint"])?;
        let name = given.remove("endpoint").filter(|name| {
            let marks = ["name:", "mail:", "message:", "url:"];
            let rest = marks.iter().find_map(|mark| name.strip_prefix(mark));
            let marked = rest.is_some_and(|rest| !rest.is_empty());
            marked && name.len() <= MAX_ENDPOINT_CHARS && name.bytes().all(|b| b.is_ascii_graphic())
        });
        let rule = "must be `endpoint` of one that `GET /v1/webhooks` lists";
        name.map(Self)
            .ok_or_else(|| Problem::parameter("endpoint", rule))
    }
}

fn number(name: &str, text: &str) -> Result<u64, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Problem::parameter(name, "must be the id of an event, a whole number"))
}
