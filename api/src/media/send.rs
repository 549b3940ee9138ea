//! Sends an open file, or a part of it, without ever holding more than a piece in memory. Not here: which file.

use std::io::{self, Seek as _, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use newsreel_model::Error;
use newsreel_model::control::MediaFile;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf, Take};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::ReaderStream;

use super::range::{Wanted, wanted};
use super::validators::Validators;
use crate::problem::{Problem, Reason};

/// Bytes read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// The answer to a request for this file.
pub(super) fn answer(
    file: MediaFile,
    kind: &'static str,
    method: &Method,
    asked: &HeaderMap,
    permit: OwnedSemaphorePermit,
) -> Result<Response, Problem> {
    let known = Validators::of(&file);
    let MediaFile {
        file,
        len: total,
        immutable,
        ..
    } = file;
    if known.unchanged(asked) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        describe(response.headers_mut(), &known, immutable);
        return Ok(response);
    }
    let (status, start, len) = match part(method, asked, &known, total) {
        Wanted::Whole => (StatusCode::OK, 0, total),
        Wanted::Part { start, len } => (StatusCode::PARTIAL_CONTENT, start, len),
        Wanted::Beyond => return Ok(beyond(total)),
    };
    let body = match *method == Method::HEAD {
        true => Body::empty(),
        false => body(file, start, len, permit)?,
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    describe(headers, &known, immutable);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        let last = start.saturating_add(len).saturating_sub(1);
        let range = format!("bytes {start}-{last}/{total}");
        insert(headers, CONTENT_RANGE, Some(&range));
    }
    Ok(response)
}

/// What is asked for. A range is for GET alone, and only of the file the client knows.
fn part(method: &Method, asked: &HeaderMap, known: &Validators, total: u64) -> Wanted {
    let mut ranges = asked.get_all(RANGE).iter();
    match (ranges.next().map(HeaderValue::to_str), ranges.next()) {
        (Some(Ok(range)), None) if *method == Method::GET && known.same_for_range(asked) => {
            wanted(range, total)
        }
        _ => Wanted::Whole,
    }
}

fn beyond(total: u64) -> Response {
    let detail = format!("the range begins beyond the end; the file has {total} bytes");
    let mut response = Problem::new(Reason::RangeUnsatisfiable, detail).into_response();
    let range = format!("bytes */{total}");
    insert(response.headers_mut(), CONTENT_RANGE, Some(&range));
    response
}

fn describe(headers: &mut HeaderMap, known: &Validators, immutable: bool) {
    let cache = match immutable {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    insert(headers, ETAG, known.etag.as_deref());
    insert(headers, LAST_MODIFIED, known.last_modified.as_deref());
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
        headers.insert(name, value);
    }
}

fn body(
    mut file: std::fs::File,
    start: u64,
    len: u64,
    permit: OwnedSemaphorePermit,
) -> Result<Body, Problem> {
    file.seek(SeekFrom::Start(start))
        .map_err(|error| Error::bug("the file cannot be read").with_detail(error.to_string()))?;
    let held = Held {
        file: tokio::fs::File::from_std(file).take(len),
        _permit: permit,
    };
    Ok(Body::from_stream(ReaderStream::with_capacity(
        held,
        PIECE_BYTES,
    )))
}

/// A part of a file that counts as being sent for as long as it is.
struct Held {
    file: Take<tokio::fs::File>,
    _permit: OwnedSemaphorePermit,
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(cx, into)
    }
}
