//! The settings of access: who is asked for a key, how much a key may ask, and tokens of the site's identity provider.

use serde::{Deserialize, Serialize};

/// When a key is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequireKeys {
    /// From the first key on, and always where other machines can connect.
    #[default]
    Auto,
    /// Always.
    Always,
}

/// Who may do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// When a key is asked for.
    pub require_keys: RequireKeys,
    /// Requests a second of one key, over time, 1–100,000.
    pub requests_per_s: u32,
    /// The most requests of one key at once, after it was silent, 1–100,000.
    pub burst: u32,
    /// Seconds for which an access token is good, 10–86,400.
    pub access_token_s: u32,
    /// Seconds for which a refresh token is good, 60–31,536,000.
    pub refresh_token_s: u32,
    /// Seconds for which a browser's cookie is good, 60–2,592,000.
    pub cookie_s: u32,
    /// Tokens of the site's identity provider.
    pub jwt: Jwt,
}

impl Access {
    /// Whether requests without a key may be answered at all, on a loopback address and before there is a key.
    #[must_use]
    pub fn may_be_open(&self) -> bool {
        self.require_keys == RequireKeys::Auto && !self.jwt.is_used()
    }
}

impl Default for Access {
    fn default() -> Self {
        Self {
            require_keys: RequireKeys::Auto,
            requests_per_s: 50,
            burst: 200,
            access_token_s: 900,
            refresh_token_s: 2_592_000,
            cookie_s: 43_200,
            jwt: Jwt::default(),
        }
    }
}

/// Tokens of the site's identity provider; none are taken while all of it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jwt {
    /// What `iss` has to be.
    pub issuer: String,
    /// What `aud` has to be or hold.
    pub audience: String,
    /// File with the secret of HS256, at least 32 bytes.
    pub secret_file: String,
    /// File with the public key of RS256 or EdDSA, in PEM.
    pub public_key_file: String,
    /// Address of the provider's keys, for RS256 and EdDSA.
    pub jwks_url: String,
    /// The claim that holds scopes.
    pub scope_claim: String,
    /// The claim that holds the tenant.
    pub tenant_claim: String,
}

impl Jwt {
    /// Where the keys come from: those that are given.
    #[must_use]
    pub fn sources(&self) -> Vec<&str> {
        let all = [&self.secret_file, &self.public_key_file, &self.jwks_url];
        let given = all.into_iter().filter(|source| !source.is_empty());
        given.map(String::as_str).collect()
    }

    /// Whether such tokens are taken.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !self.sources().is_empty()
    }
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: String::new(),
            secret_file: String::new(),
            public_key_file: String::new(),
            jwks_url: String::new(),
            scope_claim: "scope".to_owned(),
            tenant_claim: "tenant".to_owned(),
        }
    }
}
