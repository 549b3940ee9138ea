//! What may be changed of a job that was accepted. Not here: changing it.

use serde::{Deserialize, Serialize};

use crate::{Code, Error, Result};

/// A change of a job that waits or runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobPatch {
    /// 0–100, higher first. It counts from now on: in the breaking band the job takes the place of running work, out of it, it
    /// can be preempted.
    #[serde(deserialize_with = "crate::spec::priority")]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 100, example = 95))]
    pub priority: u8,
}

/// Which of a job's thumbnails is to be its poster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PosterChoice {
    /// Its number as its file has it: `0003` of `thumbs/0003.jpg`.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9]{4}$", example = "0003"))]
    pub thumbnail: String,
}

impl PosterChoice {
    /// Where that thumbnail lies, relative to the job's directory.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for what is no number of four digits.
    pub fn path(&self) -> Result<String> {
        let digits = self.thumbnail.bytes().all(|b| b.is_ascii_digit());
        if self.thumbnail.len() != 4 || !digits {
            let words = "`thumbnail` must be four digits, as in the thumbnail's file name";
            return Err(Error::new(Code::RequestInvalid, words).in_field("thumbnail"));
        }
        Ok(format!("thumbs/{}.jpg", self.thumbnail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_is_four_digits_and_no_path() {
        let path = |thumbnail: &str| {
            let thumbnail = thumbnail.to_owned();
            PosterChoice { thumbnail }.path()
        };
        assert_eq!(path("0003").ok().as_deref(), Some("thumbs/0003.jpg"));
        for odd in ["", "3", "00003", "../1", "00é"] {
            assert!(path(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_change_names_a_priority_in_its_range_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<JobPatch>(text);
        assert_eq!(
            read(r#"{"priority":100}"#).ok(),
            Some(JobPatch { priority: 100 })
        );
        for text in [
            "{}",
            r#"{"priority":101}"#,
            r#"{"priority":null}"#,
            r#"{"priority":1,"state":"failed"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
