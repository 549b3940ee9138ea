//! Requests over HTTP: line, headers and body as they come. Not the HTTP library, which has read them by then, and not what the
//! daemon answers: a stand-in does.

use std::cell::RefCell;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use newsreel_api::Options;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::stand_in::Client;

/// After so many requests a stand-in is replaced: it keeps every job.
const FRESH_AFTER: usize = 500;

struct Desk {
    runtime: Runtime,
    client: Client,
    asked: usize,
}

impl Desk {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("there is a runtime");
        let options = Options {
            requests_per_s: u32::MAX,
            burst: u32::MAX,
            ..Options::default()
        };
        let client = {
            let _inside = runtime.enter();
            Client::with(options)
        };
        Self {
            runtime,
            client,
            asked: 0,
        }
    }
}

thread_local! {
    static DESK: RefCell<Option<Desk>> = const { RefCell::new(None) };
}

/// A request as text: `METHOD /path`, lines of headers, an empty line, the body.
pub fn request(data: &[u8]) {
    let split = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match split {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default();
    let (method, uri) = line.split_once(' ').unwrap_or(("GET", line));
    let mut request = Request::builder().method(method).uri(uri);
    request = request.header("host", "localhost:8470");
    for line in lines.take(50) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        request = request.header(name.trim(), value.trim());
    }
    // What the library would not have let through.
    if let Ok(request) = request.body(Body::from(body.to_vec())) {
        ask(request);
    }
}

/// A body to `POST /v1/jobs`.
pub fn job(data: &[u8]) {
    let request = Request::post("/v1/jobs")
        .header("host", "localhost:8470")
        .header("content-type", "application/json")
        .body(Body::from(data.to_vec()));
    ask(request.expect("it is a request"));
}

fn ask(request: Request<Body>) {
    DESK.with_borrow_mut(|desk| {
        if desk.as_ref().is_none_or(|d| d.asked >= FRESH_AFTER) {
            *desk = Some(Desk::new());
        }
        let Some(desk) = desk else { return };
        desk.asked += 1;
        let router = desk.client.router.clone();
        desk.runtime.block_on(async move {
            let answer = router.oneshot(request).await.expect("there is an answer");
            let (head, body) = answer.into_parts();
            let kind = head.headers.get("content-type");
            let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            assert_ne!(head.status.as_u16(), 500, "an internal error");
            // A stream of events has no end.
            if kind == "text/event-stream" {
                return;
            }
            let bytes = body.collect().await.expect("the body ends").to_bytes();
            if kind == "application/problem+json" {
                assert!(bytes.len() <= 16 * 1024, "a problem is short");
                let problem: serde_json::Value =
                    serde_json::from_slice(&bytes).expect("a problem is JSON");
                assert_eq!(problem["status"], head.status.as_u16());
            }
        });
    });
}
