//! A doorkeeper that reads what a key allows from the key itself: `read+submit@sport`, or `admin@*` for all tenants.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use newsreel_model::access::{
    CookieValue, Credential, Gate, Grant, MediaLink, Principal, Tokens, Via,
};
use newsreel_model::control::Answer;
use newsreel_model::{Code, Error, JobId, Result};

/// A key for all there is.
pub const EVERYTHING: &str = "admin@*";

/// The stand-in.
pub struct Door {
    open: bool,
    /// Whether every key was revoked.
    pub revoked: AtomicBool,
}

impl Door {
    /// Asks for no keys.
    pub fn open() -> Self {
        Self {
            open: true,
            revoked: AtomicBool::new(false),
        }
    }

    /// Asks for keys.
    pub fn shut() -> Self {
        Self {
            open: false,
            revoked: AtomicBool::new(false),
        }
    }
}

fn no(words: &str) -> Error {
    Error::new(Code::Unauthenticated, words)
}

fn known(key: &str, via: Via) -> Result<Principal> {
    let (scopes, tenant) = key.split_once('@').ok_or_else(|| no("unknown"))?;
    let scopes = scopes.split('+').map(|scope| scope.parse());
    let scopes: Result<Vec<_>> = scopes.collect();
    Ok(Principal {
        caller: format!("key:{key}"),
        via,
        key: Some(key.to_owned()),
        grant: Grant {
            scopes: scopes.map_err(|_| no("unknown"))?,
            tenant: (tenant != "*").then(|| tenant.to_owned()),
            roots: Vec::new(),
        },
    })
}

fn ready<T: Send + 'static>(made: Result<T>) -> Answer<'static, T> {
    Box::pin(async { made })
}

impl Gate for Door {
    fn identify(&self, credential: Credential) -> Answer<'_, Principal> {
        if self.revoked.load(Ordering::SeqCst) {
            return ready(Err(no("it was revoked")));
        }
        ready(match credential {
            Credential::Bearer(text) => match text.strip_prefix("token:") {
                Some(key) => known(key, Via::Token),
                None => known(&text, Via::Key),
            },
            Credential::Cookie(text) => known(&text, Via::Cookie),
            Credential::None if self.open => Ok(Principal::local()),
            Credential::None => Err(no("a key is needed")),
        })
    }

    fn tokens(&self, who: &Principal) -> Answer<'_, Tokens> {
        ready(Ok(Tokens {
            access_token: format!("token:{}", who.key.clone().unwrap()),
            token_type: "Bearer".to_owned(),
            expires_in: 60,
            refresh_token: "refresh".to_owned(),
            refresh_expires_in: 600,
        }))
    }

    fn refresh(&self, refresh_token: String) -> Answer<'_, Tokens> {
        let who = known(EVERYTHING, Via::Key).unwrap();
        match refresh_token.as_str() {
            "refresh" => self.tokens(&who),
            _ => ready(Err(no("not that one"))),
        }
    }

    fn cookie(&self, who: &Principal) -> Answer<'_, CookieValue> {
        ready(Ok(CookieValue {
            value: who.key.clone().unwrap(),
            expires_in: 60,
        }))
    }

    fn end(&self, _: String) -> Answer<'_, ()> {
        ready(Ok(()))
    }

    fn link(&self, job: JobId, seconds: u32) -> Result<MediaLink> {
        Ok(MediaLink {
            base: format!("/media/~{seconds}.{job}/{job}/"),
            playlist: format!("/media/~{seconds}.{job}/{job}/master.m3u8"),
            expires_at: Timestamp::now(),
        })
    }

    fn opens(&self, token: &str, job: JobId) -> bool {
        token
            .split_once('.')
            .is_some_and(|(_, own)| own == job.to_string())
    }
}
