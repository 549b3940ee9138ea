//! Keeps the number of requests and the time of each within bounds. Not here: how fast a client reads its answer.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::is_probe;
use crate::problem::{Problem, Reason};
use crate::state::Api;
use crate::tus;

/// 503 when there are too many requests already, or when the answer does not come in time. Work that was accepted before the
/// time ran out stays accepted; an idempotency key makes asking again safe.
pub(crate) async fn admit(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if is_probe(request.uri().path()) {
        return Ok(next.run(request).await);
    }
    // How long an upload takes is its client's affair, so these have permits of their own.
    let streams = tus::may_stream(request.method(), request.uri().path());
    let permits = match streams {
        true => &api.arriving,
        false => &api.requests,
    };
    let Ok(_permit) = permits.try_acquire() else {
        let detail = "too many requests at a time; try again in a moment";
        return Err(Problem::new(Reason::Overloaded, detail));
    };
    if streams {
        return Ok(next.run(request).await);
    }
    let answer = tokio::time::timeout(api.options.request_timeout, next.run(request)).await;
    answer.map_err(|_| {
        let detail = "the answer took too long; what was asked may have been done all the same";
        Problem::new(Reason::TimedOut, detail)
    })
}
