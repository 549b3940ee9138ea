//! Keys of the real daemon: made while it runs, kept apart by tenant and root, swapped for tokens, and revoked.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use newsreel_model::control::JobView;
use newsreel_model::job::JobState;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::support::process::{newsreel, run};
use crate::support::turn;

/// Status and body of a request with a key or token.
fn ask(daemon: &Daemon, line: &str, bearer: Option<&str>, body: Option<Value>) -> (u16, Value) {
    let (method, path) = line.split_once(' ').unwrap();
    let url = format!("http://{}{path}", daemon.address());
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    if let Some(bearer) = bearer {
        request = request.header("Authorization", format!("Bearer {bearer}"));
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let sent = match body {
        Some(body) => {
            let request = request.header("Content-Type", "application/json");
            agent.run(request.body(body.to_string()).unwrap())
        }
        None => agent.run(request.body(()).unwrap()),
    };
    let mut answer = sent.unwrap();
    let bytes = answer.body_mut().read_to_vec().unwrap();
    let value = serde_json::from_slice(&bytes).unwrap_or_default();
    (answer.status().as_u16(), value)
}

/// `newsreel key` in the daemon's directory; what it prints.
fn key(daemon: &Daemon, arguments: &[&str]) -> String {
    let mut command = newsreel(["key"]);
    command.args(arguments);
    command.arg("--data-dir").arg(daemon.path("data"));
    run(&mut command).expect(0).stdout.trim().to_owned()
}

fn key_of(daemon: &Daemon, tenant: &str, more: &[&str]) -> String {
    let scopes = [
        "new",
        "--name",
        tenant,
        "--scope",
        "read,submit",
        "--tenant",
        tenant,
    ];
    key(daemon, &[&scopes, more].concat())
}

/// Hands a clip in with the command, and waits for it.
fn submit(daemon: &Daemon, clip: &Path, key: &str) -> JobView {
    let url = format!("http://{}", daemon.address());
    let mut command = newsreel([
        "submit",
        "--watch",
        "--json",
        "--profile",
        "story",
        "--server",
    ]);
    command.arg(url).arg(clip).env("NEWSREEL_KEY", key);
    serde_json::from_str(&run(&mut command).expect(0).stdout).unwrap()
}

#[test]
fn a_key_of_one_tenant_cannot_see_name_cancel_or_fetch_another_s_job() {
    let _turn = turn();
    let daemon = Daemon::start("");
    assert_eq!(
        ask(&daemon, "GET /v1/jobs", None, None).0,
        200,
        "no key yet"
    );
    let [sport, news] = ["sport", "news"].map(|tenant| key_of(&daemon, tenant, &[]));
    assert_eq!(ask(&daemon, "GET /v1/jobs", None, None).0, 401);
    let job = submit(&daemon, &clip(2), &sport);
    assert_eq!(
        (job.spec.tenant.as_str(), job.state),
        ("sport", JobState::Completed)
    );
    let id = job.id;
    let own = |line: &str| ask(&daemon, line, Some(&sport), None).0;
    let other = |line: &str| ask(&daemon, line, Some(&news), None).0;
    for line in [
        format!("GET /v1/jobs/{id}"),
        format!("GET /media/{id}/master.m3u8"),
        format!("GET /media/{id}/poster.jpg"),
    ] {
        assert_eq!((own(&line), other(&line)), (200, 404), "{line}");
    }
    for line in [
        format!("POST /v1/jobs/{id}/cancel"),
        format!("POST /v1/jobs/{id}/retry"),
        format!("DELETE /v1/jobs/{id}"),
        format!("GET /v1/jobs/{id}/events"),
    ] {
        assert_eq!(other(&line), 404, "{line}");
    }
    let listed = |key: &str| {
        ask(&daemon, "GET /v1/jobs", Some(key), None).1["jobs"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((listed(&sport), listed(&news)), (1, 0));
    let mut named = serde_json::to_value(spec(&clip(2), "story")).unwrap();
    named["tenant"] = json!("sport");
    let refused = ask(&daemon, "POST /v1/jobs", Some(&news), Some(named));
    assert_eq!(
        (refused.0, refused.1["code"].as_str()),
        (403, Some("access_forbidden"))
    );

    let line = format!("POST /v1/jobs/{id}/media-link");
    assert_eq!(ask(&daemon, &line, Some(&news), Some(json!({}))).0, 404);
    let (_, link) = ask(
        &daemon,
        &line,
        Some(&sport),
        Some(json!({"expires_in": 600})),
    );
    let base = link["base"].as_str().unwrap();
    for path in ["master.m3u8", "video/180p/init.mp4"] {
        assert_eq!(
            ask(&daemon, &format!("GET {base}{path}"), None, None).0,
            200
        );
    }
    let longer = base.replacen("/media/~", "/media/~1", 1);
    assert_eq!(
        ask(&daemon, &format!("GET {longer}master.m3u8"), None, None).0,
        401
    );

    // What is known of keys outlives the daemon, and so does that there were some.
    daemon.kill9();
    let id_of = |key: &str| key.split('_').nth(1).unwrap().to_owned();
    for key_ in [&sport, &news] {
        key(&daemon, &["revoke", &id_of(key_)]);
    }
    daemon.restart();
    for bearer in [None, Some(sport.as_str()), Some(news.as_str())] {
        assert_eq!(ask(&daemon, "GET /v1/jobs", bearer, None).0, 401);
    }
    let shown = key(&daemon, &["list"]);
    assert_eq!(
        shown
            .lines()
            .filter(|line| line.contains("revoked"))
            .count(),
        2,
        "{shown}"
    );
    assert!(!shown.contains(&sport), "a key is shown once");
}

#[test]
fn the_roots_of_a_key_bind_its_jobs() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let inside = daemon.path("in").join("clip.mp4");
    std::fs::copy(clip(2), &inside).unwrap();
    let linked = daemon.path("in").join("link.mp4");
    std::os::unix::fs::symlink(clip(2), linked).unwrap();
    let root = daemon.path("in").display().to_string();
    let narrow = key_of(&daemon, "sport", &["--root", &root]);
    let wide = key_of(&daemon, "news", &[]);
    let body = |path: &Path| Some(serde_json::to_value(spec(path, "story")).unwrap());
    let tried = |key: &str, path: &Path| ask(&daemon, "POST /v1/jobs", Some(key), body(path)).0;
    assert_eq!(tried(&narrow, &inside), 201);
    assert_eq!(tried(&narrow, &clip(2)), 403);
    assert_eq!(tried(&narrow, &daemon.path("in").join("link.mp4")), 403);
    assert_eq!(tried(&wide, &clip(2)), 201);
}

#[test]
fn tokens_are_refreshed_once_and_end_when_they_or_their_key_are_revoked() {
    let _turn = turn();
    let daemon = Daemon::start("[access]\nrequire_keys = \"always\"\n");
    assert_eq!(ask(&daemon, "GET /v1/jobs", None, None).0, 401, "always");
    let sport = key_of(&daemon, "sport", &[]);
    let swap = || ask(&daemon, "POST /v1/auth/token", Some(&sport), None).1;
    let lets_in = |tokens: &Value| {
        let token = tokens["access_token"].as_str().unwrap();
        ask(&daemon, "GET /v1/jobs", Some(token), None).0
    };
    let refresh = |tokens: &Value| {
        let body = json!({"refresh_token": tokens["refresh_token"]});
        ask(&daemon, "POST /v1/auth/refresh", None, Some(body))
    };
    let first = swap();
    assert_eq!(lets_in(&first), 200);
    let (status, second) = refresh(&first);
    assert_eq!((status, lets_in(&second)), (200, 200));
    assert_eq!(refresh(&first).0, 401, "used before");
    let as_access = second["refresh_token"].as_str();
    assert_eq!(ask(&daemon, "GET /v1/jobs", as_access, None).0, 401);
    let with_token = second["access_token"].as_str();
    assert_eq!(ask(&daemon, "POST /v1/auth/token", with_token, None).0, 401);

    let revoke = json!({"token": second["refresh_token"]});
    assert_eq!(
        ask(&daemon, "POST /v1/auth/revoke", None, Some(revoke)).0,
        204
    );
    assert_eq!(
        (refresh(&second).0, lets_in(&second), lets_in(&first)),
        (401, 401, 401)
    );

    let third = swap();
    assert_eq!(lets_in(&third), 200);
    key(&daemon, &["revoke", sport.split('_').nth(1).unwrap()]);
    assert_eq!((refresh(&third).0, lets_in(&third)), (401, 401));
}

/// A provider of identity: its key, and the address of its key set.
fn provider() -> (Ed25519KeyPair, String) {
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let rest = json!({"kty": "EC", "crv": "P-521", "kid": "odd", "x": "", "y": ""});
    let set =
        json!({"keys": [rest, {"kty": "OKP", "crv": "Ed25519", "kid": "a", "use": "sig", "x": x}]});
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let body = set.to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (pair, url)
}

#[test]
fn tokens_of_an_identity_provider_are_taken_by_its_published_keys() {
    let _turn = turn();
    let (pair, url) = provider();
    let daemon = Daemon::start(&format!(
        "[access.jwt]\nissuer = \"https://id.example\"\naudience = \"newsreel\"\njwks_url = \"{url}\"\n"
    ));
    let token = |kid: &str, audience: &str| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let exp = jiff::Timestamp::now().as_second() + 600;
        let claims = json!({"iss": "https://id.example", "aud": audience, "sub": "desk", "exp": exp, "tenant": "sport", "scope": "read"});
        let message = format!(
            "{}.{}",
            part(json!({"alg": "EdDSA", "kid": kid})),
            part(claims)
        );
        let signed = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
        format!("{message}.{signed}")
    };
    let with = |line: &str, token: &str| ask(&daemon, line, Some(token), None).0;
    assert_eq!(with("GET /v1/jobs", &token("a", "newsreel")), 200);
    assert_eq!(with("GET /v1/jobs", &token("a", "others")), 401);
    assert_eq!(with("GET /v1/jobs", &token("b", "newsreel")), 401);
    assert_eq!(with("GET /v1/jobs", &token("odd", "newsreel")), 401);
    assert_eq!(with("GET /v1/webhooks", &token("a", "newsreel")), 403);
    assert_eq!(
        with("GET /metrics", &token("a", "newsreel")),
        403,
        "one tenant's"
    );
    assert_eq!(ask(&daemon, "GET /v1/jobs", None, None).0, 401);
}
