//! Tokens of the site's own identity provider, in place of keys: checked, and their claims turned into what they allow.
//!
//! Not here: signatures (`crypto`), or fetching the provider's keys (`jwks`).

use jsonwebtoken::errors::{Error as Wrong, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use newsreel_config::Jwt;
use newsreel_model::access::{Grant, Principal, Scope, Via, is_tenant};
use newsreel_model::{Code, Error, Result};
use serde_json::{Map, Value};

use super::crypto;
use super::jwks::Jwks;

/// How far apart our clock and the provider's may be.
const LEEWAY_S: u64 = 30;
/// The shortest secret of HS256.
const MIN_SECRET_BYTES: usize = 32;
/// The longest `sub`.
const MAX_SUBJECT_CHARS: usize = 200;
/// The largest file of a secret or key.
const MAX_FILE_BYTES: usize = 64 * 1024;

/// Where the key for a token comes from. A key is for one algorithm, whatever a token says of itself.
enum Source {
    File(Algorithm, DecodingKey),
    Set(Jwks),
}

/// What checks tokens.
pub struct Tokens {
    source: Source,
    config: Jwt,
}

impl Tokens {
    /// As the configuration has it; none when it takes no such tokens.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] when a file cannot be read or holds no key.
    pub fn new(config: &Jwt) -> Result<Option<Self>> {
        if !config.is_used() {
            return Ok(None);
        }
        crypto::install();
        let source = if !config.secret_file.is_empty() {
            let secret = read("secret_file", &config.secret_file)?;
            if secret.len() < MIN_SECRET_BYTES {
                let words = format!("must hold {MIN_SECRET_BYTES} bytes or more");
                return Err(invalid("secret_file", &config.secret_file, words));
            }
            Source::File(Algorithm::HS256, DecodingKey::from_secret(&secret))
        } else if !config.public_key_file.is_empty() {
            let (algorithm, key) = public_key(&config.public_key_file)?;
            Source::File(algorithm, key)
        } else {
            Source::Set(Jwks::new(&config.jwks_url))
        };
        Ok(Some(Self {
            source,
            config: config.clone(),
        }))
    }

    /// Who shows a token. May block while the provider is asked for its keys.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] with what is wrong with it; [`Code::IdentityUnavailable`].
    pub fn principal(&self, token: &str) -> Result<Principal> {
        let header = decode_header(token).map_err(|wrong| refused(&wrong))?;
        let (algorithm, key) = match &self.source {
            Source::File(algorithm, key) => (*algorithm, key.clone()),
            Source::Set(keys) => keys
                .key(header.kid.as_deref())?
                .ok_or_else(|| no("the identity provider has no such key"))?,
        };
        let mut rules = Validation::new(algorithm);
        rules.leeway = LEEWAY_S;
        rules.validate_nbf = true;
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[&self.config.issuer]);
        rules.set_audience(&[&self.config.audience]);
        let read = decode::<Map<String, Value>>(token, &key, &rules);
        self.caller(&read.map_err(|wrong| refused(&wrong))?.claims)
    }

    fn caller(&self, claims: &Map<String, Value>) -> Result<Principal> {
        let subject = claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let chars = subject.chars().count();
        if chars == 0 || chars > MAX_SUBJECT_CHARS || subject.chars().any(char::is_control) {
            return Err(no(&format!(
                "its `sub` must have 1–{MAX_SUBJECT_CHARS} characters"
            )));
        }
        let name = &self.config.tenant_claim;
        let tenant = match claims.get(name).and_then(Value::as_str) {
            Some("*") => None,
            Some(tenant) if is_tenant(tenant) => Some(tenant.to_owned()),
            _ => {
                let words = format!(
                    "its `{name}` must be a tenant: 1–64 characters of a–z, 0–9, - and _, or * for all"
                );
                return Err(no(&words));
            }
        };
        Ok(Principal {
            caller: format!("jwt:{subject}"),
            via: Via::Jwt,
            key: None,
            grant: Grant {
                scopes: scopes(claims.get(&self.config.scope_claim)),
                tenant,
                roots: Vec::new(),
            },
        })
    }
}

/// The scopes of ours in a claim.
fn scopes(claim: Option<&Value>) -> Vec<Scope> {
    let words: Vec<&str> = match claim {
        Some(Value::String(text)) => text.split_whitespace().collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let ours = |scope: &Scope| words.contains(&scope.name());
    Scope::ALL.into_iter().filter(ours).collect()
}

fn no(words: &str) -> Error {
    Error::new(
        Code::Unauthenticated,
        format!("the token is refused: {words}"),
    )
}

fn refused(wrong: &Wrong) -> Error {
    match wrong.kind() {
        ErrorKind::ExpiredSignature => no("it has expired"),
        ErrorKind::ImmatureSignature => no("it is not valid yet (`nbf`)"),
        ErrorKind::InvalidIssuer => no("its `iss` is another"),
        ErrorKind::InvalidAudience => no("its `aud` is another"),
        ErrorKind::InvalidSignature => no("its signature is wrong"),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => {
            no("its `alg` is not that of the key")
        }
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            no(&format!("it has no good `{claim}`"))
        }
        _ => no("it cannot be read"),
    }
}

fn invalid(key: &str, path: &str, why: impl std::fmt::Display) -> Error {
    let words = format!("access.jwt.{key}: {path}: {why}");
    Error::new(Code::ConfigInvalid, words)
}

fn read(key: &str, path: &str) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let most = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|e| invalid(key, path, e))?;
    Ok(bytes)
}

fn public_key(path: &str) -> Result<(Algorithm, DecodingKey)> {
    let pem = read("public_key_file", path)?;
    let ed = DecodingKey::from_ed_pem(&pem).map(|key| (Algorithm::EdDSA, key));
    let rsa = || DecodingKey::from_rsa_pem(&pem).map(|key| (Algorithm::RS256, key));
    ed.or_else(|_| rsa()).map_err(|_| {
        let words =
            "holds no public key of RSA or Ed25519 in PEM; `openssl pkey -pubout` writes one";
        invalid("public_key_file", path, words)
    })
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
