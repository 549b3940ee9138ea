//! Who may what: every route with every kind of caller, and what one tenant sees of another's.

#![allow(clippy::unwrap_used, reason = "tests, where a panic is the report")]

mod common;

use axum::http::StatusCode;
use common::{Answer, Client, EVERYTHING, Trouble};
use newsreel_api::Options;
use newsreel_model::job::JobState;
use newsreel_model::{Code, Error};
use serde_json::Value;

/// What every request about an upload may send.
const UPLOADS: [(&str, &str); 3] = [
    ("tus-resumable", "1.0.0"),
    ("upload-length", "9"),
    ("upload-offset", "0"),
];

/// The id of an upload begun with a key.
async fn upload(client: &Client, key: &str) -> String {
    let bearer = format!("Bearer {key}");
    let headers = [&UPLOADS[..], &[("authorization", bearer.as_str())]].concat();
    let made = client.ask("POST /v1/uploads", &headers, "").await;
    let location = made.header("location");
    location.trim_start_matches("/v1/uploads/").to_owned()
}

const BODY: &str = r#"{"input":{"url":"file:///in/a.mxf"}}"#;

/// What a route asks for, said a second time and in other words than the table the router is held to.
const ROUTES: &[(&str, &str)] = &[
    ("GET /healthz", "anyone"),
    ("GET /readyz", "anyone"),
    ("GET /openapi.json", "anyone"),
    ("OPTIONS /media/{job}/{path}", "anyone"),
    ("POST /v1/auth/refresh", "anyone"),
    ("POST /v1/auth/revoke", "anyone"),
    ("DELETE /v1/auth/cookie", "anyone"),
    ("POST /v1/auth/token", "any key"),
    ("POST /v1/auth/cookie", "any key"),
    ("GET /v1/jobs", "read"),
    ("GET /v1/jobs/{id}", "read, own"),
    ("GET /v1/jobs/{id}/events", "read, own"),
    ("GET /v1/jobs/{id}/outputs", "read, own"),
    ("GET /v1/jobs/{id}/pictures", "read, own"),
    ("POST /v1/jobs/{id}/media-link", "read, own"),
    ("GET /media/{job}/{path}", "read, own"),
    ("HEAD /media/{job}/{path}", "read, own"),
    ("GET /v1/events", "read"),
    ("GET /v1/ws", "read"),
    ("GET /v1/devices", "read"),
    ("GET /v1/profiles", "read"),
    ("GET /v1/queue", "read"),
    ("GET /v1/config", "admin, all tenants"),
    ("GET /metrics", "read, all tenants"),
    ("POST /v1/jobs", "submit"),
    ("POST /v1/jobs/{id}/cancel", "submit, own"),
    ("POST /v1/jobs/{id}/retry", "submit, own"),
    ("POST /v1/jobs/{id}/poster", "submit, own"),
    ("PATCH /v1/jobs/{id}", "submit, own"),
    ("DELETE /v1/jobs/{id}", "submit, own"),
    ("GET /v1/search", "read"),
    ("OPTIONS /v1/uploads", "anyone"),
    ("POST /v1/uploads", "submit"),
    ("HEAD /v1/uploads/{id}", "submit, own"),
    ("PATCH /v1/uploads/{id}", "submit, own"),
    ("DELETE /v1/uploads/{id}", "submit, own"),
    ("GET /v1/webhooks", "admin"),
    ("POST /v1/webhooks/replay", "admin"),
];

/// The status of a request to a route about a job of the tenant `sport`. Bodies of streams are not waited for.
async fn status(client: &Client, route: &str, key: Option<&str>) -> (StatusCode, Value) {
    let id = if route.contains("uploads") {
        upload(client, "submit@sport").await
    } else {
        let made = client.with_key(
            EVERYTHING,
            "POST /v1/jobs",
            r#"{"input":{"url":"file:///in/a.mxf"},"tenant":"sport"}"#,
        );
        made.await.json()["id"].as_str().unwrap().to_owned()
    };
    let line = route
        .replace("{id}", &id)
        .replace("{job}", &id)
        .replace("{path}", "master.m3u8")
        .replace("replay", "replay?endpoint=name:cms")
        .replace("search", "search?q=flood");
    let body = match route {
        "POST /v1/jobs" => BODY,
        "POST /v1/auth/refresh" => r#"{"refresh_token":"refresh"}"#,
        "POST /v1/auth/revoke" => r#"{"token":"refresh"}"#,
        _ if route.ends_with("poster") => r#"{"thumbnail":"0001"}"#,
        "PATCH /v1/jobs/{id}" => r#"{"priority":1}"#,
        _ if route.ends_with("media-link") => "{}",
        _ => "",
    };
    if route.starts_with("DELETE /v1/jobs") {
        client.standin.set(id.parse().unwrap(), JobState::Completed);
    }
    if route.ends_with("retry") {
        client.standin.set(id.parse().unwrap(), JobState::Failed);
    }
    let bearer = key.map(|key| format!("Bearer {key}"));
    let mut headers = Vec::new();
    if route.contains("uploads") {
        headers.extend(UPLOADS);
    }
    if let Some(bearer) = &bearer {
        headers.push(("authorization", bearer.as_str()));
    }
    if route.starts_with("PATCH /v1/uploads") {
        headers.push(("content-type", "application/offset+octet-stream"));
    } else if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    client.head(&line, &headers, body).await
}

