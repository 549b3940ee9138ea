//! The console's page: there with or without a build of it, kept to its own origin, its assets for ever.

mod common;

use common::Client;

#[tokio::test]
async fn the_page_is_for_everyone_and_loads_nothing_from_elsewhere() {
    let page = Client::asked(newsreel_api::Options::default())
        .get("/")
        .await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for open in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*"] {
        assert!(!policy.contains(open), "{policy}");
    }
    let text = String::from_utf8(page.body).unwrap();
    // Without a build of the console it says how to make one.
    assert!(
        text.contains("scripts/console") || text.contains("/assets/"),
        "{text}"
    );
    for elsewhere in ["http://", "https://", "//cdn"] {
        assert!(!text.contains(elsewhere), "{text}");
    }
}

#[tokio::test]
async fn what_the_page_names_is_there_and_may_be_kept() {
    let client = Client::new();
    let page = String::from_utf8(client.get("/").await.body).unwrap();
    let named = page.split('"').filter(|part| part.starts_with("/assets/"));
    for path in named {
        let asset = client.get(path).await;
        assert_eq!(asset.status, 200, "{path}");
        assert!(
            asset.header("cache-control").contains("immutable"),
            "{path}"
        );
        let tag = asset.header("etag").to_owned();
        let line = format!("GET {path}");
        let again = client.ask(&line, &[("if-none-match", &tag)], "").await;
        assert_eq!(
            (again.status.as_u16(), again.body.len()),
            (304, 0),
            "{path}"
        );
    }
}

#[tokio::test]
async fn other_assets_are_not_there() {
    let client = Client::new();
    for path in [
        "/assets/none.js",
        "/assets/..%2Findex.html",
        "/assets/.gitignore",
        "/assets/%00",
    ] {
        client.get(path).await.problem(404, "input_not_found");
    }
    client.get("/assets/").await.problem(404, "route_unknown");
    client.post("/").await.problem(405, "method_not_allowed");
}
