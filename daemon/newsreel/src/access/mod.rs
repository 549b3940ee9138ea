//! Who asks, found out from what a request carries: the port [`Gate`] over the store's keys.
//!
//! Not here: which route asks for what (`newsreel-api`), or what keys and tokens look like ([`token`]).

mod crypto;
mod jwks;
mod jwt;
pub mod token;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use newsreel_config::Access;
use newsreel_model::access::{
    CookieValue, Credential, Gate, LINK_S, MediaLink, Principal, Tokens, Via,
};
use newsreel_model::control::Answer;
use newsreel_model::job::layout;
use newsreel_model::keys::{Key, Keys, Session};
use newsreel_model::{Code, Error, JobId, Result};

use self::token::Seal;

/// A key's last use is written when the one before is so long ago: not at each request.
const USED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// What seals of one kind cannot be taken for.
const ACCESS: &str = "access";
const COOKIE: &str = "cookie";
const MEDIA: &str = "media";

/// Who stands at the door.
#[derive(Clone)]
pub struct Doorkeeper(Arc<Inner>);

struct Inner {
    keys: Arc<dyn Keys>,
    seal: Seal,
    jwt: Option<jwt::Tokens>,
    config: Access,
    /// Whether the daemon may be asked without a key while there is none.
    may_be_open: bool,
    /// There was a key: it never becomes untrue.
    had_keys: AtomicBool,
}

impl Doorkeeper {
    /// Over the keys of a store. `loopback`: whether the daemon is reached from its own machine alone.
    ///
    /// # Errors
    /// The key that tokens are sealed with cannot be kept, or what the identity provider's tokens are checked with cannot be
    /// read.
    pub fn new(
        keys: Arc<dyn Keys>,
        config: &Access,
        data_dir: &Path,
        loopback: bool,
    ) -> Result<Self> {
        let lost = "tokens, cookies and media paths that were given are worth nothing any more";
        let seal = Seal::new(crate::secrets::kept(data_dir, "access-key", lost)?);
        Ok(Self(Arc::new(Inner {
            keys,
            seal,
            jwt: jwt::Tokens::new(&config.jwt)?,
            config: config.clone(),
            may_be_open: loopback && config.may_be_open(),
            had_keys: AtomicBool::new(false),
        })))
    }

    /// Whether requests without a key are answered now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn is_open(&self) -> Result<bool> {
        self.0.is_open()
    }

    fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Answer<'static, T> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            tokio::task::spawn_blocking(move || work(&inner))
                .await
                .unwrap_or_else(|e| Err(Error::bug(format!("a request panicked: {e}"))))
        })
    }
}

fn unknown(words: &str) -> Error {
    Error::new(Code::Unauthenticated, words)
}

fn after(now: Timestamp, seconds: u32) -> Timestamp {
    let later = now.checked_add(SignedDuration::from_secs(seconds.into()));
    later.unwrap_or(Timestamp::MAX)
}

impl Inner {
    fn is_open(&self) -> Result<bool> {
        if !self.may_be_open || self.had_keys.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let had = self.keys.has_keys()?;
        self.had_keys.store(had, Ordering::Relaxed);
        Ok(!had)
    }

    fn identify(&self, credential: &Credential) -> Result<Principal> {
        let now = Timestamp::now();
        match credential {
            Credential::Bearer(text) if text.starts_with("nr_") => self.by_key(text, now),
            Credential::Bearer(text) if text.starts_with("nra_") => {
                let sealed = text.trim_start_matches("nra_");
                self.by_session(ACCESS, sealed, Via::Token, now)?
                    .ok_or_else(|| unknown("the access token is not good, or no more; get another with the refresh token, or with the key"))
            }
            Credential::Bearer(text) if text.starts_with("nrr_") => Err(unknown(
                "that is a refresh token; swap it for an access token at POST /v1/auth/refresh",
            )),
            Credential::Bearer(text) => match &self.jwt {
                Some(jwt) if text.contains('.') => jwt.principal(text),
                _ => Err(unknown(
                    "what stands after `Bearer` is no key and no token of this daemon",
                )),
            },
            Credential::Cookie(text) => match self.by_session(COOKIE, text, Via::Cookie, now)? {
                Some(found) => Ok(found),
                // One that is left over must not keep anybody out who needs none.
                None => self.by_nothing(),
            },
            Credential::None => self.by_nothing(),
        }
    }

    fn by_nothing(&self) -> Result<Principal> {
        match self.is_open()? {
            true => Ok(Principal::local()),
            false => Err(unknown(
                "a key is needed: send `Authorization: Bearer nr_…`; `newsreel key new` makes one on the daemon's machine",
            )),
        }
    }

    fn by_key(&self, text: &str, now: Timestamp) -> Result<Principal> {
        let no = || unknown("there is no such key, or it was revoked");
        let id = token::key_id(text).ok_or_else(no)?;
        let key = self.keys.key(id)?.ok_or_else(no)?;
        if !token::is(text, &key.hash) || key.revoked_at.is_some() {
            return Err(no());
        }
        self.note_use(&key, now);
        Ok(of_key(key, Via::Key))
    }

    fn by_session(
        &self,
        kind: &str,
        text: &str,
        via: Via,
        now: Timestamp,
    ) -> Result<Option<Principal>> {
        let sealed = self.seal.session_in(kind, text);
        let Some((id, _)) = sealed.filter(|(_, expires)| *expires > now) else {
            return Ok(None);
        };
        let Some(session) = self.keys.session(id, now)? else {
            return Ok(None);
        };
        let key = self.keys.key(&session.key)?;
        Ok(key.map(|key| {
            self.note_use(&key, now);
            of_key(key, via)
        }))
    }

