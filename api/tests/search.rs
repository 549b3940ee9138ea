//! Searching over a stand-in: which text is taken, and whose jobs are asked for. Not here: finding (the store's tests).

#![allow(clippy::unwrap_used, reason = "tests, where a panic is the report")]

mod common;

use common::{Client, EVERYTHING};
use newsreel_api::Options;

#[tokio::test]
async fn any_text_is_passed_on_as_it_is_within_its_length() {
    let client = Client::new();
    for (query, text) in [
        ("q=flood", "flood"),
        ("q=K%C3%B6ln+%22a%2A%20OR&limit=3", "Köln \"a* OR"),
        ("q=%00", "\u{0}"),
    ] {
        let answer = client.get(&format!("/v1/search?{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(answer.json()["results"], serde_json::json!([]));
        let asked = client.standin.searched.lock().unwrap().take().unwrap();
        assert_eq!(asked.text, text);
        assert_eq!(asked.limit, if query.contains("limit") { 3 } else { 50 });
    }
    let long = format!("q={}", "a".repeat(201));
    for query in [
        "",
        "q=",
        &long,
        "q=a&limit=0",
        "q=a&limit=201",
        "q=a&tenant=Sport",
        "q=a&x=1",
    ] {
        let answer = client.get(&format!("/v1/search?{query}")).await;
        answer.problem(400, "request_invalid");
    }
}

#[tokio::test]
async fn a_tenant_finds_its_own() {
    let client = Client::asked(Options::default());
    for (key, query, tenant) in [
        (EVERYTHING, "q=a", None),
        (EVERYTHING, "q=a&tenant=news", Some("news")),
        ("read@sport", "q=a", Some("sport")),
        ("read@sport", "q=a&tenant=sport", Some("sport")),
    ] {
        let line = format!("GET /v1/search?{query}");
        assert_eq!(client.with_key(key, &line, "").await.status, 200);
        let asked = client.standin.searched.lock().unwrap().take().unwrap();
        assert_eq!(asked.tenant.as_deref(), tenant, "{key} {query}");
    }
    let foreign = client.with_key("read@sport", "GET /v1/search?q=a&tenant=news", "");
    assert_eq!(foreign.await.status, 200);
    assert_eq!(
        *client.standin.searched.lock().unwrap(),
        None,
        "it is not even asked"
    );
}
