//! Requests the real daemon must refuse, each with words that say what to do; and it goes on serving.

use std::io::{Read, Write};
use std::net::TcpStream;

use newsreel_model::job::JobState;
use serde_json::{Value, json};

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::support::turn;

/// A request body in which one thing is wrong, and the status and code it gets.
fn wrong(daemon: &Daemon) -> Vec<(&'static str, Value, u16, &'static str)> {
    let good = serde_json::to_value(spec(&clip(2), "story")).unwrap();
    let with = |path: &str, value: Value| {
        let mut body = good.clone();
        body[path] = value;
        body
    };
    let url = |path: String| with("input", json!({ "url": format!("file://{path}") }));
    let root = daemon.path("in").display().to_string();
    vec![
        (
            "a profile that does not exist",
            with("profile", json!("none")),
            422,
            "profile_unknown",
        ),
        (
            "an unknown field",
            with("prioritaet", json!(1)),
            422,
            "request_invalid",
        ),
        (
            "a priority below 0",
            with("priority", json!(-1)),
            422,
            "request_invalid",
        ),
        (
            "a priority beyond 100",
            with("priority", json!(101)),
            422,
            "request_invalid",
        ),
        (
            "a priority beyond every number",
            with("priority", json!(1e300)),
            422,
            "request_invalid",
        ),
        (
            "a clip that ends before it starts",
            with("clip", json!({"start_s": 5, "end_s": 1})),
            422,
            "request_invalid",
        ),
        (
            "a clip from before the start",
            with("clip", json!({"start_s": -5})),
            422,
            "request_invalid",
        ),
        (
            "a path with ..",
            url(format!("{root}/../newsreel.toml")),
            422,
            "request_invalid",
        ),
        (
            "a path with .. in other clothes",
            url(format!("{root}/%2e%2e/newsreel.toml")),
            422,
            "request_invalid",
        ),
        (
            "a link out of the roots",
            url(format!("{root}/out.mp4")),
            403,
            "path_forbidden",
        ),
        (
            "a file outside the roots",
            url("/etc/passwd".to_owned()),
            403,
            "path_forbidden",
        ),
        (
            "a file that is not there",
            url(format!("{root}/none.mp4")),
            422,
            "input_not_found",
        ),
        (
            "another scheme",
            with("input", json!({"url": "ftp://host/a.mp4"})),
            422,
            "input_scheme_unsupported",
        ),
        (
            "a bucket that the configuration does not know",
            with("input", json!({"url": "s3://bucket/a.mp4"})),
            403,
            "path_forbidden",
        ),
    ]
}

#[test]
fn bad_requests_are_refused_with_words_and_leave_no_job() {
    let _turn = turn();
    let daemon = Daemon::start("");
    std::os::unix::fs::symlink("/etc/passwd", daemon.path("in/out.mp4")).unwrap();
    let mut failed = Vec::new();
    for (what, body, status, code) in wrong(&daemon) {
        let answer = daemon.ask("POST", "/v1/jobs", None, Some(&body));
        let told = format!("{answer:?}");
        let as_expected = matches!(&answer, Err(crate::daemon::Bad::Refused(r)) if r.status == status && r.code == code);
        if !as_expected {
            failed.push(format!("{what}: {status} {code} was expected, not {told}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(daemon.jobs().is_empty(), "a refused request left a job");
}

#[test]
fn a_body_of_a_gigabyte_is_refused_before_it_is_read() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let before = crate::processes::resident_kib(daemon.pid());
    let mut stream = TcpStream::connect(daemon.address()).unwrap();
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        daemon.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A chunk after the other until it is enough for the daemon: it must not take the gigabyte.
    let chunk = [
        format!("{:x}\r\n", 1 << 20).into_bytes(),
        vec![b' '; 1 << 20],
        b"\r\n".to_vec(),
    ]
    .concat();
    let sent = (0..1024)
        .take_while(|_| stream.write_all(&chunk).is_ok())
        .count();
    assert!(sent < 100, "{sent} MiB were taken");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    // A connection that is cut while it still sends may lose the answer; what counts is that nothing was kept.
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413"),
        "{answer}"
    );
    let grown = crate::processes::resident_kib(daemon.pid()).saturating_sub(before);
    assert!(grown < 64 * 1024, "the daemon grew by {grown} KiB");
    let job = daemon.submit(&spec(&clip(2), "story"));
    daemon.wait_for(job.id, JobState::Completed);
}
