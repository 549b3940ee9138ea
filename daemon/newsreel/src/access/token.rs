//! What keys and tokens look like: made, taken apart, sealed. Not here: whether one of them is still good.
//!
//! | what | form |
//! | --- | --- |
//! | key | `nr_`, 16 digits that are its id, `_`, 64 random digits |
//! | refresh token | `nrr_`, 32 digits that are its session's id, `_`, 64 random digits |
//! | access token | `nra_`, session, `.`, expiry, `.`, seal |
//! | cookie | session, `.`, expiry, `.`, seal |
//! | media path | expiry, `.`, seal over it and the job |
//!
//! Digits are hexadecimal, an expiry is in seconds since 1970.

use jiff::Timestamp;
use newsreel_model::Result;

use crate::secrets::{hex, random};

/// Hexadecimal digits of a key's id.
const KEY_ID: usize = 16;
/// Hexadecimal digits of a session's id.
const SESSION_ID: usize = 32;
/// Hexadecimal digits of 256 bits.
const SECRET: usize = 64;

/// A new key: its id, and the key itself.
///
/// # Errors
/// The system has no random numbers.
pub fn key() -> Result<(String, String)> {
    let id = hex(&random::<8>()?);
    let whole = format!("nr_{id}_{}", hex(&random::<32>()?));
    Ok((id, whole))
}

/// A new refresh token of a session.
///
/// # Errors
/// The system has no random numbers.
pub fn refresh(session: &str) -> Result<String> {
    Ok(format!("nrr_{session}_{}", hex(&random::<32>()?)))
}

/// A new session's id.
pub fn session() -> Result<String> {
    Ok(hex(&random::<16>()?))
}

/// The id in something of this form; none when it is of another.
fn id_in<'a>(text: &'a str, prefix: &str, digits: usize) -> Option<&'a str> {
    let (id, secret) = text.strip_prefix(prefix)?.split_once('_')?;
    (is_hex(id, digits) && is_hex(secret, SECRET)).then_some(id)
}

/// The id in a key.
pub fn key_id(text: &str) -> Option<&str> {
    id_in(text, "nr_", KEY_ID)
}

/// The session in a refresh token.
pub fn refresh_session(text: &str) -> Option<&str> {
    id_in(text, "nrr_", SESSION_ID)
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What is kept of a key or refresh token. Both are 256 random bits, so that there is nothing to guess: a plain hash is as
/// good as one made slow for passwords, and costs nothing at each request.
pub fn hash(text: &str) -> [u8; 32] {
    blake3::hash(text.as_bytes()).into()
}

/// Whether `text` is what `kept` was made of; takes as long whatever differs.
pub fn is(text: &str, kept: &[u8; 32]) -> bool {
    blake3::hash(text.as_bytes()) == *kept
}

/// What seals are made with: whoever has it can make every token but keys and refresh tokens.
pub struct Seal([u8; 32]);

impl Seal {
    /// With a key only this daemon has.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn over(&self, kind: &str, subject: &str, expires: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.0, format!("{kind} {subject} {expires}").as_bytes())
    }

    /// `expiry.seal`, good for one kind and subject. Neither may hold a space.
    pub fn make(&self, kind: &str, subject: &str, expires: Timestamp) -> String {
        let expires = expires.as_second().to_string();
        let seal = self.over(kind, subject, &expires).to_hex();
        format!("{expires}.{seal}")
    }

    /// Until when `sealed` is good for a kind and subject; none when it was not made for them.
    pub fn read(&self, kind: &str, subject: &str, sealed: &str) -> Option<Timestamp> {
        let (expires, seal) = sealed.split_once('.')?;
        let given = blake3::Hash::from_hex(seal).ok()?;
        let digits =
            (1..=12).contains(&expires.len()) && expires.bytes().all(|b| b.is_ascii_digit());
        // The comparison of hashes takes as long whatever differs.
        if !digits || self.over(kind, subject, expires) != given {
            return None;
        }
        Timestamp::from_second(expires.parse().ok()?).ok()
    }

    /// An access token or cookie of a session.
    pub fn of_session(&self, kind: &str, session: &str, expires: Timestamp) -> String {
        format!("{session}.{}", self.make(kind, session, expires))
    }

    /// The session of an access token or cookie, and until when it is good.
    pub fn session_in<'a>(&self, kind: &str, text: &'a str) -> Option<(&'a str, Timestamp)> {
        let (session, sealed) = text.split_once('.')?;
        let fits = is_hex(session, SESSION_ID);
        let expires = self.read(kind, session, sealed).filter(|_| fits)?;
        Some((session, expires))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn keys_differ_and_their_id_is_found_again() {
        let ((id, whole), (other, _)) = (key().unwrap(), key().unwrap());
        assert_ne!(id, other);
        assert_eq!(key_id(&whole), Some(id.as_str()));
        assert!(is(&whole, &hash(&whole)));
        let mut changed = whole.clone();
        changed.replace_range(84 - 1.., if whole.ends_with('0') { "1" } else { "0" });
        assert_eq!(key_id(&changed), Some(id.as_str()));
        assert!(!is(&changed, &hash(&whole)));
        let session = session().unwrap();
        let token = refresh(&session).unwrap();
        assert_eq!(refresh_session(&token), Some(session.as_str()));
        for odd in [
            "",
            "nr_",
            "nr__",
            &whole[..83],
            &whole.to_uppercase(),
            &format!("{whole}0"),
            &token,
        ] {
            assert_eq!(key_id(odd), None, "{odd}");
        }
        assert_eq!(refresh_session(&whole), None);
    }

    #[test]
    fn a_seal_is_good_for_what_it_was_made_for_alone() {
        let seal = Seal::new([7; 32]);
        let made = seal.make("media", "a", at(1000));
        assert_eq!(seal.read("media", "a", &made), Some(at(1000)));
        let (_, digits) = made.split_once('.').unwrap();
        for (kind, subject, sealed) in [
            ("cookie", "a", made.clone()),
            ("media", "b", made.clone()),
            ("media", "a", format!("1001.{digits}")),
            ("media", "a", format!("01000.{digits}")),
            ("media", "a", format!("1000.{}", "0".repeat(64))),
            ("media", "a", format!("1000.{}", &digits[1..])),
            ("media", "a", "1000".to_owned()),
            ("media", "a", String::new()),
        ] {
            assert_eq!(seal.read(kind, subject, &sealed), None, "{sealed}");
        }
        assert_eq!(Seal::new([8; 32]).read("media", "a", &made), None);
    }

    #[test]
    fn a_session_is_found_in_its_token() {
        let seal = Seal::new([7; 32]);
        let session = "0123456789abcdef0123456789abcdef";
        let token = seal.of_session("access", session, at(1000));
        assert_eq!(seal.session_in("access", &token), Some((session, at(1000))));
        assert_eq!(seal.session_in("cookie", &token), None);
        assert_eq!(
            seal.session_in("access", &token.replace("0123", "0124")),
            None
        );
    }
}
