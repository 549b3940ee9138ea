//! How many encoder sessions a driver allows, learned from its refusals. Not a table of products.

/// What is promised where no driver has refused yet: more than any device can work on, and a safe whole number in JSON.
pub const NO_KNOWN_CAP: u64 = 1 << 20;

/// The cap as it is known now. It counts our sessions: what other programs hold lowers it without our seeing why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCap {
    refused_at: Option<u32>,
    /// The most that were seen open at once since the cap was last relaxed.
    held: u32,
}

impl SessionCap {
    /// A session was refused for want of another (`NV_ENC_ERR_OUT_OF_MEMORY` with device memory to spare) while we had so
    /// many open. A refusal is heard of late, when some that were open then have ended: the cap is never below what was seen
    /// open at once.
    pub fn refused(&mut self, open: u32) {
        let cap = self.refused_at.map_or(open, |cap| cap.min(open));
        self.refused_at = Some(cap.max(self.held));
    }

    /// We have so many open: a cap below that was somebody else's sessions, or counted too late.
    pub fn opened(&mut self, open: u32) {
        self.held = self.held.max(open);
        if self.refused_at.is_some_and(|cap| cap < open) {
            self.refused_at = Some(open);
        }
    }

    /// Lets one more be tried, now and then, as other programs end. Without a refusal nothing changes.
    pub fn relax(&mut self) {
        self.held = 0;
        self.refused_at = self.refused_at.map(|cap| cap.saturating_add(1));
    }

    /// What may be open.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.refused_at.map_or(NO_KNOWN_CAP, u64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_learned_lowered_and_recovered() {
        let mut cap = SessionCap::default();
        cap.relax();
        assert_eq!(cap.sessions(), NO_KNOWN_CAP);
        cap.refused(8);
        cap.refused(3);
        cap.refused(5);
        assert_eq!(cap.sessions(), 3);
        cap.opened(3);
        assert_eq!(cap.sessions(), 3);
        cap.relax();
        cap.opened(4);
        cap.relax();
        cap.refused(4);
        assert_eq!(cap.sessions(), 4);
        cap.opened(7);
        assert_eq!(cap.sessions(), 7);
    }

    #[test]
    fn a_refusal_that_is_heard_of_late_does_not_take_away_what_was_held() {
        let mut cap = SessionCap::default();
        cap.opened(3);
        // The fourth was refused; two of the three had ended when that was counted.
        cap.refused(1);
        assert_eq!(cap.sessions(), 3);
        // Ten minutes later others may have taken some for good.
        cap.relax();
        cap.refused(1);
        assert_eq!(cap.sessions(), 1);
    }
}