    fn note_use(&self, key: &Key, now: Timestamp) {
        let fresh = key
            .last_used_at
            .is_some_and(|at| now.duration_since(at) < USED_EVERY);
        if !fresh && let Err(error) = self.keys.used_key(&key.id, now) {
            // For people only; a full disk must not keep anybody out.
            tracing::warn!(
                code = error.code().name(),
                "the use of a key cannot be noted"
            );
        }
    }

    fn begin(
        &self,
        key: Option<&String>,
        refreshable: bool,
        seconds: u32,
    ) -> Result<(Session, Option<String>)> {
        let key = key.ok_or_else(|| {
            unknown("this is given for a key alone: send it as `Authorization: Bearer nr_…`")
        })?;
        let now = Timestamp::now();
        let id = token::session()?;
        let refresh = refreshable.then(|| token::refresh(&id)).transpose()?;
        let session = Session {
            id,
            key: key.clone(),
            refresh_hash: refresh.as_deref().map(token::hash),
            created_at: now,
            expires_at: after(now, seconds),
        };
        self.keys.begin_session(session.clone())?;
        Ok((session, refresh))
    }

    fn tokens(&self, session: &str, refresh_token: String) -> Tokens {
        let expires_in = self.config.access_token_s;
        let expires = after(Timestamp::now(), expires_in);
        Tokens {
            access_token: format!("nra_{}", self.seal.of_session(ACCESS, session, expires)),
            token_type: "Bearer".to_owned(),
            expires_in,
            refresh_token,
            refresh_expires_in: self.config.refresh_token_s,
        }
    }

    fn refresh(&self, given: &str) -> Result<Tokens> {
        let no = || {
            unknown(
                "the refresh token is unknown, was used before, was revoked, or is too old; get another with the key",
            )
        };
        let session = token::refresh_session(given).ok_or_else(no)?;
        let next = token::refresh(session)?;
        let now = Timestamp::now();
        let swap = (token::hash(given), token::hash(&next));
        let until = after(now, self.config.refresh_token_s);
        if !self.keys.renew_session(session, swap, now, until)? {
            return Err(no());
        }
        Ok(self.tokens(session, next))
    }

    fn end(&self, given: &str) -> Result<()> {
        if let Some(id) = token::refresh_session(given) {
            let session = self.keys.session(id, Timestamp::now())?;
            let held = session.and_then(|session| session.refresh_hash);
            return match held.is_some_and(|hash| token::is(given, &hash)) {
                true => self.keys.end_session(id),
                false => Ok(()),
            };
        }
        let access = given.strip_prefix("nra_").map(|text| (ACCESS, text));
        let (kind, text) = access.unwrap_or((COOKIE, given));
        match self.seal.session_in(kind, text) {
            Some((id, _)) => self.keys.end_session(id),
            None => Ok(()),
        }
    }
}

fn of_key(key: Key, via: Via) -> Principal {
    Principal {
        caller: format!("key:{}", key.id),
        via,
        key: Some(key.id),
        grant: key.grant,
    }
}

/// The key's id of a caller who has shown the key itself: what was swapped for it is not swapped on.
fn shown(who: &Principal) -> Option<String> {
    who.key.clone().filter(|_| who.via == Via::Key)
}

impl Gate for Doorkeeper {
    fn identify(&self, credential: Credential) -> Answer<'_, Principal> {
        self.off_thread(move |door| door.identify(&credential))
    }

    fn tokens(&self, who: &Principal) -> Answer<'_, Tokens> {
        let key = shown(who);
        self.off_thread(move |door| {
            let lasts = door.config.refresh_token_s;
            let (session, refresh) = door.begin(key.as_ref(), true, lasts)?;
            Ok(door.tokens(&session.id, refresh.unwrap_or_default()))
        })
    }

    fn refresh(&self, refresh_token: String) -> Answer<'_, Tokens> {
        self.off_thread(move |door| door.refresh(&refresh_token))
    }

    fn cookie(&self, who: &Principal) -> Answer<'_, CookieValue> {
        let key = shown(who);
        self.off_thread(move |door| {
            let expires_in = door.config.cookie_s;
            let (session, _) = door.begin(key.as_ref(), false, expires_in)?;
            let value = door
                .seal
                .of_session(COOKIE, &session.id, session.expires_at);
            Ok(CookieValue { value, expires_in })
        })
    }

    fn end(&self, token: String) -> Answer<'_, ()> {
        self.off_thread(move |door| door.end(&token))
    }

    fn link(&self, job: JobId, seconds: u32) -> Result<MediaLink> {
        if !LINK_S.contains(&seconds) {
            let words = format!(
                "`expires_in` must be {}–{} seconds",
                LINK_S.start(),
                LINK_S.end()
            );
            return Err(Error::new(Code::RequestInvalid, words).in_field("expires_in"));
        }
        let expires = Timestamp::from_second(after(Timestamp::now(), seconds).as_second());
        let expires_at = expires.map_err(|e| Error::bug(e.to_string()))?;
        let token = self.0.seal.make(MEDIA, &job.to_string(), expires_at);
        let base = format!("/media/~{token}/{job}/");
        Ok(MediaLink {
            playlist: format!("{base}{}", layout::MASTER),
            base,
            expires_at,
        })
    }

    fn opens(&self, token: &str, job: JobId) -> bool {
        let until = self.0.seal.read(MEDIA, &job.to_string(), token);
        until.is_some_and(|until| until > Timestamp::now())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
