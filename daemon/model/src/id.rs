//! How jobs and uploads are named: UUIDs v7, so that ids sort by the time they were given.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::uploads;
use crate::{Code, Error};

/// How long an id is when written.
const HYPHENATED_CHARS: usize = 36;

/// Only the form with hyphens: braces, `urn:uuid:` and bare digits would give a thing several names.
fn parse(text: &str) -> Option<Uuid> {
    let parsed = (text.len() == HYPHENATED_CHARS).then(|| Uuid::try_parse(text).ok());
    parsed.flatten()
}

/// Makes a type for the ids of one kind of thing; `$unknown` is said of what is none.
macro_rules! id {
    ($(#[$about:meta])* $name:ident, $unknown:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(
            feature = "schema",
            derive(utoipa::ToSchema),
            schema(value_type = String, format = "uuid", example = "0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b")
        )]
        pub struct $name(Uuid);

        impl $name {
            /// An id that sorts after all given before it on this machine.
            #[must_use]
            #[allow(
                clippy::new_without_default,
                reason = "two defaults that differ would surprise"
            )]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                parse(text).map(Self).ok_or_else(|| $unknown)
            }
        }
    };
}

id!(
    /// A job's id.
    JobId,
    Error::new(
        Code::JobUnknown,
        "that is no job id; ids look like 0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b",
    )
);
id!(
    /// An upload's id.
    UploadId,
    uploads::unknown()
);

impl JobId {
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
