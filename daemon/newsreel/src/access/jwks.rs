//! The identity provider's keys, fetched when they are needed and kept for a while. Not here: what is signed with them.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use newsreel_model::{Code, Error, Result};
use parking_lot::Mutex;
use serde::Deserialize;

/// How long what was fetched is used before it is looked for changes.
const FRESH: Duration = Duration::from_secs(600);
/// Between two fetches, whatever tokens name: nobody can have the provider asked more often.
const PAUSE: Duration = Duration::from_secs(20);
/// How long keys are used while the provider does not answer.
const STALE: Duration = Duration::from_secs(86_400);
/// How long the provider may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer.
const MAX_BYTES: u64 = 256 * 1024;
/// The most keys.
const MAX_KEYS: usize = 100;

/// One key and what it is for.
#[derive(Clone)]
struct Known {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Default)]
struct Held {
    keys: Vec<Known>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

/// A provider's keys.
pub struct Jwks {
    url: String,
    agent: ureq::Agent,
    held: Mutex<Held>,
}

/// What the provider sends; a key that is none of ours is passed over.
#[derive(Deserialize)]
struct Answer {
    keys: Vec<serde_json::Value>,
}

impl Jwks {
    /// Those at an address.
    pub fn new(url: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .build();
        Self {
            url: url.to_owned(),
            agent: agent.into(),
            held: Mutex::default(),
        }
    }

    /// The key of that id and its algorithm; the only one there is for a token that names none. May block while the provider
    /// is asked.
    ///
    /// # Errors
    /// [`Code::IdentityUnavailable`] when it does not answer and nothing is known of before.
    pub fn key(&self, id: Option<&str>) -> Result<Option<(Algorithm, DecodingKey)>> {
        let mut held = self.held.lock();
        let old = held.fetched.is_none_or(|at| at.elapsed() > FRESH);
        let may = held.tried.is_none_or(|at| at.elapsed() > PAUSE);
        if may && (old || find(&held.keys, id).is_none()) {
            held.tried = Some(Instant::now());
            match self.fetch() {
                Ok(keys) => (held.keys, held.fetched) = (keys, Some(Instant::now())),
                Err(error) => tracing::warn!(detail = error.detail(), "{error}"),
            }
        }
        if held.fetched.is_none_or(|at| at.elapsed() > STALE) {
            return Err(unavailable("they could not be fetched"));
        }
        Ok(find(&held.keys, id).map(|known| (known.algorithm, known.key.clone())))
    }

    fn fetch(&self) -> Result<Vec<Known>> {
        let text = self
            .agent
            .get(&self.url)
            .call()
            .and_then(|mut answer| {
                let body = answer.body_mut().with_config().limit(MAX_BYTES);
                body.read_to_string()
            })
            .map_err(unavailable)?;
        let answer: Answer = serde_json::from_str(&text).map_err(unavailable)?;
        if answer.keys.len() > MAX_KEYS {
            return Err(unavailable(format!("there are more than {MAX_KEYS}")));
        }
        Ok(answer.keys.into_iter().filter_map(known).collect())
    }
}

fn unavailable(detail: impl std::fmt::Display) -> Error {
    let words = "the keys of the identity provider cannot be had; try again, or use an API key";
    Error::new(Code::IdentityUnavailable, words).with_detail(detail.to_string())
}

fn find<'a>(keys: &'a [Known], id: Option<&str>) -> Option<&'a Known> {
    match (id, keys) {
        (Some(id), _) => keys.iter().find(|known| known.id.as_deref() == Some(id)),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// A key that signatures can be checked with. A secret never is one: whoever reads the set could sign with it.
fn known(value: serde_json::Value) -> Option<Known> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let named = jwk.common.key_algorithm;
    let for_us = named.is_none_or(|named| named == algorithm.into());
    let encrypts = jwk.common.public_key_use == Some(PublicKeyUse::Encryption);
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    (for_us && !encrypts).then_some(Known {
        id: jwk.common.key_id,
        algorithm,
        key,
    })
}
