//! What a client of `/v1` gets when it asks well: jobs from submit to delete, lists in pages, views of the daemon.

mod common;

use common::{Client, Trouble};
use newsreel_model::job::JobState;
use newsreel_model::{Code, Error};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_job_is_submitted_shown_cancelled_retried_and_deleted() {
    let client = Client::new();
    let body = r#"{"input":{"url":"file:///in/a.mxf"},"title":null,"metadata":{"desk":"sport"}}"#;
    let made = client.submit(body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("content-type"), "application/json");
    assert_eq!(made.header("cache-control"), "no-store");
    let job = made.json();
    let id = job["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/v1/jobs/{id}"));
    assert_eq!(job["spec"]["priority"], 50);
    assert_eq!(job["spec"]["metadata"], json!({"desk": "sport"}));
    assert_eq!(job["spec"].get("title"), None, "null is as left out");

    let path = format!("/v1/jobs/{id}");
    assert_eq!(client.get(&path).await.json()["id"], id);
    let delete = format!("DELETE {path}");
    client.ask(&delete, &[], "").await.problem(409, "job_state");
    for _ in 0..2 {
        let cancelled = client.post(&format!("{path}/cancel")).await;
        assert_eq!(cancelled.status, 200);
        assert_eq!(cancelled.json()["state"], "cancelled");
    }
    // Some clients cannot post without a body; an empty object is none.
    let retried = client
        .ask(&format!("POST {path}/retry"), &[JSON], "{}")
        .await;
    assert_eq!(retried.json()["state"], "queued");
    client.standin.set(id.parse().unwrap(), JobState::Completed);
    let late = client.post(&format!("{path}/cancel")).await;
    late.problem(409, "job_state");
    let gone = client.ask(&delete, &[], "").await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    client.get(&path).await.problem(404, "job_unknown");
}

