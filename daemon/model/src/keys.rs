//! API keys and what they were swapped for, as they are kept, and the port to where that is.
//!
//! Not here: what a key looks like in a request, or who it lets in ([`crate::access`]).

use jiff::Timestamp;

use crate::access::{Grant, is_tenant};
use crate::{Code, Error, Result};

/// The longest name of a key, in characters.
pub const MAX_NAME_CHARS: usize = 100;

/// The most keys that are kept, revoked ones included.
pub const MAX_KEYS: usize = 10_000;

/// The most roots of a key.
pub const MAX_ROOTS: usize = 32;

/// The most sessions of a key: with one more, the oldest ends.
pub const MAX_SESSIONS: usize = 100;

/// A key as it is kept: everything but the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// 16 hexadecimal digits, part of the key.
    pub id: String,
    /// For people, 1–100 characters.
    pub name: String,
    /// BLAKE3 of the whole key.
    pub hash: [u8; 32],
    /// What it allows.
    pub grant: Grant,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// What a key was swapped for, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// 32 hexadecimal digits, part of every token of it.
    pub id: String,
    /// The key's id; with the key its sessions are refused too.
    pub key: String,
    /// BLAKE3 of the one refresh token that is good now; none where it cannot be refreshed.
    pub refresh_hash: Option<[u8; 32]>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Where keys are kept. Every method returns only once what it did is durable. All errors are [`crate::Code::StoreFailed`] or
/// [`crate::Code::DiskFull`] unless said otherwise.
pub trait Keys: Send + Sync {
    /// Keeps a key.
    ///
    /// # Errors
    /// [`crate::Code::Usage`] when there are [`MAX_KEYS`]; the store cannot be written.
    fn add_key(&self, key: Key) -> Result<()>;

    /// The key of that id.
    ///
    /// # Errors
    /// The store cannot be read.
    fn key(&self, id: &str) -> Result<Option<Key>>;

    /// Every key, revoked ones too, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn keys(&self) -> Result<Vec<Key>>;

    /// Whether a key was ever made.
    ///
    /// # Errors
    /// The store cannot be read.
    fn has_keys(&self) -> Result<bool>;

    /// Refuses a key from now on and ends its sessions; false when there is none of that id that is not revoked.
    ///
    /// # Errors
    /// The store cannot be written.
    fn revoke_key(&self, id: &str, now: Timestamp) -> Result<bool>;

    /// Keeps when a key was used.
    ///
    /// # Errors
    /// The store cannot be written.
    fn used_key(&self, id: &str, now: Timestamp) -> Result<()>;

    /// Keeps a session of a key that is there, and ends its oldest ones beyond [`MAX_SESSIONS`].
    ///
    /// # Errors
    /// The store cannot be written.
    fn begin_session(&self, session: Session) -> Result<()>;

    /// The session of that id, while it and its key last.
    ///
    /// # Errors
    /// The store cannot be read.
    fn session(&self, id: &str, now: Timestamp) -> Result<Option<Session>>;

    /// Puts the second refresh token of `swap` in the place of the first, by their hashes, and lets the session last until
    /// `expires_at`. False, and nothing changes, when it is not the first that is good now.
    ///
    /// # Errors
    /// The store cannot be written.
    fn renew_session(
        &self,
        id: &str,
        swap: ([u8; 32], [u8; 32]),
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool>;

    /// Ends a session; one that is over is passed over.
    ///
    /// # Errors
    /// The store cannot be written.
    fn end_session(&self, id: &str) -> Result<()>;
}

/// Checks what a key is to be made with.
///
/// # Errors
/// [`Code::Usage`] with what is allowed.
pub fn check(name: &str, grant: &Grant) -> Result<()> {
    let wrong = |words: String| Err(Error::new(Code::Usage, words));
    let chars = name.chars().count();
    if chars == 0 || chars > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return wrong(format!(
            "a key's name must have 1–{MAX_NAME_CHARS} characters and no control characters"
        ));
    }
    if grant.scopes.is_empty() {
        return wrong("a key needs a scope: read, submit or admin".to_owned());
    }
    if grant
        .tenant
        .as_deref()
        .is_some_and(|tenant| !is_tenant(tenant))
    {
        return wrong("a tenant has 1–64 characters of a–z, 0–9, - and _".to_owned());
    }
    if grant.roots.len() > MAX_ROOTS {
        return wrong(format!("a key may have at most {MAX_ROOTS} roots"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::access::Scope;

    #[test]
    fn a_key_is_made_with_sensible_values_only() {
        let grant = Grant {
            scopes: vec![Scope::Read],
            tenant: Some("sport".to_owned()),
            roots: Vec::new(),
        };
        check("cms", &grant).unwrap();
        for (name, changed) in [
            ("", grant.clone()),
            ("a\nb", grant.clone()),
            (
                "cms",
                Grant {
                    scopes: Vec::new(),
                    ..grant.clone()
                },
            ),
            (
                "cms",
                Grant {
                    tenant: Some("Sport".to_owned()),
                    ..grant.clone()
                },
            ),
            (
                "cms",
                Grant {
                    roots: vec!["/in".to_owned(); 33],
                    ..grant.clone()
                },
            ),
        ] {
            assert_eq!(check(name, &changed).unwrap_err().code(), Code::Usage);
        }
    }
}
