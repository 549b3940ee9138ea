//! Keys and sessions in their plainest form. Not here: making or checking one.

use jiff::Timestamp;
use newsreel_model::keys::{Key, Keys, MAX_KEYS, MAX_SESSIONS, Session};
use newsreel_model::{Code, Error, Result};

use super::entry::cut;
use super::reference::Reference;

/// Keys in memory, oldest first.
#[derive(Default)]
pub struct Ring {
    pub keys: Vec<Key>,
    sessions: Vec<Session>,
}

impl Ring {
    pub fn add(&mut self, mut key: Key) -> Result<()> {
        if self.keys.len() >= MAX_KEYS {
            return Err(Error::new(Code::Usage, "too many"));
        }
        key.created_at = cut(key.created_at);
        self.keys.push(key);
        self.keys
            .sort_by_key(|key| (key.created_at, key.id.clone()));
        Ok(())
    }

    fn find(&mut self, id: &str) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.id == id)
    }

    pub fn revoke(&mut self, id: &str, now: Timestamp) -> bool {
        let found = self.find(id).filter(|key| key.revoked_at.is_none());
        let revoked = found.map(|key| key.revoked_at = Some(cut(now)));
        self.sessions.retain(|session| session.key != id);
        revoked.is_some()
    }

    pub fn used(&mut self, id: &str, now: Timestamp) {
        if let Some(key) = self.find(id) {
            key.last_used_at = Some(cut(now));
        }
    }

    pub fn begin(&mut self, mut session: Session) {
        session.created_at = cut(session.created_at);
        session.expires_at = cut(session.expires_at);
        let key = session.key.clone();
        self.sessions.push(session);
        self.sessions
            .sort_by_key(|session| (session.created_at, session.id.clone()));
        let own = self.sessions.iter().filter(|one| one.key == key).count();
        if own > MAX_SESSIONS {
            let oldest = self.sessions.iter().position(|one| one.key == key);
            oldest.map(|oldest| self.sessions.remove(oldest));
        }
    }

    pub fn session(&self, id: &str, now: Timestamp) -> Option<&Session> {
        let lives = |one: &&Session| one.id == id && one.expires_at > cut(now);
        self.sessions.iter().find(lives)
    }

    pub fn renew(
        &mut self,
        id: &str,
        (from, to): ([u8; 32], [u8; 32]),
        now: Timestamp,
        expires_at: Timestamp,
    ) -> bool {
        let good = self.session(id, now).is_some();
        let mut all = self.sessions.iter_mut();
        let held = all.find(|one| one.id == id && one.refresh_hash == Some(from));
        let Some(session) = held.filter(|_| good) else {
            return false;
        };
        session.refresh_hash = Some(to);
        session.expires_at = cut(expires_at);
        true
    }

    pub fn end(&mut self, id: &str) {
        self.sessions.retain(|session| session.id != id);
    }

    pub fn trim(&mut self, now: Timestamp) {
        self.sessions.retain(|one| one.expires_at > cut(now));
    }
}

impl Keys for Reference {
    fn add_key(&self, key: Key) -> Result<()> {
        self.0.lock().ring.add(key)
    }

    fn key(&self, id: &str) -> Result<Option<Key>> {
        let keys = self.keys()?;
        Ok(keys.into_iter().find(|key| key.id == id))
    }

    fn keys(&self) -> Result<Vec<Key>> {
        Ok(self.0.lock().ring.keys.clone())
    }

    fn has_keys(&self) -> Result<bool> {
        Ok(!self.0.lock().ring.keys.is_empty())
    }

    fn revoke_key(&self, id: &str, now: Timestamp) -> Result<bool> {
        Ok(self.0.lock().ring.revoke(id, now))
    }

    fn used_key(&self, id: &str, now: Timestamp) -> Result<()> {
        self.0.lock().ring.used(id, now);
        Ok(())
    }

    fn begin_session(&self, session: Session) -> Result<()> {
        self.0.lock().ring.begin(session);
        Ok(())
    }

    fn session(&self, id: &str, now: Timestamp) -> Result<Option<Session>> {
        Ok(self.0.lock().ring.session(id, now).cloned())
    }

    fn renew_session(
        &self,
        id: &str,
        swap: ([u8; 32], [u8; 32]),
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool> {
        Ok(self.0.lock().ring.renew(id, swap, now, expires_at))
    }

    fn end_session(&self, id: &str) -> Result<()> {
        self.0.lock().ring.end(id);
        Ok(())
    }
}
