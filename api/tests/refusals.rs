//! What a client of `/v1` gets when it asks badly: always a problem with a code, and the field where there is one.

mod common;

use std::time::Duration;

use axum::body::Body;
use common::{Client, Trouble};
use newsreel_api::Options;
use tokio_util::io::ReaderStream;

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn unknown_routes_and_methods() {
    let client = Client::new();
    for path in ["/v1", "/v1/jobs/", "/v2/jobs", "/v1/jobs/a/b/c", "/%ff"] {
        client.get(path).await.problem(404, "route_unknown");
    }
    for (line, allow) in [
        ("PUT /v1/jobs", "POST,GET,HEAD"),
        ("PATCH /v1/queue", "GET,HEAD"),
        ("DELETE /v1/jobs", "POST,GET,HEAD"),
        ("OPTIONS /v1/jobs", "POST,GET,HEAD"),
        ("TRACE /healthz", "GET,HEAD"),
        ("BREW /v1/queue", "GET,HEAD"),
    ] {
        let answer = client.ask(line, &[], "").await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allow, "{line}");
    }
}

#[tokio::test]
async fn ids_that_are_none_name_no_job() {
    let client = Client::new();
    let id = client.job().await.to_string();
    let bare = id.replace('-', "");
    for text in ["x", "%ff", "%00", "..%2f..", &bare, &format!("%7B{id}%7D")] {
        let answer = client.get(&format!("/v1/jobs/{text}")).await;
        answer.problem(404, "job_unknown");
    }
    assert_eq!(
        client
            .get(&format!("/v1/jobs/{}", id.to_uppercase()))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn queries_are_refused_by_name() {
    let client = Client::new();
    let long = format!("external_id={}", "x".repeat(201));
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e2", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=1", "limit"),
        ("state=done", "state"),
        ("state=", "state"),
        ("tenant=Sport", "tenant"),
        ("external_id=", "external_id"),
        ("external_id=%00", "external_id"),
        (long.as_str(), "external_id"),
        ("cursor=1", "cursor"),
        ("page=2", "page"),
        ("Limit=1", "Limit"),
    ] {
        let problem = client.get(&format!("/v1/jobs?{query}")).await;
        let problem = problem.problem(400, "request_invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
    for line in [
        "GET /v1/jobs?tenant=%ff",
        "GET /v1/jobs?tenant=%4",
        "GET /v1/queue?x",
    ] {
        client
            .ask(line, &[], "")
            .await
            .problem(400, "request_invalid");
    }
    let answer = client.ask("POST /v1/jobs?limit=1", &[JSON], "{}").await;
    answer.problem(400, "request_invalid");
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let client = Client::new();
    let deep = format!(r#"{{"metadata":{}"#, "[".repeat(200_000));
    for body in [
        &b""[..],
        b"{",
        b"{}x",
        b"\xff",
        b"{\"input\":{\"url\":\"\xff\"}}",
        b"{'input':1}",
        br#"{"priority":1e999}"#,
        br#"{"title":"\ud800"}"#,
        br#"{"title":"a","title":"b"}"#,
        br#"{"input":{"url":"file:///a"},"metadata":{"k":"1","k":"2"}}"#,
        deep.as_bytes(),
    ] {
        let answer = client.submit(body.to_vec()).await;
        let problem = answer.problem(400, "request_invalid");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("at line 1 column"), "{detail}");
    }
    let twice = r#"{"metadata":{"k":"1","k":"2"}}"#;
    let problem = client.submit(twice).await.problem(400, "request_invalid");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("duplicate field `k`")
    );
}

#[tokio::test]
async fn values_that_are_not_allowed_are_named_with_what_is() {
    let client = Client::new();
    let long = format!(r#""title":"{}""#, "é".repeat(501));
    let many = (0..51).map(|n| format!(r#""k{n}":"""#)).collect::<Vec<_>>();
    let many = format!(r#""metadata":{{{}}}"#, many.join(","));
    for (field, name, allowed) in [
        (r#""priority":101"#, "priority", "0–100"),
        (r#""priority":-1"#, "priority", "0–100"),
        (
            r#""priority":123456789012345678901234567890"#,
            "priority",
            "0–100",
        ),
        (r#""priority":"high""#, "priority", "0–100"),
        (r#""priority":null"#, "priority", "0–100"),
        (r#""fallback":"cpu""#, "fallback", "`any`, `gpu`, `never`"),
        (r#""fallback":{"any":null}"#, "fallback", "a string"),
        (r#""title":7"#, "title", "a string"),
        (&long, "title", "0–500 characters"),
        (r#""title":"a\u0000b""#, "title", "control characters"),
        (r#""tenant":"Sport""#, "tenant", "a–z"),
        (r#""tenant":"""#, "tenant", "1–64"),
        (r#""metadata":[]"#, "metadata", "an object"),
        (r#""metadata":{"k":1}"#, "metadata.k", "a string"),
        (r#""metadata":{"":"v"}"#, "metadata", "1–100"),
        (&many, "metadata", "at most 50"),
        (r#""deadline":"tomorrow""#, "deadline", ""),
        (r#""prio":3"#, "prio", "expected one of"),
    ] {
        let body = format!(r#"{{"input":{{"url":"file:///a"}},{field}}}"#);
        let problem = client.submit(body).await.problem(422, "request_invalid");
        assert_eq!(problem["errors"][0]["field"], name, "{problem}");
        let rule = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(rule.contains(allowed), "{field}: {rule}");
        assert!(problem["detail"].as_str().unwrap().len() < 2000);
    }
    for (body, name) in [
        (r#"{"input":{}}"#, "input"),
        (r#"{"input":["file:///a"]}"#, "input"),
        (r#"{"input":{"url":"file"}}"#, "input.url"),
        (r#"{"input":{"url":"file:///a","start":1}}"#, "input.start"),
    ] {
        let problem = client.submit(body).await.problem(422, "request_invalid");
        assert_eq!(problem["errors"][0]["field"], name, "{problem}");
    }
    for body in ["[]", "null", "7", "{}", r#"[["file:///a"]]"#] {
        let problem = client.submit(body).await.problem(422, "request_invalid");
        assert!(problem["detail"].as_str().unwrap().contains("expected") || body == "{}");
    }
}

#[tokio::test]
async fn bodies_of_another_type() {
    let client = Client::new();
    for kind in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=latin1",
    ] {
        let answer = client
            .ask("POST /v1/jobs", &[("content-type", kind)], "{}")
            .await;
        answer.problem(415, "media_type_unsupported");
    }
    client
        .ask("POST /v1/jobs", &[], "{}")
        .await
        .problem(415, "media_type_unsupported");
    let twice = [JSON, ("content-type", "text/plain")];
    let answer = client.ask("POST /v1/jobs", &twice, "{}").await;
    answer.problem(415, "media_type_unsupported");
    for kind in ["application/json;charset=UTF-8", "Application/JSON"] {
        let body = r#"{"input":{"url":"file:///a"}}"#;
        let answer = client
            .ask("POST /v1/jobs", &[("content-type", kind)], body)
            .await;
        assert_eq!(answer.status, 201, "{kind}");
    }
    let cancel = format!("POST /v1/jobs/{}/cancel", client.job().await);
    let plain = client
        .ask(&cancel, &[("content-type", "text/plain")], "x")
        .await;
    plain.problem(415, "media_type_unsupported");
    let full = client.ask(&cancel, &[JSON], r#"{"why":"x"}"#).await;
    full.problem(422, "request_invalid");
}

#[tokio::test]
async fn bodies_at_the_limit_and_beyond() {
    let client = Client::with(Options {
        max_body_bytes: 1000,
        ..Options::default()
    });
    let bare = r#"{"input":{"url":"file:///a"}}"#;
    let fits = format!("{bare}{}", " ".repeat(1000 - bare.len()));
    assert_eq!(client.submit(fits.clone()).await.status, 201);
    let over = client.submit(format!("{fits} ")).await;
    over.problem(413, "request_too_large");
    // A stream has no declared length, and this one no end.
    let stream = Body::from_stream(ReaderStream::new(tokio::io::repeat(b' ')));
    let answer = client.submit(stream).await;
    answer.problem(413, "request_too_large");
}

#[tokio::test]
async fn a_body_that_never_comes() {
    let client = Client::with(Options {
        body_timeout: Duration::from_millis(50),
        ..Options::default()
    });
    let (reader, _writer) = tokio::io::duplex(1);
    let nothing = Body::from_stream(ReaderStream::new(reader));
    let answer = client.submit(nothing).await;
    answer.problem(408, "body_timed_out");
}

#[tokio::test]
async fn a_handler_that_panics_or_hangs() {
    let client = Client::with(Options {
        request_timeout: Duration::from_millis(50),
        ..Options::default()
    });
    *client.standin.trouble.lock().unwrap() = Some(Trouble::Panic);
    let answer = client.get("/v1/queue").await;
    answer.problem(500, "internal");
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
    *client.standin.trouble.lock().unwrap() = Some(Trouble::Hang);
    let answer = client.get("/v1/queue").await;
    answer.problem(503, "timed_out");
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(client.get("/v1/queue").await.status, 200);
}

#[tokio::test]
async fn more_requests_than_are_let_in() {
    let client = Client::with(Options {
        max_requests: 1,
        ..Options::default()
    });
    *client.standin.trouble.lock().unwrap() = Some(Trouble::Hang);
    let mut first = Box::pin(client.get("/v1/queue"));
    let waits = tokio::time::timeout(Duration::from_millis(20), &mut first).await;
    assert!(waits.is_err());
    let answer = client.get("/v1/queue").await;
    answer.problem(503, "overloaded");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(client.get("/healthz").await.status, 200);
    drop(first);
    assert_eq!(client.get("/v1/queue").await.status, 200);
}
