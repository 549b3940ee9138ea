//! Gives the failures of libraries and of panics our form, and every answer the headers it must have. Not here: our own failures.

use std::any::Any;

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use newsreel_model::{Code, Error};

use super::{PROBLEM_JSON, Problem, Reason};

/// Turns every failure that is not a problem yet into one; keeps its other headers, such as `Allow`.
pub(crate) async fn everywhere(request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let mut response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed && !is_problem(response.headers()) {
        let problem = for_status(response.status(), &asked);
        let (head, body) = problem.into_response().into_parts();
        response
            .headers_mut()
            .remove(axum::http::header::CONTENT_LENGTH);
        response.headers_mut().extend(head.headers);
        *response.body_mut() = body;
    }
    let headers = response.headers_mut();
    // What is said of a job is true for the moment only; a file under /media says for itself how long it lasts.
    let fresh = HeaderValue::from_static("no-store");
    headers.entry(CACHE_CONTROL).or_insert(fresh);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|found| found.as_bytes() == PROBLEM_JSON.as_bytes())
}

fn for_status(status: StatusCode, asked: &str) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(
            Reason::RouteUnknown,
            format!("there is nothing at {asked}; /openapi.json lists what there is"),
        ),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            Reason::MethodNotAllowed,
            format!("{asked} is not possible; the Allow header lists the methods that are"),
        ),
        _ => Problem::new(Reason::Other(status), "the request could not be served"),
    }
}

/// Answers for a handler that panicked; the panic's words go to the log only.
pub(crate) fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload.downcast_ref::<&str>().copied();
    let words = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        panic = words.unwrap_or("without words"),
        "a handler panicked"
    );
    Problem::from(Error::new(
        Code::Internal,
        "the request met a fault of ours; the log has it under the x-request-id of this answer",
    ))
    .into_response()
}
