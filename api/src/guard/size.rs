//! Refuses a request whose head is too large. Not here: bodies (`read::body`), or the HTTP library's own, wider limits.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::{Problem, Reason};
use crate::state::Api;

/// 414 for a long address, 431 for large headers.
pub(crate) async fn check(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |text| text.as_str().len());
    let most = api.options.max_uri_bytes;
    if length > most {
        let detail = format!("the address has {length} bytes; at most {most} are allowed");
        return Err(Problem::new(Reason::UriTooLong, detail));
    }
    let headers = request.headers().iter();
    let length: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let most = api.options.max_header_bytes;
    if length > most {
        let detail = format!("the headers have {length} bytes; at most {most} are allowed");
        return Err(Problem::new(Reason::HeadersTooLarge, detail));
    }
    Ok(next.run(request).await)
}
