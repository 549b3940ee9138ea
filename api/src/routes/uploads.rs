//! Sending a file piece by piece, in the protocol tus 1.0. Not here: its headers and bodies (`tus`), or where the bytes go.

use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use newsreel_model::uploads::UploadView;

use crate::document::{
    Appends, Begins, OffersUploads, Shows, StartHeaders, Terminates, UploadHeaders, UploadPath,
};
use crate::problem::{Problem, Reason};
use crate::read::{NoQuery, Nothing, Upload};
use crate::seen::Seen;
use crate::state::Api;
use crate::tus::{self, Spoken};

/// Ask what is possible with uploads
#[utoipa::path(
    options,
    path = "/v1/uploads",
    operation_id = "optionsUploads",
    tag = "uploads",
    responses(OffersUploads)
)]
pub(super) async fn options(State(api): State<Api>) -> Response {
    let most = HeaderValue::from(api.control.uploads().max_bytes());
    let headers = [
        (tus::TUS_VERSION, HeaderValue::from_static(tus::VERSION)),
        (
            tus::TUS_EXTENSION,
            HeaderValue::from_static(tus::EXTENSIONS),
        ),
        (tus::TUS_MAX_SIZE, most),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begin an upload
///
/// A first piece may come along. The upload is then at `Location`, and a job names it as `{"input": {"upload": ID}}`, also before
/// it is complete.
#[utoipa::path(
    post,
    path = "/v1/uploads",
    operation_id = "beginUpload",
    tag = "uploads",
    params(StartHeaders),
    responses(Begins)
)]
pub(super) async fn begin(
    State(api): State<Api>,
    seen: Seen,
    _: NoQuery,
    _: Spoken,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let length = tus::length(&headers)?;
    let (metadata, with_piece) = tus::start(&headers)?;
    if !with_piece && !body.is_end_stream() {
        return Err(Problem::new(
            Reason::MediaTypeUnsupported,
            "a first piece must be sent as `Content-Type: application/offset+octet-stream`",
        ));
    }
    let begun = seen.begin_upload(length, metadata).await?;
    let location = format!("{}/{}", tus::PATH, begun.id);
    let mut answer = match with_piece {
        true => {
            let into = seen.go_on(begun.id, 0).await?;
            // What is kept of a piece that broke off is found at `Location`, which the client would not know.
            let came = tus::receive(body, into, api.options.upload_idle).await;
            let view = match came {
                Ok(view) => view,
                Err(_) => seen.upload(begun.id).await?,
            };
            let mut headers = at(&view);
            headers.extend(expires(view.expires_at));
            headers
        }
        false => expires(begun.expires_at),
    };
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.insert(LOCATION, location);
    }
    Ok((StatusCode::CREATED, answer).into_response())
}

/// Ask how far an upload is
#[utoipa::path(
    head,
    path = "/v1/uploads/{id}",
    operation_id = "headUpload",
    tag = "uploads",
    params(UploadPath),
    responses(Shows)
)]
pub(super) async fn show(
    seen: Seen,
    Upload(id): Upload,
    _: NoQuery,
    _: Spoken,
) -> Result<Response, Problem> {
    let view = seen.upload(id).await?;
    let mut headers = at(&view);
    headers.insert(tus::UPLOAD_LENGTH, HeaderValue::from(view.length));
    headers.extend(expires(view.expires_at));
    if let Ok(metadata) = HeaderValue::try_from(view.metadata)
        && !metadata.is_empty()
    {
        headers.insert(tus::UPLOAD_METADATA, metadata);
    }
    Ok((StatusCode::OK, headers).into_response())
}

/// Go on with an upload
///
/// What arrives is kept, also of a request that breaks off. A request that goes on ends the one before, if that lives.
#[utoipa::path(
    patch,
    path = "/v1/uploads/{id}",
    operation_id = "continueUpload",
    tag = "uploads",
    params(UploadPath, UploadHeaders),
    responses(Appends)
)]
pub(super) async fn append(
    State(api): State<Api>,
    seen: Seen,
    Upload(id): Upload,
    _: NoQuery,
    _: Spoken,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let offset = tus::offset(&headers)?;
    let into = seen.go_on(id, offset).await?;
    let view = tus::receive(body, into, api.options.upload_idle).await?;
    let mut headers = at(&view);
    headers.extend(expires(view.expires_at));
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// Remove an upload
///
/// Not while a job that has not ended reads it.
#[utoipa::path(
    delete,
    path = "/v1/uploads/{id}",
    operation_id = "removeUpload",
    tag = "uploads",
    params(UploadPath),
    responses(Terminates)
)]
pub(super) async fn remove(
    seen: Seen,
    Upload(id): Upload,
    _: NoQuery,
    _: Spoken,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    seen.remove_upload(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn at(view: &UploadView) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(tus::UPLOAD_OFFSET, HeaderValue::from(view.offset));
    headers
}

/// When it is kept no longer, in the form of dates in HTTP.
fn expires(at: Timestamp) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&at);
    if let Some(value) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
        headers.insert(tus::UPLOAD_EXPIRES, value);
    }
    headers
}
