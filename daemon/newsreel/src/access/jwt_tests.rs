//! Tokens of every kind that is to be refused, beside ones that are good. The RSA key is used for nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use ring::{hmac, rand, signature};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const RSA: &[u8] = include_bytes!("test-rsa.der");
const RSA_PEM: &str = include_str!("test-rsa.pem");

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Claims that are good, with some of them changed; null takes one away.
fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": "https://id.example", "aud": "newsreel", "sub": "desk-7", "exp": now() + 600,
        "scope": "read openid submit", "tenant": "sport",
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            _ => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn token(header: Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signed = sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed))
}

fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, message).as_ref().to_vec()
}

fn by_secret(claims: &Value) -> String {
    token(json!({"alg": "HS256", "typ": "JWT"}), claims, |m| {
        hs256(SECRET, m)
    })
}

fn rs256(message: &[u8]) -> Vec<u8> {
    let key = signature::RsaKeyPair::from_pkcs8(RSA).unwrap();
    let mut signed = vec![0; key.public().modulus_len()];
    let random = rand::SystemRandom::new();
    key.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signed)
        .unwrap();
    signed
}

fn config() -> Jwt {
    Jwt {
        issuer: "https://id.example".to_owned(),
        audience: "newsreel".to_owned(),
        ..Jwt::default()
    }
}

fn file(folder: &TempDir, bytes: &[u8]) -> String {
    let path = folder.path().join("key");
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

fn with_secret(folder: &TempDir) -> Tokens {
    let secret_file = file(folder, SECRET);
    let config = Jwt {
        secret_file,
        ..config()
    };
    Tokens::new(&config).unwrap().unwrap()
}

#[track_caller]
fn refused(tokens: &Tokens, token: &str, word: &str) {
    let error = tokens.principal(token).unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert!(error.message().contains(word), "{error} for {word}");
}

#[test]
fn a_good_token_says_who_asks_and_what_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = with_secret(&folder);
    let who = tokens.principal(&by_secret(&claims(json!({})))).unwrap();
    assert_eq!((who.caller.as_str(), who.via), ("jwt:desk-7", Via::Jwt));
    assert_eq!(who.grant.scopes, [Scope::Read, Scope::Submit]);
    assert_eq!(who.grant.tenant.as_deref(), Some("sport"));
    let all = claims(
        json!({"tenant": "*", "scope": ["admin"], "aud": ["other", "newsreel"], "nbf": now() - 5}),
    );
    let who = tokens.principal(&by_secret(&all)).unwrap();
    assert_eq!(
        (who.grant.scopes, who.grant.tenant),
        (vec![Scope::Admin], None)
    );
    let none = claims(json!({"scope": null}));
    let who = tokens.principal(&by_secret(&none)).unwrap();
    assert_eq!(who.grant.scopes, []);
}

#[test]
fn a_token_is_refused_for_its_claims() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = with_secret(&folder);
    for (changes, word) in [
        (json!({"exp": now() - 60}), "expired"),
        (json!({"exp": null}), "`exp`"),
        (json!({"exp": "never"}), "`exp`"),
        (json!({"exp": -1}), "`exp`"),
        (json!({"nbf": now() + 60}), "not valid yet"),
        (json!({"nbf": "tomorrow"}), "`nbf`"),
        (json!({"aud": "others"}), "`aud`"),
        (json!({"aud": ["others"]}), "`aud`"),
        (json!({"aud": null}), "`aud`"),
        (json!({"aud": 7}), "`aud`"),
        (json!({"iss": "https://evil.example"}), "`iss`"),
        (json!({"iss": null}), "`iss`"),
        (json!({"sub": null}), "`sub`"),
        (json!({"sub": ""}), "`sub`"),
        (json!({"sub": "x".repeat(201)}), "`sub`"),
        (json!({"tenant": null}), "`tenant`"),
        (json!({"tenant": "Sport"}), "`tenant`"),
        (json!({"tenant": ["sport"]}), "`tenant`"),
    ] {
        refused(&tokens, &by_secret(&claims(changes)), word);
    }
}

