//! Events as `text/event-stream`. Not here: which ones (`listen`).

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::listen::{From, Listener};
use crate::document::{JobPath, OneJob, Since};
use crate::problem::Problem;
use crate::read::{Job, LastSeen};
use crate::seen::Seen;
use crate::state::Api;

/// Between two signs of life on a stream without events: what lies between may close connections that are silent.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// The first words: after how many milliseconds a client whose stream broke off should come again.
const HELLO: &str = ": newsreel\nretry: 2000\n\n";

/// Listen to all events
///
/// Without a place to begin at, from now on. `job.progress` and `log.gap` carry no id; the latter says that events after the
/// one asked for are kept no more. A client that reads too slowly is cut off, and goes on by `Last-Event-ID`.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "listenToAll", tag = "events",
    params(Since),
    responses((status = 200, description = "Events without end, each an envelope.", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn every(
    State(api): State<Api>,
    seen: Seen,
    LastSeen(since): LastSeen,
) -> Result<Response, Problem> {
    let from = since.map_or(From::Now, From::After);
    Ok(stream(Listener::new(&api, &seen, None, from).await?))
}

/// Listen to a job's events
///
/// Without a place to begin at, from the job's first event on.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", operation_id = "listenToJob", tag = "events",
    params(JobPath, Since),
    responses((status = 200, description = "Events without end, each an envelope.", content_type = "text/event-stream", body = String), OneJob)
)]
pub(crate) async fn of_job(
    State(api): State<Api>,
    seen: Seen,
    Job(id): Job,
    LastSeen(since): LastSeen,
) -> Result<Response, Problem> {
    let from = since.map_or(From::Start, From::After);
    Ok(stream(Listener::new(&api, &seen, Some(id), from).await?))
}

fn stream(listener: Listener) -> Response {
    let begun = futures_util::stream::once(async {
        Ok::<_, Infallible>(Bytes::from_static(HELLO.as_bytes()))
    });
    let rest = futures_util::stream::unfold(listener, |mut listener| async {
        let bytes = match tokio::time::timeout(ALIVE_EVERY, listener.next()).await {
            Err(_) => Bytes::from_static(b":\n\n"),
            Ok(None) => return None,
            Ok(Some(told)) => {
                let id = told.id.map_or_else(String::new, |id| format!("id: {id}\n"));
                Bytes::from(format!("{id}event: {}\ndata: {}\n\n", told.kind, told.json))
            }
        };
        Some((Ok(bytes), listener))
    });
    let mut response =
        Body::from_stream(futures_util::StreamExt::chain(begun, rest)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers before it sends would hold every event back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
