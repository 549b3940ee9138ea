//! The console: a page and its assets, as `scripts/console` built them into this binary. Not here: what is in them (`ui/`).

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use newsreel_model::{Code, Error};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;
use crate::state::Api;

/// In a debug build the files are read from the folder when they are asked for.
#[derive(RustEmbed)]
#[folder = "ui/dist/console"]
#[allow_missing = true]
struct Built;

/// Where the browser may load from: here, and nowhere else. Players make `blob:` addresses of what they loaded.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What stands at `/` when no console was built in.
const ABSENT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Newsreel</title>\
     <h1>Newsreel is running</h1><p>This binary was built without its console. To have it, run <code>scripts/console</code> \
     (it needs Node.js and npm) in Newsreel's sources, then <code>cargo build --release</code>, and start the daemon again.</p>\
     <p>Everything else works: <a href=\"/openapi.json\">the interface</a>, the <code>newsreel</code> command.</p></html>";

/// What is bundled, and under which licences: the one file whose name stays.
const LICENCES: &str = "licences.txt";

/// Types by ending; the build makes no others.
const TYPES: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
];

/// The routes. Everything else the page wants is the public interface.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/", get(page))
        .route("/assets/{file}", get(asset))
}

async fn page(headers: HeaderMap) -> Response {
    match Built::get("index.html") {
        // The page names the assets that belong to it, so it is looked at each time.
        Some(file) => answer("index.html", &file, "no-cache", &headers),
        None => {
            let kind = [(CONTENT_TYPE, "text/html; charset=utf-8")];
            guarded((kind, ABSENT).into_response())
        }
    }
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let missing = || {
        let error = Error::new(
            Code::InputNotFound,
            "the console has no such file; load its page again",
        );
        Problem::from(error).with_status(StatusCode::NOT_FOUND)
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.starts_with('.') || !name.bytes().all(plain) {
        return Err(missing());
    }
    let file = Built::get(&format!("assets/{name}")).ok_or_else(missing)?;
    let lasts = match name.as_str() {
        LICENCES => "no-cache",
        // Its name holds a hash of what is in it.
        _ => "public, max-age=31536000, immutable",
    };
    Ok(answer(&name, &file, lasts, &headers))
}

fn answer(name: &str, file: &EmbeddedFile, lasts: &'static str, asked: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{tag}\"");
    let known = asked.get_all(IF_NONE_MATCH).iter();
    let unchanged = known
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains(&tag));
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => file.data.clone().into_owned().into_response(),
    };
    let headers = response.headers_mut();
    let kind = TYPES
        .iter()
        .find(|(ending, _)| name.rsplit_once('.').is_some_and(|(_, end)| end == *ending));
    let kind = kind.map_or("application/octet-stream", |(_, kind)| kind);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(lasts));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    guarded(response)
}

/// What keeps the page to this daemon, and other pages off it.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
