//! How a job is named: a UUID v7, so that ids sort by the time they were given.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Code, Error};

/// A job's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(
    feature = "schema",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid")
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
        Uuid::try_parse(text).map(Self).map_err(|_| {
            Error::new(
                Code::JobUnknown,
                "that is no job id; ids look like 0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b",
            )
        })
    }
}
