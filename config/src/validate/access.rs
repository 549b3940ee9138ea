//! What makes sense in `[access]`. Not here: whether a file of keys is there, which is found out at the start.

use super::Check;
use crate::access::{Access, Jwt};

pub(super) fn access(check: &mut Check, access: &Access) {
    check.range("requests_per_s", access.requests_per_s, 1..=100_000, "");
    check.range("burst", access.burst, 1..=100_000, "");
    let seconds = [
        ("access_token_s", access.access_token_s, 10..=86_400),
        ("refresh_token_s", access.refresh_token_s, 60..=31_536_000),
        ("cookie_s", access.cookie_s, 60..=2_592_000),
    ];
    for (key, value, range) in seconds {
        check.range(key, value, range, " seconds");
    }
    check.within("jwt", |check| jwt(check, &access.jwt));
}

fn jwt(check: &mut Check, jwt: &Jwt) {
    if jwt.sources().len() > 1 {
        let message =
            "expected one of `secret_file`, `public_key_file` and `jwks_url`, not several";
        check.report("jwks_url", message.to_owned());
    }
    for (key, value) in [("issuer", &jwt.issuer), ("audience", &jwt.audience)] {
        if jwt.is_used() && value.is_empty() {
            let message = format!(
                "`{key}` is needed: a token of anyone's, or for anyone, would be taken otherwise"
            );
            check.report(key, message);
        } else if !jwt.is_used() && !value.is_empty() {
            let message = format!(
                "`{key}` alone does nothing; give `secret_file`, `public_key_file` or `jwks_url` too"
            );
            check.report(key, message);
        }
    }
    for (key, value) in [
        ("scope_claim", &jwt.scope_claim),
        ("tenant_claim", &jwt.tenant_claim),
    ] {
        if value.is_empty() {
            check.report(key, format!("`{key}` must name a claim"));
        }
    }
    if !jwt.jwks_url.is_empty() && !is_safe(&jwt.jwks_url) {
        let message = "expected https://, or http:// to this machine: whoever changes the keys on their way can be anyone";
        check.report("jwks_url", message.to_owned());
    }
}

fn is_safe(url: &str) -> bool {
    let plain = url.len() <= 2048 && url.bytes().all(|b| b.is_ascii_graphic());
    let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    let local = own
        .iter()
        .any(|own| url.strip_prefix(own).is_some_and(ends));
    let authority = url.split('/').nth(2).unwrap_or_default();
    let https = url.starts_with("https://") && !authority.is_empty();
    plain && !authority.contains('@') && (https || local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_a_safe_way() {
        for url in [
            "https://id.example/keys",
            "http://127.0.0.1:8080/keys",
            "http://localhost/k",
            "http://[::1]:1/",
        ] {
            assert!(is_safe(url), "{url}");
        }
        for url in [
            "http://id.example/keys",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://localhost:80@evil.example/",
            "https://",
            "file:///keys",
            "id.example",
            "https://id.example/a b",
        ] {
            assert!(!is_safe(url), "{url}");
        }
    }
}