/// Whether a caller with these scopes and this tenant may, by the words of [`ROUTES`]: the status, where it is not.
fn expected(needs: &str, scopes: &str, tenant: &str) -> Option<u16> {
    let (scope, whose) = needs.split_once(", ").unwrap_or((needs, ""));
    let holds = match scope {
        "anyone" | "any key" => true,
        _ => scopes == "admin" || scopes.split('+').any(|held| held == scope),
    };
    match whose {
        _ if !holds => Some(403),
        "all tenants" if tenant != "*" => Some(403),
        "own" if !["*", "sport"].contains(&tenant) => Some(404),
        _ => None,
    }
}

#[tokio::test]
async fn every_route_admits_whom_it_should_and_nobody_else() {
    let client = Client::asked(Options {
        burst: 100_000,
        ..Options::default()
    });
    for (route, needs) in ROUTES {
        let open = *needs == "anyone";
        for bad in [None, Some("nonsense")] {
            let (got, problem) = status(&client, route, bad).await;
            assert_eq!(got == 401, !open, "{route} with {bad:?}: {got}");
            let said = problem["code"] == "unauthenticated" || route.starts_with("HEAD");
            assert!(open || said, "{route}");
        }
        for scopes in ["read", "submit", "read+submit", "admin"] {
            for tenant in ["*", "sport", "news"] {
                let key = format!("{scopes}@{tenant}");
                let (got, problem) = status(&client, route, Some(&key)).await;
                match expected(needs, scopes, tenant) {
                    // A stream wants a WebSocket's handshake, which this is none of.
                    None if route.ends_with("/ws") => assert_eq!(got, 426, "{route} {key}"),
                    None => assert!(got.is_success(), "{route} {key}: {got} {problem}"),
                    Some(status) => {
                        assert_eq!(got, status, "{route} {key}: {problem}");
                        let codes = [
                            "access_forbidden",
                            "job_unknown",
                            "input_not_found",
                            "upload_unknown",
                        ];
                        let code = problem["code"].as_str().unwrap_or("job_unknown");
                        assert!(codes.contains(&code), "{route} {key}: {code}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_route_of_the_document_is_in_the_list() {
    let document: Value = serde_json::from_str(&newsreel_api::openapi()).unwrap();
    let mut routes: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let route = format!("{} {path}", method.to_uppercase());
            let (_, needs) = ROUTES
                .iter()
                .find(|(known, _)| *known == route)
                .unwrap_or_else(|| panic!("{route} is in no list of who may"));
            let scope = operation["security"][0]["bearer"][0].as_str();
            let said = match *needs {
                "anyone" | "any key" => None,
                _ => needs.split(',').next(),
            };
            assert_eq!(scope, said, "{route}");
            let asked = operation["responses"].get("401").is_some();
            assert_eq!(
                asked || route.ends_with("auth/refresh"),
                *needs != "anyone" || route.ends_with("auth/refresh"),
                "{route}"
            );
            routes.push(route);
        }
    }
    assert_eq!(routes.len(), ROUTES.len());
}

/// A job of a tenant.
async fn job_of(client: &Client, tenant: &str) -> String {
    let key = format!("submit@{tenant}");
    let made = client.with_key(&key, "POST /v1/jobs", BODY).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["spec"]["tenant"], tenant);
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_tenant_sees_its_own_jobs_alone_and_another_s_as_if_they_were_not_there() {
    let client = Client::asked(Options::default());
    let (sport, news) = (
        job_of(&client, "sport").await,
        job_of(&client, "news").await,
    );
    let get = |key: &'static str, line: String| async move { (key, line) };
    for (key, line) in [
        get("admin@sport", format!("GET /v1/jobs/{news}")).await,
        get("admin@sport", format!("POST /v1/jobs/{news}/cancel")).await,
        get("admin@sport", format!("GET /media/{news}/master.m3u8")).await,
    ] {
        let there = client.with_key(key, &line, "").await;
        let nothing = line.replace(&news, "0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b");
        let absent = client.with_key(key, &nothing, "").await;
        assert_eq!(
            (there.status.as_u16(), there.json()["code"].clone()),
            (404, absent.json()["code"].clone()),
            "{line}"
        );
    }
    let state = client
        .with_key(EVERYTHING, &format!("GET /v1/jobs/{news}"), "")
        .await;
    assert_eq!(state.json()["state"], "queued", "it was not cancelled");
    let ids = |answer: Answer| -> Vec<String> {
        let jobs = answer.json()["jobs"].as_array().unwrap().clone();
        jobs.iter()
            .map(|job| job["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = |key: &'static str, query: &'static str| {
        let line = format!("GET /v1/jobs{query}");
        let client = &client;
        async move { ids(client.with_key(key, &line, "").await) }
    };
    assert_eq!(list("read@sport", "").await.join(" "), sport);
    assert_eq!(list("read@sport", "?tenant=sport").await.join(" "), sport);
    assert!(list("read@sport", "?tenant=news").await.is_empty());
    assert_eq!(list("read@*", "").await, [news.clone(), sport.clone()]);
}

#[tokio::test]
async fn a_tenant_s_key_submits_for_its_tenant_alone() {
    let client = Client::asked(Options::default());
    let submit = |tenant: &'static str| {
        let body: &'static str = match tenant {
            "news" => r#"{"input":{"url":"file:///in/a.mxf"},"tenant":"news"}"#,
            _ => r#"{"input":{"url":"file:///in/a.mxf"},"tenant":"sport"}"#,
        };
        client.with_key("submit@sport", "POST /v1/jobs", body)
    };
    assert_eq!(submit("sport").await.status, 201);
    let other = submit("news").await.problem(403, "access_forbidden");
    assert_eq!(other["errors"][0]["field"], "tenant");
    let whole = client.with_key("submit@*", "POST /v1/jobs", BODY).await;
    assert_eq!(whole.json()["spec"]["tenant"], "default");
}

#[tokio::test]
async fn idempotency_keys_are_each_key_s_own() {
    let client = Client::asked(Options::default());
    let submit = |key: &'static str| {
        let client = &client;
        async move {
            let bearer = format!("Bearer {key}");
            let headers = [
                ("content-type", "application/json"),
                ("idempotency-key", "k"),
                ("authorization", bearer.as_str()),
            ];
            client
                .ask("POST /v1/jobs", &headers, BODY)
                .await
                .status
                .as_u16()
        }
    };
    assert_eq!(submit("submit@sport").await, 201);
    assert_eq!(submit("submit@sport").await, 200);
    assert_eq!(submit("submit@news").await, 201);
}

#[tokio::test]
async fn queue_and_receivers_are_asked_for_by_tenant() {
    let client = Client::asked(Options::default());
    let asked = || client.standin.tenant.lock().unwrap().take();
    for line in [
        "GET /v1/queue",
        "GET /v1/webhooks",
        "POST /v1/webhooks/replay?endpoint=name:cms",
    ] {
        client.with_key("admin@sport", line, "").await;
        assert_eq!(asked(), Some("sport".to_owned()), "{line}");
        client.with_key("admin@*", line, "").await;
        assert_eq!(asked(), None, "{line}");
    }
}

#[tokio::test]
async fn a_credential_is_sent_once_and_in_its_form() {
    let client = Client::asked(Options::default());
    let ask = |headers: Vec<(&'static str, &'static str)>| {
        let client = &client;
        async move { client.ask("GET /v1/queue", &headers, "").await }
    };
    let good = ("authorization", "Bearer read@*");
    for headers in [
        vec![good],
        vec![("authorization", "bearer  read@* ")],
        vec![("cookie", "a=b; newsreel=read@*")],
    ] {
        assert_eq!(ask(headers.clone()).await.status, 200, "{headers:?}");
    }
    for headers in [
        vec![("authorization", "read@*")],
        vec![("authorization", "Basic read@*")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "")],
        vec![good, good],
        vec![
            ("authorization", "Bearer nonsense"),
            ("cookie", "newsreel=read@*"),
        ],
        vec![("cookie", "xnewsreel=read@*")],
    ] {
        let refused = ask(headers.clone()).await;
        refused.problem(401, "unauthenticated");
        assert!(
            refused.header("www-authenticate").starts_with("Bearer"),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn what_a_browser_sends_by_itself_is_worth_nothing_on_a_page_of_another_origin() {
    let foreign = [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    let client = Client::asked(Options::default());
    let id = client
        .with_key(EVERYTHING, "POST /v1/jobs", BODY)
        .await
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let media = format!("GET /media/{id}/master.m3u8");
    let link = client
        .with_key("read@*", &format!("POST /v1/jobs/{id}/media-link"), "{}")
        .await;
    let link = format!("GET {}", link.json()["playlist"].as_str().unwrap());
    let cookie = ("cookie", "newsreel=read@*");
    let bearer = ("authorization", "Bearer read@*");
    for page in foreign {
        for line in ["GET /v1/jobs", &media] {
            let with_cookie = client.ask(line, &[page, cookie], "").await;
            with_cookie.problem(403, "origin_forbidden");
            assert_eq!(client.ask(line, &[page, bearer], "").await.status, 200);
        }
        assert_eq!(client.ask(&link, &[page], "").await.status, 200);
    }
    assert_eq!(client.ask(&media, &[cookie], "").await.status, 200);
    let own = [
        cookie,
        ("origin", "http://localhost:8470"),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(client.ask(&media, &own, "").await.status, 200);
}

#[tokio::test]
async fn a_link_opens_its_job_alone() {
    let client = Client::asked(Options::default());
    let (sport, other) = (
        job_of(&client, "sport").await,
        job_of(&client, "sport").await,
    );
    let made = client
        .with_key(
            "read@sport",
            &format!("POST /v1/jobs/{sport}/media-link"),
            "{}",
        )
        .await;
    let base = made.json()["base"].as_str().unwrap().to_owned();
    for path in ["master.m3u8", "video/720p/init.mp4"] {
        let file = client.get(&format!("{base}{path}")).await;
        assert_eq!(file.status, 200);
        assert_eq!(file.header("access-control-allow-origin"), "*");
    }
    let foreign = client
        .get(&format!(
            "{}master.m3u8",
            base.replace(&format!("/{sport}/"), &format!("/{other}/"))
        ))
        .await;
    foreign.problem(401, "unauthenticated");
    assert_eq!(
        foreign.header("access-control-allow-origin"),
        "*",
        "a player sees why"
    );
    for path in [".work/1/secret.mp4", "../master.m3u8", "none.mp4", ""] {
        let answer = client.get(&format!("{base}{path}")).await;
        assert!(
            [401, 404].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.status
        );
    }
    client
        .get(&format!("/media/~/{sport}/master.m3u8"))
        .await
        .problem(401, "unauthenticated");
    client
        .get("/media/~x/master.m3u8")
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_cookie_is_for_this_origin_and_no_script() {
    let client = Client::asked(Options::default());
    let bearer = ("authorization", "Bearer read@*");
    let page = |origin: &'static str| {
        [
            bearer,
            ("origin", origin),
            ("host", origin.split_once("//").unwrap().1),
        ]
    };
    let plain = client
        .ask("POST /v1/auth/cookie", &page("http://localhost:8470"), "")
        .await;
    assert_eq!(plain.status, 204);
    assert_eq!(
        plain.header("set-cookie"),
        "newsreel=read@*; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
    );
    let tls = client
        .ask("POST /v1/auth/cookie", &page("https://localhost"), "")
        .await;
    assert!(
        tls.header("set-cookie")
            .ends_with("; SameSite=Strict; Secure")
    );
    let gone = client
        .ask(
            "DELETE /v1/auth/cookie",
            &[("cookie", "newsreel=read@*")],
            "",
        )
        .await;
    assert!(
        gone.header("set-cookie")
            .starts_with("newsreel=; Path=/; Max-Age=0;")
    );
    let foreign = [bearer, ("origin", "http://evil.example")];
    let refused = client.ask("POST /v1/auth/cookie", &foreign, "").await;
    refused.problem(403, "origin_forbidden");
    for swapped in ["Bearer token:read@*", "Bearer nonsense"] {
        let refused = client
            .ask("POST /v1/auth/cookie", &[("authorization", swapped)], "")
            .await;
        refused.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn each_key_has_its_own_rate() {
    let client = Client::asked(Options {
        requests_per_s: 1,
        burst: 3,
        ..Options::default()
    });
    let ask = |key| client.with_key(key, "GET /v1/queue", "");
    for _ in 0..3 {
        assert_eq!(ask("read@sport").await.status, 200);
    }
    let mut refused = None;
    // The bucket fills up by one each second: on a slow machine some more get through.
    for _ in 0..1000 {
        let answer = ask("read@sport").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    refused.problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(ask("read@news").await.status, 200, "another key's bucket");
    let local = Client::with(Options {
        requests_per_s: 1,
        burst: 1,
        ..Options::default()
    });
    for _ in 0..20 {
        assert_eq!(local.get("/v1/queue").await.status, 200);
    }
}

#[tokio::test]
async fn a_destination_that_is_taken_names_no_other_tenant_s_job() {
    let client = Client::asked(Options::default());
    for (key, told) in [("submit@sport", false), ("submit@*", true)] {
        let busy = Error::new(Code::OutputBusy, "job 0199b1c2 writes there");
        *client.standin.trouble.lock().unwrap() = Some(Trouble::Error(busy));
        let refused = client.with_key(key, "POST /v1/jobs", BODY).await;
        let problem = refused.problem(409, "output_busy");
        let words = problem["detail"].as_str().unwrap();
        assert_eq!(words.contains("0199b1c2"), told, "{words}");
    }
}
