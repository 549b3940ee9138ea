//! Asks the router directly, without a socket.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use newsreel_api::{Options, router};
use newsreel_model::JobId;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Door, Standin};

/// A client of a router of its own.
pub struct Client {
    pub standin: Arc<Standin>,
    pub router: Router,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let standin = Arc::new(Standin::new());
        let router = router(standin.clone(), Arc::new(Door::open()), options);
        Self { standin, router }
    }

    /// One whose router asks for keys: those of [`Door`].
    pub fn asked(options: Options) -> Self {
        let standin = Arc::new(Standin::new());
        let router = router(standin.clone(), Arc::new(Door::shut()), options);
        Self { standin, router }
    }

    /// Asks with a key.
    pub async fn with_key(&self, key: &str, line: &str, body: &'static str) -> Answer {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.ask(line, &headers, body).await
    }

    /// Sends `METHOD /path` with headers; `Host` is added unless it is among them.
    pub async fn ask(&self, line: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(uri);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost:8470");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// Status, and the problem when it is one; a body without end is not waited for.
    pub async fn head(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: &'static str,
    ) -> (StatusCode, Value) {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(uri);
        request = request.header("host", "localhost:8470");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        if status.is_success() {
            return (status, Value::Null);
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[], Body::empty()).await
    }

    pub async fn post(&self, path: &str) -> Answer {
        self.ask(&format!("POST {path}"), &[], Body::empty()).await
    }

    /// Submits this body.
    pub async fn submit(&self, body: impl Into<Body>) -> Answer {
        let json = [("content-type", "application/json")];
        self.ask("POST /v1/jobs", &json, body).await
    }

    /// Submits something and says its id.
    pub async fn job(&self) -> JobId {
        let answer = self.submit(r#"{"input":{"url":"file:///in/a.mxf"}}"#).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        answer.json()["id"].as_str().unwrap().parse().unwrap()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that this is a problem of that status and code, and gives it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{body}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.header("x-request-id").is_empty());
        let problem = self.json();
        assert_eq!(problem["code"], code, "{body}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:newsreel:problem:{code}"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        problem
    }
}
