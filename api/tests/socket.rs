//! What goes over a real socket, byte by byte: what no well-behaved client library would send.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use common::{Door, Standin};
use newsreel_api::{Options, router};
use newsreel_model::access::Principal;
use newsreel_model::control::Control as _;
use newsreel_model::spec::JobSpec;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[allow(
    clippy::unwrap_used,
    reason = "a test without a server has nothing to test"
)]
async fn serve() -> (SocketAddr, Arc<Standin>) {
    let standin = Arc::new(Standin::new());
    let options = Options {
        body_timeout: Duration::from_millis(300),
        ..Options::default()
    };
    let routes = router(standin.clone(), Arc::new(Door::open()), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (address, standin)
}

/// Sends these bytes and reads until the server closes, or for two seconds.
#[allow(
    clippy::unwrap_used,
    reason = "a test without a server has nothing to test"
)]
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before it has everything.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let end = Duration::from_secs(2);
    let _ = tokio::time::timeout(end, socket.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(line: &str, headers: &str) -> Vec<u8> {
    let headers = format!("Host: localhost\r\nConnection: close\r\n{headers}");
    format!("{line} HTTP/1.1\r\n{headers}\r\n").into_bytes()
}

#[tokio::test]
async fn a_gigabyte_that_is_only_announced_is_refused_without_reading() {
    let (address, _) = serve().await;
    let headers =
        "Content-Type: application/json\r\nContent-Length: 1073741824\r\nExpect: 100-continue\r\n";
    let answer = raw(address, &request("POST /v1/jobs", headers)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"request_too_large\""));
    for length in ["-1", "99999999999999999999999999", "x", "1, 2"] {
        let headers = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        let answer = raw(address, &request("POST /v1/jobs", &headers)).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{length}: {answer}");
    }
}

#[tokio::test]
async fn chunks_without_end_are_cut() {
    let (address, _) = serve().await;
    let headers =
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let head = format!("POST /v1/jobs HTTP/1.1\r\n{headers}\r\n");
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let (mut reader, mut writer) = socket.into_split();
    let sender = tokio::spawn(async move {
        let mut sent = 0_u64;
        while writer.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 1;
            assert!(sent < 10_000, "the server takes whatever comes");
        }
    });
    let mut answer = [0; 12];
    reader.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    drop(reader);
    sender.await.unwrap();
}

#[tokio::test]
async fn a_body_that_trickles_is_cut() {
    let (address, _) = serve().await;
    let headers = "Content-Type: application/json\r\nContent-Length: 100\r\n";
    let mut bytes = request("POST /v1/jobs", headers);
    bytes.extend_from_slice(b"{");
    let answer = raw(address, &bytes).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("application/problem+json"));
}

#[tokio::test]
async fn no_path_leads_out_of_a_job() {
    let (address, standin) = serve().await;
    let job = standin.submit(JobSpec::new("file:///in/a.mxf"), None, &Principal::local());
    let id = job.await.unwrap().job.id;
    for path in [
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "../../../../../../etc/passwd",
        "..%2f..%2f..%2f..%2fetc%2fpasswd",
        "..%5c..%5cetc%5cpasswd",
        ".work/1/secret.mp4",
        "%2e%77ork/1/secret.mp4",
        "video/..;/..;/.work/1/secret.mp4",
        "%c0%ae%c0%ae/secret.mp4",
        "/.work/1/secret.mp4",
        "a.mp4%00",
    ] {
        let line = format!("GET /media/{id}/{path}");
        let answer = raw(address, &request(&line, "")).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(answer.contains("application/problem+json"), "{path}");
        assert!(!answer.contains("root:"), "{path}");
        assert!(standin.path.lock().unwrap().is_none(), "{path}");
    }
    let line = format!("GET /media/{id}/master.m3u8");
    let answer = raw(address, &request(&line, "Range: bytes=1-3\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 206"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nEXT"), "{answer}");
    let answer = raw(
        address,
        &request(&format!("HEAD /media/{id}/master.m3u8"), ""),
    )
    .await;
    assert!(answer.contains("content-length: 8\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn heads_beyond_every_limit_are_refused() {
    let (address, _) = serve().await;
    let long = format!("GET /v1/jobs?tenant={}", "x".repeat(20_000));
    let answer = raw(address, &request(&long, "")).await;
    assert!(answer.starts_with("HTTP/1.1 414"), "{answer}");
    assert!(answer.contains("\"uri_too_long\""));
    let much = format!("X-Much: {}\r\n", "x".repeat(20_000));
    let answer = raw(address, &request("GET /v1/queue", &much)).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert!(answer.contains("\"headers_too_large\""));
    // Beyond the HTTP library's own limits the answer is bare.
    let many = (0..200)
        .map(|n| format!("X-{n}: 1\r\n"))
        .collect::<String>();
    let answer = raw(address, &request("GET /v1/queue", &many)).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = raw(address, b"\x16\x03\x01 not http at all\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let (address, _) = serve().await;
    for head in [
        "GET /v1/queue HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /v1/queue HTTP/1.0\r\n\r\n",
        "GET /v1/queue HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET http://evil.example/v1/queue HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ] {
        let answer = raw(address, head.as_bytes()).await;
        assert!(answer.contains(" 400 "), "{answer}");
        assert!(answer.contains("\"request_invalid\""), "{answer}");
    }
}
