//! What a player gets: types, ranges, validators, and never a file that is not published.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Answer, Client};
use newsreel_api::Options;
use tower::ServiceExt as _;

async fn client() -> (Client, String) {
    let client = Client::new();
    let id = client.job().await;
    (client, format!("/media/{id}"))
}

async fn init(client: &Client, base: &str, headers: &[(&str, &str)]) -> Answer {
    let line = format!("GET {base}/video/720p/init.mp4");
    client.ask(&line, headers, "").await
}

#[tokio::test]
async fn files_are_sent_with_their_type_and_how_long_they_last() {
    let (client, base) = client().await;
    let init = init(&client, &base, &[]).await;
    assert_eq!(init.status, 200);
    assert_eq!(init.body, b"0123456789");
    assert_eq!(init.header("content-type"), "video/mp4");
    assert_eq!(init.header("content-length"), "10");
    assert_eq!(init.header("accept-ranges"), "bytes");
    assert_eq!(
        init.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(init.header("access-control-allow-origin"), "*");
    assert_eq!(init.header("x-content-type-options"), "nosniff");
    assert!(init.header("etag").starts_with('"'));
    assert!(init.header("last-modified").ends_with(" GMT"));

    let list = client.get(&format!("{base}/master.m3u8?_HLS_msn=1")).await;
    assert_eq!(list.header("content-type"), "application/vnd.apple.mpegurl");
    assert_eq!(list.header("cache-control"), "no-cache");
    assert!(list.header("etag").starts_with("W/\""));
    // A client that encodes the slashes means the same file.
    let encoded = client.get(&format!("{base}/video%2F720p%2Finit.mp4")).await;
    assert_eq!(encoded.body, init.body);
}

#[tokio::test]
async fn head_says_what_get_would() {
    let (client, base) = client().await;
    let line = format!("HEAD {base}/video/720p/init.mp4");
    let head = client.ask(&line, &[("range", "bytes=0-1")], "").await;
    let get = init(&client, &base, &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    for name in [
        "content-type",
        "content-length",
        "etag",
        "last-modified",
        "cache-control",
    ] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[tokio::test]
async fn one_range_is_served() {
    let (client, base) = client().await;
    for (range, body, told) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=4-", "456789", "bytes 4-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
        ("bytes=9-9", "9", "bytes 9-9/10"),
    ] {
        let answer = init(&client, &base, &[("range", range)]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.body, body.as_bytes());
        assert_eq!(answer.header("content-range"), told);
        assert_eq!(answer.header("content-length"), body.len().to_string());
        assert_eq!(answer.header("content-type"), "video/mp4");
    }
    for range in ["bytes=0-1,3-4", "bytes=4-2", "lines=1-2", "bytes=x"] {
        let answer = init(&client, &base, &[("range", range)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.len()),
            (200, 10),
            "{range}"
        );
    }
    for range in [
        "bytes=10-",
        "bytes=10-12",
        "bytes=-0",
        "bytes=99999999999999999999-",
    ] {
        let answer = init(&client, &base, &[("range", range)]).await;
        answer.problem(416, "range_unsatisfiable");
        assert_eq!(answer.header("content-range"), "bytes */10");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
}

#[tokio::test]
async fn a_copy_that_is_good_is_not_sent_again() {
    let (client, base) = client().await;
    let whole = init(&client, &base, &[]).await;
    let (etag, date) = (whole.header("etag"), whole.header("last-modified"));
    let listed = format!("\"x\", W/{etag}");
    for headers in [
        vec![("if-none-match", etag)],
        vec![("if-none-match", &listed)],
        vec![("if-none-match", "*")],
        vec![("if-modified-since", date)],
        vec![("if-none-match", etag), ("range", "bytes=0-1")],
    ] {
        let answer = init(&client, &base, &headers).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.len()),
            (304, 0),
            "{headers:?}"
        );
        assert_eq!(answer.header("etag"), etag);
        assert_eq!(
            answer.header("cache-control"),
            whole.header("cache-control")
        );
    }
    for headers in [
        vec![("if-none-match", "\"x\"")],
        vec![("if-none-match", "\"x\""), ("if-modified-since", date)],
        vec![("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")],
        vec![("if-modified-since", "yesterday")],
    ] {
        let answer = init(&client, &base, &headers).await;
        assert_eq!(answer.status, 200, "{headers:?}");
    }
    for (condition, status) in [
        (etag, 206),
        (date, 206),
        ("\"x\"", 200),
        ("W/\"x\"", 200),
        ("x", 200),
    ] {
        let headers = [("range", "bytes=0-1"), ("if-range", condition)];
        let answer = init(&client, &base, &headers).await;
        assert_eq!(answer.status, status, "{condition}");
    }
    // A playlist may change between two parts without it showing: no part goes with another.
    let list = format!("GET {base}/master.m3u8");
    let etag = client.ask(&list, &[], "").await.header("etag").to_owned();
    let headers = [("range", "bytes=0-1"), ("if-range", etag.as_str())];
    assert_eq!(client.ask(&list, &headers, "").await.status, 200);
}

#[tokio::test]
async fn what_is_not_published_is_not_there() {
    let (client, base) = client().await;
    for path in [
        ".work/1/secret.mp4",
        "%2ework/1/secret.mp4",
        "video/%2E%2E/.work/1/secret.mp4",
        "../../etc/passwd.json",
        "..%2f..%2fetc%2fpasswd.json",
        "%2e%2e/%2e%2e/etc/passwd.json",
        "%252e%252e/secret.mp4",
        "/etc/passwd.json",
        "video%5c..%5cinit.mp4",
        "init.mp4%00.jpg",
        "video/720p/init.mp4%0a",
        "video//720p/init.mp4",
        "video/720p",
        "video/720p/missing.mp4",
        "%ff.mp4",
    ] {
        *client.standin.path.lock().unwrap() = None;
        let answer = client.get(&format!("{base}/{path}")).await;
        answer.problem(404, "input_not_found");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let asked = client.standin.path.lock().unwrap().take();
        assert!(
            asked.is_none() || path.contains("missing"),
            "{path}: {asked:?}"
        );
    }
    for job in ["x", "0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b", "%2e%2e"] {
        let answer = client.get(&format!("/media/{job}/master.m3u8")).await;
        answer.problem(404, "job_unknown");
    }
}

#[tokio::test]
async fn browsers_may_ask_first() {
    let (client, base) = client().await;
    let line = format!("OPTIONS {base}/master.m3u8");
    let foreign = [
        ("origin", "https://player.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let answer = client.ask(&line, &foreign, "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(
        answer.header("access-control-allow-methods"),
        "GET, HEAD, OPTIONS"
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("Range")
    );
    let post = client.post(&format!("{base}/master.m3u8")).await;
    post.problem(405, "method_not_allowed");
    assert_eq!(post.header("allow"), "GET,HEAD,OPTIONS");
}

#[tokio::test]
async fn only_so_many_files_are_sent_at_a_time() {
    let client = Client::with(Options {
        max_streams: 1,
        ..Options::default()
    });
    let base = format!("/media/{}", client.job().await);
    let request = Request::get(format!("{base}/master.m3u8"))
        .header("host", "localhost")
        .body(Body::empty())
        .unwrap();
    let unread = client.router.clone().oneshot(request).await.unwrap();
    let answer = init(&client, &base, &[]).await;
    answer.problem(503, "overloaded");
    drop(unread);
    assert_eq!(init(&client, &base, &[]).await.status, 200);
    assert_eq!(init(&client, &base, &[]).await.status, 200);
}
