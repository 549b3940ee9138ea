//! The protocol of uploads over a stand-in: what is spoken, and what is refused how. Not here: bytes on a disk, cut connections.

#![allow(clippy::unwrap_used, reason = "tests, where a panic is the report")]

mod common;

use std::time::Duration;

use axum::body::{Body, Bytes};
use common::{Answer, Client};
use futures_util::stream::{self, StreamExt as _};
use newsreel_api::Options;

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const PIECE: (&str, &str) = ("content-type", "application/offset+octet-stream");

async fn begin(client: &Client, more: &[(&str, &str)], body: &'static str) -> Answer {
    let headers = [&[TUS][..], more].concat();
    client.ask("POST /v1/uploads", &headers, body).await
}

async fn begun(client: &Client, length: &str) -> String {
    let answer = begin(client, &[("upload-length", length)], "").await;
    assert_eq!(answer.status, 201);
    answer.header("location").to_owned()
}

async fn patch(client: &Client, at: &str, offset: &str, body: impl Into<Body>) -> Answer {
    let headers = [TUS, PIECE, ("upload-offset", offset)];
    client.ask(&format!("PATCH {at}"), &headers, body).await
}

async fn offset(client: &Client, at: &str) -> String {
    let answer = client.ask(&format!("HEAD {at}"), &[TUS], "").await;
    assert_eq!(answer.status, 200);
    answer.header("upload-offset").to_owned()
}

fn bytes(client: &Client, at: &str) -> Vec<u8> {
    let id = at.rsplit('/').next().unwrap().parse().unwrap();
    client.standin.uploads.bytes(id)
}

#[tokio::test]
async fn a_file_comes_in_pieces() {
    let client = Client::new();
    let metadata = ("upload-metadata", "filename YS5teGY=,is_news");
    let first = begin(
        &client,
        &[("upload-length", "11"), metadata, PIECE],
        "hello",
    )
    .await;
    assert_eq!(first.status, 201);
    assert_eq!(first.header("upload-offset"), "5");
    assert_eq!(first.header("tus-resumable"), "1.0.0");
    assert_eq!(
        first.header("upload-expires"),
        "Thu, 01 Jan 1970 00:00:00 GMT"
    );
    let at = first.header("location").to_owned();
    let shown = client.ask(&format!("HEAD {at}"), &[TUS], "").await;
    let headers = ["upload-offset", "upload-length", "upload-metadata"].map(|n| shown.header(n));
    assert_eq!(headers, ["5", "11", metadata.1]);
    assert_eq!(shown.header("cache-control"), "no-store");
    let second = patch(&client, &at, "5", " world").await;
    assert_eq!(second.status, 204);
    assert_eq!(second.header("upload-offset"), "11");
    assert_eq!(bytes(&client, &at), b"hello world");
    let gone = client.ask(&format!("DELETE {at}"), &[TUS], "").await;
    assert_eq!(gone.status, 204);
    let again = client.ask(&format!("DELETE {at}"), &[TUS], "").await;
    again.problem(404, "upload_unknown");
}

#[tokio::test]
async fn what_is_possible_is_told_to_whoever_asks() {
    let client = Client::asked(Options::default());
    let told = client.ask("OPTIONS /v1/uploads", &[], "").await;
    assert_eq!(told.status, 204);
    for (name, value) in [
        ("tus-version", "1.0.0"),
        ("tus-max-size", "1000"),
        (
            "tus-extension",
            "creation,creation-with-upload,expiration,termination",
        ),
    ] {
        assert_eq!(told.header(name), value);
    }
}

#[tokio::test]
async fn what_is_not_spoken_is_refused_and_changes_nothing() {
    let client = Client::new();
    let at = begun(&client, "10").await;
    let patch_at = format!("PATCH {at}");
    let zero = ("upload-offset", "0");
    for version in [None, Some(("tus-resumable", "0.2.2"))] {
        let headers: Vec<_> = [PIECE, zero].into_iter().chain(version).collect();
        let answer = client.ask(&patch_at, &headers, "x").await;
        answer.problem(412, "tus_version");
        assert_eq!(answer.header("tus-version"), "1.0.0");
    }
    let untyped = client.ask(&patch_at, &[TUS, zero], "x").await;
    untyped.problem(415, "media_type_unsupported");
    patch(&client, &at, "1", "x")
        .await
        .problem(409, "upload_conflict");
    for wrong in ["-1", "x", "", "1.5", "99999999999999999999"] {
        let answer = patch(&client, &at, wrong, "x").await;
        answer.problem(400, "request_invalid");
    }
    for (more, body, status, code) in [
        (&[][..], "", 400, "request_invalid"),
        (
            &[("upload-length", "1001")][..],
            "",
            413,
            "request_too_large",
        ),
        (
            &[("upload-defer-length", "1")][..],
            "",
            400,
            "request_invalid",
        ),
        (
            &[("upload-length", "1")][..],
            "x",
            415,
            "media_type_unsupported",
        ),
        (
            &[("upload-length", "1"), ("upload-metadata", "a b c")][..],
            "",
            400,
            "request_invalid",
        ),
    ] {
        let answer = begin(&client, more, body).await;
        answer.problem(status, code);
        assert_eq!(answer.header("tus-resumable"), "1.0.0");
    }
    for nothing in ["/v1/uploads/x", "/v1/uploads/..%2f..%2fetc"] {
        patch(&client, nothing, "0", "x")
            .await
            .problem(404, "upload_unknown");
    }
    assert_eq!(offset(&client, &at).await, "0");
    patch(&client, &at, "0", "x".repeat(11))
        .await
        .problem(413, "request_too_large");
}

#[tokio::test]
async fn what_came_of_a_piece_that_breaks_off_or_stalls_is_kept() {
    let client = Client::with(Options {
        upload_idle: Duration::from_millis(50),
        ..Options::default()
    });
    let at = begun(&client, "10").await;
    let some = |text: &'static str| stream::iter([Ok(Bytes::from(text))]);
    let cut = stream::iter([Err(std::io::Error::other("cut"))]);
    let broken = Body::from_stream(some("abc").chain(cut));
    patch(&client, &at, "0", broken)
        .await
        .problem(400, "request_invalid");
    assert_eq!(offset(&client, &at).await, "3");
    let stalled = Body::from_stream(some("def").chain(stream::pending()));
    patch(&client, &at, "3", stalled)
        .await
        .problem(408, "body_timed_out");
    assert_eq!(offset(&client, &at).await, "6");
    assert_eq!(bytes(&client, &at), b"abcdef");
}

#[tokio::test]
async fn a_page_of_another_origin_sends_nothing() {
    let client = Client::new();
    let at = begun(&client, "10").await;
    let foreign = ("origin", "http://evil.example");
    for (line, more) in [
        ("POST /v1/uploads".to_owned(), ("upload-length", "1")),
        (format!("PATCH {at}"), ("upload-offset", "0")),
        (format!("DELETE {at}"), ("x-y", "z")),
    ] {
        let answer = client.ask(&line, &[TUS, PIECE, foreign, more], "x").await;
        answer.problem(403, "origin_forbidden");
    }
    let asked = client.ask(&format!("OPTIONS {at}"), &[foreign], "").await;
    assert_eq!(asked.header("access-control-allow-origin"), "");
    assert_eq!(offset(&client, &at).await, "0");
}
