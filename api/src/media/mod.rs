//! A job's published files: whole or in part, from anywhere. Not here: which files there are, or opening them (the daemon does).

mod cors;
mod name;
mod range;
mod send;
mod validators;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use newsreel_model::{Code, Error};

use crate::problem::{Problem, Reason};
use crate::read::job_id;
use crate::seen::Seen;
use crate::state::Api;

pub(crate) use cors::open;
pub(crate) use name::{MAX_CHARS, PATTERN, TYPES};

/// The routes. Query parameters are let through: players and caches add their own.
pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/media/{job}/{*path}", get(file).options(cors::preflight))
}

/// Sends a file; answers HEAD as well, since routing takes it for a GET whose body is dropped.
async fn file(
    State(api): State<Api>,
    seen: Seen,
    method: Method,
    headers: HeaderMap,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    // What is no UTF-8 when decoded names nothing.
    let Path((first, rest)) = path.map_err(|_| unknown())?;
    let Named { job, path, .. } = Named::new(first, rest);
    let id = job_id(&job)?;
    let kind = name::content_type(&path).ok_or_else(unknown)?;
    let Ok(permit) = api.streams.clone().try_acquire_owned() else {
        let detail = "too many files are being sent; try again in a moment";
        return Err(Problem::new(Reason::Overloaded, detail));
    };
    let opened = seen.media(id, path).await;
    let opened = opened.map_err(|error| match error.code() {
        Code::InputNotFound => unknown(),
        _ => Problem::from(error),
    })?;
    send::answer(opened, kind, &method, &headers, permit)
}

/// What the two parts of an address name: `{job}/{path}`, or `~{token}/{job}/{path}` of a link.
pub(crate) struct Named {
    pub(crate) token: Option<String>,
    pub(crate) job: String,
    pub(crate) path: String,
}

impl Named {
    pub(crate) fn new(first: String, rest: String) -> Self {
        match (first.strip_prefix('~'), rest.split_once('/')) {
            (Some(token), Some((job, path))) => Self {
                token: Some(token.to_owned()),
                job: job.to_owned(),
                path: path.to_owned(),
            },
            _ => Self {
                token: None,
                job: first,
                path: rest,
            },
        }
    }
}

fn unknown() -> Problem {
    let error = Error::new(Code::InputNotFound, "the job has published no such file");
    Problem::from(error).with_status(StatusCode::NOT_FOUND)
}
