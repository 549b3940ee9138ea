//! Receivers of webhooks over HTTP: listed, replayed, and named rightly.
#![allow(clippy::unwrap_used, reason = "tests, where a panic is the report")]

mod common;

use axum::http::StatusCode;
use common::Client;
use serde_json::json;

#[tokio::test]
async fn receivers_are_listed_and_what_was_given_up_is_sent_again() {
    let client = Client::new();
    let listed = client.get("/v1/webhooks").await;
    assert_eq!((listed.status, listed.json()), (StatusCode::OK, json!([])));
    for name in [
        "name:cms",
        "mail:desk",
        "message:chat",
        "url%3Ahttps%3A%2F%2Fcms.example%2Fhook",
    ] {
        let path = format!("/v1/webhooks/replay?endpoint={name}");
        let again = client.post(&path).await;
        assert_eq!(
            (again.status, again.json()),
            (StatusCode::OK, json!({"replayed": 2}))
        );
    }
}

#[tokio::test]
async fn what_names_no_receiver_is_refused() {
    let client = Client::new();
    for query in [
        "",
        "?endpoint=",
        "?endpoint=cms",
        "?endpoint=url:",
        "?endpoint=name:a%20b",
        "?name=cms",
    ] {
        let answer = client.post(&format!("/v1/webhooks/replay{query}")).await;
        answer.problem(400, "request_invalid");
    }
}
