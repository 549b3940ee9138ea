//! How a job is named: a UUID v7, so that ids sort by the time they were given.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Code, Error};

/// How long an id is when written.
const HYPHENATED_CHARS: usize = 36;

/// A job's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(
    feature = "schema",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b")
)]
pub struct JobId(Uuid);

impl JobId {
    /// An id that sorts after all given before it on this machine.
    #[must_use]
    #[allow(
        clippy::new_without_default,
        reason = "two defaults that differ would surprise"
    )]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id with these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Its 16 bytes, in an order that sorts like the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for JobId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::new(
                Code::JobUnknown,
                "that is no job id; ids look like 0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b",
            )
        };
        // Only the form with hyphens: braces, `urn:uuid:` and bare digits would give a job several names.
        if text.len() != HYPHENATED_CHARS {
            return Err(wrong());
        }
        Uuid::try_parse(text).map(Self).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_one_form_only() {
        let id = JobId::new();
        assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
        let bare = id.to_string().replace('-', "");
        for text in [
            bare.clone(),
            format!("{{{id}}}"),
            format!("urn:uuid:{id}"),
            bare[1..].to_owned(),
            String::new(),
        ] {
            assert_eq!(
                text.parse::<JobId>().unwrap_err().code(),
                Code::JobUnknown,
                "{text}"
            );
        }
    }
}
