//! HTTP for the object store client: requests as the rest of the daemon sends them, with the same guard over addresses.
//!
//! Not here: what is asked for, how it is signed, or whether it is asked again.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use newsreel_config::Network;
use newsreel_model::{Code, Error, Result};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpService,
};
use tokio::runtime::Runtime;
use ureq::Agent;
use ureq::http::{Method, Request, Response};
use ureq::unversioned::transport::DefaultConnector;

use crate::outgoing::{self, Guard};

/// How long one request may take: a part of an object over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The largest answer: what is asked for at a time is smaller.
const MAX_ANSWER_BYTES: u64 = 64 << 20;

/// Sends requests, to addresses that are public or were allowed.
#[derive(Clone, Debug)]
pub struct Wire(Agent);

impl Wire {
    /// With networks that are allowed beside all that is public.
    pub fn new(allowed: Vec<Network>) -> Self {
        let config = outgoing::settings()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            // A signature is good for one address.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        let guard = Guard::new(allowed);
        Self(Agent::with_parts(
            config,
            DefaultConnector::default(),
            guard,
        ))
    }
}

/// A runtime on whichever thread waits for it, which sends so many requests at once.
///
/// # Errors
/// The system has no threads left.
pub fn runtime(at_once: usize) -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(at_once)
        .build()
        .map_err(|e| Error::new(Code::WorkerLost, format!("cannot start a thread: {e}")))
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = whole(body).await?;
        let (agent, request) = (self.0.clone(), Request::from_parts(parts, body));
        let sent = tokio::task::spawn_blocking(move || send(&agent, request)).await;
        sent.unwrap_or_else(|e| Err(HttpError::new(HttpErrorKind::Unknown, e)))
    }
}

async fn whole(body: HttpRequestBody) -> Result<Vec<u8>, HttpError> {
    Ok(body.collect().await?.to_bytes().into())
}

fn send(agent: &Agent, request: Request<Vec<u8>>) -> Result<HttpResponse, HttpError> {
    let (parts, body) = request.into_parts();
    let bare = [Method::GET, Method::HEAD, Method::DELETE].contains(&parts.method);
    let answer = if bare && body.is_empty() {
        agent.run(Request::from_parts(parts, ()))
    } else {
        agent.run(Request::from_parts(parts, body))
    };
    let (parts, body) = answer.map_err(failed)?.into_parts();
    let read = body
        .into_with_config()
        .limit(MAX_ANSWER_BYTES)
        .read_to_vec();
    Ok(Response::from_parts(parts, read.map_err(failed)?.into()))
}

fn failed(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => HttpErrorKind::Connect,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
