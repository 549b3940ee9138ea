//! What a web page on the same machine, or under a name rebound to it, can reach: nothing it should not.

mod common;

use common::Client;
use newsreel_api::Options;

const JSON: (&str, &str) = ("content-type", "application/json");
const BODY: &str = r#"{"input":{"url":"file:///in/a.mxf"}}"#;

#[tokio::test]
async fn only_known_host_names_are_served() {
    let client = Client::new();
    for host in [
        "localhost",
        "localhost:8470",
        "127.0.0.1:1",
        "[::1]:8470",
        "LOCALHOST",
    ] {
        let answer = client.ask("GET /v1/queue", &[("host", host)], "").await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example:8470",
        "127.0.0.2",
        "0.0.0.0",
    ] {
        for line in [
            "GET /v1/queue",
            "GET /openapi.json",
            "GET /media/x/y.mp4",
            "GET /nothing",
        ] {
            let answer = client.ask(line, &[("host", host)], "").await;
            answer.problem(421, "host_forbidden");
        }
    }
    for hosts in [
        vec![("host", "")],
        vec![("host", "localhost"), ("host", "localhost")],
    ] {
        let answer = client.ask("GET /v1/queue", &hosts, "").await;
        answer.problem(400, "request_invalid");
    }
    let other = "GET http://evil.example/v1/queue";
    client
        .ask(other, &[], "")
        .await
        .problem(400, "request_invalid");
    let other = client.ask(other, &[("host", "evil.example")], "").await;
    other.problem(421, "host_forbidden");
}

#[tokio::test]
async fn names_are_configured() {
    let client = Client::with(Options {
        allowed_hosts: vec!["news.example:8470".to_owned()],
        ..Options::default()
    });
    for (host, status) in [
        ("news.example:8470", 200),
        ("news.example", 421),
        ("localhost:8470", 421),
    ] {
        let answer = client.ask("GET /v1/queue", &[("host", host)], "").await;
        assert_eq!(answer.status, status, "{host}");
    }
}

#[tokio::test]
async fn writes_of_other_origins_are_refused() {
    let client = Client::new();
    let id = client.job().await;
    let lines = [
        "POST /v1/jobs".to_owned(),
        format!("POST /v1/jobs/{id}/cancel"),
        format!("POST /v1/jobs/{id}/retry"),
        format!("DELETE /v1/jobs/{id}"),
    ];
    for line in &lines {
        for foreign in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost:3000"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "anything"),
        ] {
            let answer = client.ask(line, &[JSON, foreign], BODY).await;
            answer.problem(403, "origin_forbidden");
        }
    }
    let two = [
        JSON,
        ("origin", "http://localhost:8470"),
        ("origin", "http://evil.example"),
    ];
    let answer = client.ask("POST /v1/jobs", &two, BODY).await;
    answer.problem(403, "origin_forbidden");
    assert_eq!(
        client.get(&format!("/v1/jobs/{id}")).await.json()["state"],
        "queued"
    );
}

#[tokio::test]
async fn writes_of_our_own_pages_and_of_no_page_are_served() {
    let client = Client::new();
    for own in [
        ("origin", "http://localhost:8470"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
        ("accept", "*/*"),
    ] {
        let answer = client.ask("POST /v1/jobs", &[JSON, own], BODY).await;
        assert_eq!(answer.status, 201, "{own:?}");
    }
    // Without CORS the page would not see the answer; where no key is asked for, it gets none.
    let foreign = [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let answer = client.ask("GET /v1/queue", &foreign, "").await;
    answer.problem(403, "origin_forbidden");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let preflight = client.ask("OPTIONS /v1/jobs", &foreign, "").await;
    preflight.problem(403, "origin_forbidden");
    assert_eq!(preflight.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn heads_that_are_too_large() {
    let client = Client::new();
    let long = format!("/v1/jobs?external_id={}", "x".repeat(9000));
    client.get(&long).await.problem(414, "uri_too_long");
    let much = "x".repeat(17_000);
    let answer = client.ask("GET /healthz", &[("x-much", &much)], "").await;
    answer.problem(431, "headers_too_large");
}

#[tokio::test]
async fn an_id_is_kept_when_it_is_plain_and_made_when_it_is_not() {
    let client = Client::new();
    let own = client
        .ask("GET /healthz", &[("x-request-id", "desk-7.a_B")], "")
        .await;
    assert_eq!(own.header("x-request-id"), "desk-7.a_B");
    let long = "x".repeat(65);
    for odd in ["", "a b", "<b>", long.as_str()] {
        let answer = client
            .ask("GET /healthz", &[("x-request-id", odd)], "")
            .await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{odd}");
    }
    let answer = client.get("/nothing").await;
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
