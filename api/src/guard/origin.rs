//! Refuses writes and WebSockets that a page of another site makes a browser send. Not here: clients that are no browsers; they send no `Origin`.

use axum::extract::Request;
use axum::http::header::{ORIGIN, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::host::{named, split};
use crate::problem::{Problem, Reason};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// 403 for a write or an upgrade whose `Origin` is not the host it was sent to, or which the browser itself says comes from elsewhere.
pub(crate) async fn check(request: Request, next: Next) -> Result<Response, Problem> {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS];
    // Other sites' pages may open a WebSocket anywhere, and read what it says: no browser holds them back.
    let upgrade = request.headers().contains_key(UPGRADE);
    let (parts, body) = request.into_parts();
    if (upgrade || !reads.contains(&parts.method)) && !is_own(&parts)? {
        return Err(Problem::new(
            Reason::OriginForbidden,
            "a page of another origin may not change anything here, nor listen over a WebSocket",
        ));
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Whether a request comes from no page, or from one of our own.
pub(super) fn is_own(parts: &Parts) -> Result<bool, Problem> {
    let headers = &parts.headers;
    let no_origin = !headers.contains_key(ORIGIN);
    Ok(sites(headers) && (no_origin || origins(headers, &named(headers, &parts.uri)?)))
}

/// Whether the browser, if it is one, calls this its own. Another port of this machine is `same-site`, and as foreign as any.
fn sites(headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(SEC_FETCH_SITE).iter();
    all.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

fn origins(headers: &HeaderMap, host: &str) -> bool {
    let mut all = headers.get_all(ORIGIN).iter();
    all.all(|origin| origin.to_str().is_ok_and(|origin| is_same(origin, host)))
}

fn is_same(origin: &str, host: &str) -> bool {
    let Some((scheme, origin)) = origin.split_once("://") else {
        return false;
    };
    let usual = match scheme {
        "http" => "80",
        "https" => "443",
        _ => return false,
    };
    let (name, port) = split(origin);
    let (own_name, own_port) = split(host);
    name.eq_ignore_ascii_case(own_name) && port.unwrap_or(usual) == own_port.unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_itself_is_the_same_origin() {
        for (origin, host) in [
            ("http://localhost:8470", "localhost:8470"),
            ("https://news.example", "news.example"),
            ("https://news.example", "news.example:443"),
            ("http://[::1]:8470", "[::1]:8470"),
        ] {
            assert!(is_same(origin, host), "{origin} {host}");
        }
        for (origin, host) in [
            ("null", "localhost:8470"),
            ("", "localhost:8470"),
            ("http://localhost:3000", "localhost:8470"),
            ("http://localhost", "localhost:8470"),
            ("https://news.example", "news.example:80"),
            ("http://evil.example", "localhost:8470"),
            ("http://localhost:8470@evil.example", "localhost:8470"),
            ("file://localhost:8470", "localhost:8470"),
        ] {
            assert!(!is_same(origin, host), "{origin} {host}");
        }
    }
}