#[tokio::test]
async fn a_job_gets_another_priority_while_it_has_not_ended() {
    let client = Client::new();
    let id = client.job().await;
    let line = format!("PATCH /v1/jobs/{id}");
    let patched = client.ask(&line, &[JSON], r#"{"priority":95}"#).await;
    assert_eq!(patched.status, 200);
    assert_eq!(patched.json()["spec"]["priority"], 95);
    for body in [
        r#"{"priority":101}"#,
        r#"{"priority":null}"#,
        "{}",
        r#"{"title":"a"}"#,
    ] {
        let refused = client.ask(&line, &[JSON], body).await;
        refused.problem(422, "request_invalid");
    }
    let untyped = client.ask(&line, &[], r#"{"priority":1}"#).await;
    untyped.problem(415, "media_type_unsupported");
    client.standin.set(id, JobState::Completed);
    let late = client.ask(&line, &[JSON], r#"{"priority":1}"#).await;
    late.problem(409, "job_state");
}

#[tokio::test]
async fn a_key_makes_a_submit_safe_to_repeat() {
    let client = Client::new();
    let longest = "k".repeat(200);
    for key in ["a", "story-4711/v1!~", longest.as_str()] {
        let headers = [JSON, ("idempotency-key", key)];
        let ask = |body: &'static str| client.ask("POST /v1/jobs", &headers, body);
        let first = ask(r#"{"input":{"url":"file:///in/a.mxf"}}"#).await;
        let again = ask(r#"{"input":{"url":"file:///in/a.mxf"}}"#).await;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
        assert_eq!(first.json()["id"], again.json()["id"]);
        assert_eq!(first.header("location"), again.header("location"));
        let other = ask(r#"{"input":{"url":"file:///in/b.mxf"}}"#).await;
        other.problem(422, "idempotency_conflict");
    }
    let long = "k".repeat(201);
    for key in ["", "two words", "é", long.as_str()] {
        let headers = [JSON, ("idempotency-key", key)];
        let answer = client.ask("POST /v1/jobs", &headers, "{}").await;
        let problem = answer.problem(400, "request_invalid");
        assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    }
    let twice = [JSON, ("idempotency-key", "a"), ("idempotency-key", "a")];
    let answer = client.ask("POST /v1/jobs", &twice, "{}").await;
    answer.problem(400, "request_invalid");
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let client = Client::new();
    for _ in 0..5 {
        client.job().await;
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = client
            .get(&format!("/v1/jobs?limit=2{cursor}"))
            .await
            .json();
        let jobs = page["jobs"].as_array().unwrap().clone();
        seen.extend(
            jobs.iter()
                .map(|job| job["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.get("next_cursor").and_then(Value::as_str) else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|newer, older| newer > older));
}

#[tokio::test]
async fn filters_are_decoded_and_passed_on() {
    let client = Client::new();
    assert_eq!(client.get("/v1/jobs").await.status, 200);
    let asked = |client: &Client| client.standin.query.lock().unwrap().take().unwrap();
    assert_eq!(asked(&client).limit, 50);
    let id = client.job().await;
    let path = format!(
        "/v1/jobs?state=failed&tenant=sport&external_id=a%2Fb+%C3%A9&cursor={id}&limit=200"
    );
    assert_eq!(client.get(&path).await.status, 200);
    let query = asked(&client);
    assert_eq!(query.state, Some(JobState::Failed));
    assert_eq!(query.tenant.as_deref(), Some("sport"));
    assert_eq!(query.external_id.as_deref(), Some("a/b é"));
    assert_eq!((query.before, query.limit), (Some(id), 200));
}

#[tokio::test]
async fn the_daemon_is_shown() {
    let client = Client::new();
    assert_eq!(client.get("/v1/devices").await.json()[0]["kind"], "cpu");
    let profiles = client.get("/v1/profiles").await.json();
    assert_eq!(profiles[0]["profile"]["rungs"][0]["short_side_px"], 720);
    assert_eq!(client.get("/v1/queue").await.json()["queued"], 0);
    let config = client.get("/v1/config").await.json();
    assert_eq!(config["needs_restart"][0], "server.listen");
    assert!(config.get("refused").is_none(), "{config}");
    let head = client.ask("HEAD /v1/queue", &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
}

#[tokio::test]
async fn probes_answer_under_any_name() {
    let client = Client::new();
    let balancer = [("host", "10.1.2.3:8470")];
    for path in ["/healthz", "/readyz"] {
        let answer = client.ask(&format!("GET {path}"), &balancer, "").await;
        assert_eq!(answer.json(), json!({"status": "ok"}));
    }
    *client.standin.ready.lock().unwrap() = false;
    assert_eq!(client.get("/healthz").await.status, 200);
    let answer = client.get("/readyz").await;
    answer.problem(503, "not_ready");
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn a_failure_of_the_daemons_has_its_code_and_keeps_its_detail_to_the_log() {
    let client = Client::new();
    for (code, status, retry) in [
        (Code::QueueFull, 429, "10"),
        (Code::StoreFailed, 503, "2"),
        (Code::ShuttingDown, 503, "5"),
        (Code::DiskFull, 507, ""),
        (Code::OutputBusy, 409, ""),
        (Code::PathForbidden, 403, ""),
        (Code::ProfileUnknown, 422, ""),
        (Code::InputNotFound, 422, ""),
        (Code::InputSchemeUnsupported, 422, ""),
        (Code::Internal, 500, ""),
    ] {
        let error = Error::new(code, "words for people").with_detail("secret: /root/x.db");
        *client.standin.trouble.lock().unwrap() = Some(Trouble::Error(error));
        let answer = client
            .submit(r#"{"input":{"url":"file:///in/a.mxf"}}"#)
            .await;
        let problem = answer.problem(status, code.name());
        assert_eq!(problem["detail"], "words for people");
        assert_eq!(answer.header("retry-after"), retry, "{code:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
    }
}
