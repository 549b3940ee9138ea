//! Refuses requests that were sent to another name: a page whose name was rebound to this machine's address gets nothing.
//!
//! Not here: who may do what.

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::Response;

use super::is_probe;
use crate::problem::{Problem, Reason};
use crate::state::Api;

/// 400 without exactly one host, 421 with one that is not ours.
pub(crate) async fn check(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !is_probe(request.uri().path()) {
        let host = named(request.headers(), request.uri())?;
        if !allowed(&api.options.allowed_hosts, &host) {
            return Err(Problem::new(
                Reason::HostForbidden,
                "this host name is not served; add it to the allowed hosts in the configuration if it should be",
            ));
        }
    }
    Ok(next.run(request).await)
}

/// The host a request names, in lower case: its header, or its address where that has one. Both must agree.
pub(super) fn named(headers: &HeaderMap, uri: &Uri) -> Result<String, Problem> {
    let wrong = || {
        Problem::parameter(
            "Host",
            "must be sent once, as a name with or without a port",
        )
    };
    let mut all = headers.get_all(HOST).iter();
    let header = match (all.next(), all.next()) {
        (Some(only), None) => Some(only.to_str().map_err(|_| wrong())?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(wrong()),
    };
    let address = uri.authority().map(|found| found.as_str());
    match (header, address) {
        (Some(header), Some(address)) if !header.eq_ignore_ascii_case(address) => Err(wrong()),
        (Some(host), _) | (None, Some(host)) if !host.is_empty() => Ok(host.to_ascii_lowercase()),
        _ => Err(wrong()),
    }
}

fn allowed(list: &[String], host: &str) -> bool {
    let (name, _) = split(host);
    list.iter().any(|entry| {
        entry == "*" || entry.eq_ignore_ascii_case(host) || entry.eq_ignore_ascii_case(name)
    })
}

/// Name and port of a host; an IPv6 name keeps its brackets.
pub(super) fn split(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_allows_every_port_and_a_port_only_itself() {
        let list = ["localhost", "[::1]", "news.example:8470"].map(str::to_owned);
        for host in [
            "localhost",
            "localhost:1",
            "[::1]",
            "[::1]:8470",
            "news.example:8470",
        ] {
            assert!(allowed(&list, host), "{host}");
        }
        for host in [
            "news.example",
            "news.example:1",
            "localhost.evil.example",
            "evil.example",
            "[::2]",
            "::1",
            "localhost:8470:8470",
            "",
        ] {
            assert!(!allowed(&list, host), "{host}");
        }
        assert!(allowed(&["*".to_owned()], "anything:9"));
    }
}
