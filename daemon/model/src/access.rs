//! Who may do what: scopes, who asks, the keys they ask with, and the port by which a request's sender is found out.
//!
//! Not here: HTTP headers, hashes or signatures; the daemon answers the port, and its routes say what they ask for.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::Answer;
use crate::{Code, Error, JobId, Result};

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Scope {
    /// See jobs, events, media and the state of the daemon.
    Read,
    /// Hand jobs in, cancel, retry and delete them.
    Submit,
    /// Everything, also what is for whoever runs the daemon.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Submit, Self::Admin];

    /// As it is written everywhere.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or_else(|| {
            let words = format!("`{text}` is no scope; there are read, submit and admin");
            Error::new(Code::Usage, words)
        })
    }
}

/// What somebody is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What may be done.
    pub scopes: Vec<Scope>,
    /// With whose jobs; with everybody's when there is none.
    pub tenant: Option<String>,
    /// Absolute directories, links in them resolved, that inputs and destinations have to lie in, beside being in the
    /// daemon's own roots. None: the daemon's own alone.
    pub roots: Vec<String>,
}

impl Grant {
    /// Whether `scope` is among what is allowed; `admin` contains the others.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Whether jobs of `tenant` may be seen.
    #[must_use]
    pub fn covers(&self, tenant: &str) -> bool {
        self.tenant.as_deref().is_none_or(|own| own == tenant)
    }
}

/// How somebody made themselves known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Not at all: the daemon asks for no keys.
    Nothing,
    /// By an API key.
    Key,
    /// By an access token that was given for a key.
    Token,
    /// By a cookie that was given for a key; a browser sends it by itself.
    Cookie,
    /// By a token of the site's own identity provider.
    Jwt,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// A name that no other caller has: idempotency keys and rate limits are by it.
    pub caller: String,
    /// How that is known.
    pub via: Via,
    /// The key's id, where there is a key.
    pub key: Option<String>,
    /// What is allowed.
    pub grant: Grant,
}

impl Principal {
    /// Whoever asks a daemon that asks for no keys.
    #[must_use]
    pub fn local() -> Self {
        Self {
            caller: "local".to_owned(),
            via: Via::Nothing,
            key: None,
            grant: Grant {
                scopes: vec![Scope::Admin],
                ..Grant::default()
            },
        }
    }

    /// Whether a browser would send what makes this caller known without being asked, for a page of any site.
    #[must_use]
    pub fn is_ambient(&self) -> bool {
        matches!(self.via, Via::Nothing | Via::Cookie)
    }
}

/// What a request carries to say who sends it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    None,
    /// What stood after `Bearer`: a key, an access token, or a token of the site's identity provider.
    Bearer(String),
    /// The value of our cookie.
    Cookie(String),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer(hidden)",
            Self::Cookie(_) => "Cookie(hidden)",
        })
    }
}

/// Tokens given for a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// To be sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    #[cfg_attr(feature = "schema", schema(pattern = "^Bearer$", example = "Bearer"))]
    pub token_type: String,
    /// Seconds for which the access token is good.
    pub expires_in: u32,
    /// To be swapped for new tokens at `POST /v1/auth/refresh`, once.
    pub refresh_token: String,
    /// Seconds for which the refresh token is good.
    pub refresh_expires_in: u32,
}

/// A value for the cookie, and how long a browser should keep it.
#[derive(Clone, PartialEq, Eq)]
pub struct CookieValue {
    /// The value.
    pub value: String,
    /// Seconds for which it is good.
    pub expires_in: u32,
}

/// A path under which a job's files can be had without any other credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MediaLink {
    /// The job's directory; what is published lies below it under the usual names.
    #[cfg_attr(
        feature = "schema",
        schema(example = "/media/~1893499200.6f1c…/0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b/")
    )]
    pub base: String,
    /// Where the HLS playlist is, or will be.
    pub playlist: String,
    /// Until when it is good.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
}

/// The shortest and longest life of a [`MediaLink`], in seconds.
pub const LINK_S: std::ops::RangeInclusive<u32> = 1..=604_800;

/// Finds out who asks, and gives what stands for it. Every failure that is the caller's is [`Code::Unauthenticated`].
pub trait Gate: Send + Sync {
    /// Who sends a request with this credential.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`], [`Code::StoreFailed`], or [`Code::IdentityUnavailable`] when the identity provider's keys
    /// cannot be had.
    fn identify(&self, credential: Credential) -> Answer<'_, Principal>;
    /// Swaps a key for tokens.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for a caller who has shown no key.
    fn tokens(&self, who: &Principal) -> Answer<'_, Tokens>;
    /// Swaps a refresh token for new tokens; it is worth nothing afterwards.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for one that is unknown, used before, revoked or expired.
    fn refresh(&self, refresh_token: String) -> Answer<'_, Tokens>;
    /// Swaps a key for a cookie.
    ///
    /// # Errors
    /// As [`Gate::tokens`].
    fn cookie(&self, who: &Principal) -> Answer<'_, CookieValue>;
    /// Ends the session that a refresh token, an access token or a cookie belongs to. One that is over is passed over.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    fn end(&self, token: String) -> Answer<'_, ()>;
    /// A path for a job's files that is good for `seconds`, in [`LINK_S`].
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for a time out of range.
    fn link(&self, job: JobId, seconds: u32) -> Result<MediaLink>;
    /// Whether the token of such a path (without its `~`) is good for a job now.
    fn opens(&self, token: &str, job: JobId) -> bool;
}

/// Whether this can be a tenant's name: 1–64 characters of a–z, 0–9, `-` and `_`.
#[must_use]
pub fn is_tenant(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn admin_contains_the_others_and_nothing_else_contains_anything() {
        for held in Scope::ALL {
            let grant = Grant {
                scopes: vec![held],
                ..Grant::default()
            };
            for asked in Scope::ALL {
                let allowed = held == asked || held == Scope::Admin;
                assert_eq!(grant.allows(asked), allowed, "{held:?} {asked:?}");
            }
            assert_eq!(held.name().parse::<Scope>().unwrap(), held);
        }
        assert!("Admin".parse::<Scope>().is_err());
    }

    #[test]
    fn a_tenant_covers_itself_alone() {
        let of = |tenant: Option<&str>| Grant {
            tenant: tenant.map(str::to_owned),
            ..Grant::default()
        };
        assert!(of(None).covers("sport"));
        assert!(of(Some("sport")).covers("sport"));
        assert!(!of(Some("sport")).covers("sports"));
        assert!(!of(Some("sport")).covers(""));
    }
}
