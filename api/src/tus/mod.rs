//! What the protocol tus 1.0 says in headers and bodies. Not here: the routes (`routes::uploads`), or where the bytes go.

mod headers;
mod receive;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

pub(crate) use headers::{Spoken, length, offset, start};
pub(crate) use receive::receive;

/// Where uploads are.
pub(crate) const PATH: &str = "/v1/uploads";

/// The only version there is.
pub(crate) const VERSION: &str = "1.0.0";
/// What is done beyond the core of the protocol.
pub(crate) const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination";

pub(crate) const TUS_RESUMABLE: &str = "tus-resumable";
pub(crate) const TUS_VERSION: &str = "tus-version";
pub(crate) const TUS_EXTENSION: &str = "tus-extension";
pub(crate) const TUS_MAX_SIZE: &str = "tus-max-size";
pub(crate) const UPLOAD_OFFSET: &str = "upload-offset";
pub(crate) const UPLOAD_LENGTH: &str = "upload-length";
pub(crate) const UPLOAD_DEFER_LENGTH: &str = "upload-defer-length";
pub(crate) const UPLOAD_METADATA: &str = "upload-metadata";
pub(crate) const UPLOAD_EXPIRES: &str = "upload-expires";

/// Whether a path is one of the protocol's.
pub(crate) fn is_ours(path: &str) -> bool {
    path.strip_prefix(PATH)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a request may bring a body that takes as long as it takes.
pub(crate) fn may_stream(method: &Method, path: &str) -> bool {
    is_ours(path) && [Method::POST, Method::PATCH].contains(method)
}

/// Says on every answer of ours, whoever gave it, what version of the protocol it is in.
pub(crate) async fn mark(request: Request, next: Next) -> Response {
    let ours = is_ours(request.uri().path());
    let mut response = next.run(request).await;
    if ours {
        let version = HeaderValue::from_static(VERSION);
        if response.status() == StatusCode::PRECONDITION_FAILED {
            response.headers_mut().insert(TUS_VERSION, version.clone());
        }
        response.headers_mut().insert(TUS_RESUMABLE, version);
    }
    response
}
