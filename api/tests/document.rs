//! The document in `docs/openapi.json` is the one that is served, and names everything it refers to.
//! `NEWSREEL_UPDATE=1` writes it anew.

mod common;

use std::path::Path;

use common::Client;
use serde_json::Value;

#[test]
fn the_golden_document_is_the_one_we_give() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let ours = newsreel_api::openapi();
    assert_eq!(ours, newsreel_api::openapi(), "it is the same each time");
    if std::env::var_os("NEWSREEL_UPDATE").is_some() {
        std::fs::write(&golden, &ours).unwrap();
    }
    let kept = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(
        ours == kept,
        "docs/openapi.json is not what the routes say; NEWSREEL_UPDATE=1 cargo test -p newsreel-api writes it"
    );
}

#[tokio::test]
async fn it_is_served_as_it_is() {
    let answer = Client::new().get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, newsreel_api::openapi().into_bytes());
}

#[test]
fn every_reference_leads_somewhere_and_every_failure_is_a_problem() {
    let document: Value = serde_json::from_str(&newsreel_api::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            let found = document.pointer(to.trim_start_matches('#'));
            assert!(found.is_some(), "{to} is not there");
        }
        match value {
            Value::Object(map) => open.extend(map.values()),
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    let paths = document["paths"].as_object().unwrap();
    let mut operations = 0;
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            assert!(operation["operationId"].is_string(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let carries = &response["headers"]["X-Request-Id"];
                assert!(carries.is_object(), "{method} {path} {status}");
                let problem = response["content"].get("application/problem+json");
                assert_eq!(
                    problem.is_some(),
                    status.as_str() >= "400",
                    "{method} {path} {status}"
                );
            }
        }
    }
    assert_eq!(operations, 38);
}