#[test]
fn a_token_is_refused_for_its_signature_and_its_form() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = with_secret(&folder);
    let good = claims(json!({}));
    let head = json!({"alg": "HS256"});
    refused(
        &tokens,
        &token(head.clone(), &good, |m| hs256(b"another", m)),
        "signature",
    );
    refused(&tokens, &token(head, &good, |_| Vec::new()), "signature");
    refused(
        &tokens,
        &token(json!({"alg": "none"}), &good, |_| Vec::new()),
        "read",
    );
    for alg in ["HS384", "HS512", "RS256", "EdDSA", "ES256", "PS256"] {
        let other = token(json!({"alg": alg}), &good, |m| hs256(SECRET, m));
        refused(&tokens, &other, "`alg`");
    }
    let whole = by_secret(&good);
    let (message, _) = whole.rsplit_once('.').unwrap();
    let swapped = by_secret(&claims(json!({"tenant": "*"})));
    let (_, signature) = swapped.rsplit_once('.').unwrap();
    refused(&tokens, &format!("{message}.{signature}"), "signature");
    for odd in [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d",
        &whole[1..],
        &format!("{whole}."),
        "eyJhbGciOiJIUzI1NiJ9..",
    ] {
        assert!(tokens.principal(odd).is_err(), "{odd}");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let rsa = Jwt {
        public_key_file: file(&folder, RSA_PEM.as_bytes()),
        ..config()
    };
    let tokens = Tokens::new(&rsa).unwrap().unwrap();
    let good = claims(json!({}));
    let signed = token(json!({"alg": "RS256"}), &good, rs256);
    assert_eq!(tokens.principal(&signed).unwrap().caller, "jwt:desk-7");
    let confused = token(json!({"alg": "HS256"}), &good, |m| {
        hs256(RSA_PEM.as_bytes(), m)
    });
    refused(&tokens, &confused, "`alg`");
    refused(
        &tokens,
        &token(json!({"alg": "RS384"}), &good, rs256),
        "`alg`",
    );
}

#[test]
fn ed25519_is_taken_with_its_own_key_alone() {
    let made = || {
        let pair = Ed25519KeyPair::generate_pkcs8(&rand::SystemRandom::new()).unwrap();
        Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap()
    };
    let (pair, other) = (made(), made());
    // RFC 8410: a fixed head before the 32 bytes.
    let head = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    let der = [&head[..], pair.public_key().as_ref()].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(der)
    );
    let folder = tempfile::tempdir().unwrap();
    let ed = Jwt {
        public_key_file: file(&folder, pem.as_bytes()),
        ..config()
    };
    let tokens = Tokens::new(&ed).unwrap().unwrap();
    let sign = |pair: &Ed25519KeyPair| {
        let head = json!({"alg": "EdDSA"});
        token(head, &claims(json!({})), |m| pair.sign(m).as_ref().to_vec())
    };
    tokens.principal(&sign(&pair)).unwrap();
    refused(&tokens, &sign(&other), "signature");
}

#[test]
fn a_file_without_a_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let short = Jwt {
        secret_file: file(&folder, b"short"),
        ..config()
    };
    let no_key = Jwt {
        public_key_file: file(&other, b"no key"),
        ..config()
    };
    let absent = Jwt {
        secret_file: "/nowhere/secret".to_owned(),
        ..config()
    };
    for (wrong, word) in [
        (short, "32 bytes"),
        (no_key, "no public key"),
        (absent, "/nowhere/secret"),
    ] {
        let error = Tokens::new(&wrong).err().unwrap();
        assert_eq!(error.code(), Code::ConfigInvalid);
        assert!(error.message().contains(word), "{error}");
    }
    assert!(Tokens::new(&Jwt::default()).unwrap().is_none());
}
