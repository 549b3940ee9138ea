//! Gives every request an id, its log lines a span, and its end a line. Not here: metrics.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

/// The header an id travels in, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken over from a client.
const MAX_ID_CHARS: usize = 64;

/// Keeps a client's own id when it is plain, makes one otherwise, and puts it on the answer.
pub(crate) async fn each(request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(plain);
    let id = id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let span = tracing::info_span!("request", %id, method = %request.method(), path = request.uri().path());
    async move {
        let start = Instant::now();
        let mut response = next.run(request).await;
        tracing::debug!(
            status = response.status().as_u16(),
            seconds = start.elapsed().as_secs_f64(),
            "answered"
        );
        if let Ok(value) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
    .instrument(span)
    .await
}

/// The id, if it is one that may stand in a log line as it is.
fn plain(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let fits = !text.is_empty() && text.len() <= MAX_ID_CHARS;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (fits && text.bytes().all(plain)).then(|| text.to_owned())
}
