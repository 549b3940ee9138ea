//! What a client asks for when it submits a job, and the ranges it has to keep.
//!
//! Not here: whether the profile or the input exists. The daemon finds that out.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::UploadId;
use crate::pictures::{self, PictureSize};
use crate::profile::ThumbnailSpec;
use crate::webhook::{MAX_NOTIFICATIONS, Notification};
use crate::{Code, Error, Result};

/// Where a clip comes from: an address or an upload, one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct InputSpec {
    /// `file:///absolute/path`, percent-encoded, or an address (`https://…`, `http://…`, `s3://BUCKET/KEY`) that the daemon may
    /// reach, 8–4,096 characters. Empty where an upload is named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schema(
            min_length = 8,
            max_length = 4096,
            pattern = r"^(file:///|https?://|s3://)[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$",
            example = "file:///in/story.mxf"
        )
    )]
    pub url: String,
    /// The id of an upload, at the end of its address. It may still be arriving: the job then waits for what it needs of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadId>,
}

impl fmt::Display for InputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.upload {
            Some(upload) => write!(f, "upload {upload}"),
            None => f.write_str(&self.url),
        }
    }
}

/// A file of subtitles beside the clip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SubtitleSpec {
    /// `file:///absolute/path` of a SubRip or WebVTT file of at most 4 MiB.
    #[cfg_attr(
        feature = "schema",
        schema(
            min_length = 8,
            max_length = 4096,
            pattern = r"^file:///[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$",
            example = "file:///in/story.de.srt"
        )
    )]
    pub url: String,
    /// Its language (BCP 47, such as `de`); `und` when it is left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 35, pattern = "^[A-Za-z0-9-]*$")
    )]
    pub language: String,
}

/// The most files of subtitles a job may bring along.
const MAX_SUBTITLES: usize = 20;

/// On which devices a job may go on when its own fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Fallback {
    /// Another GPU, then the CPU.
    #[default]
    Any,
    /// Another GPU only.
    Gpu,
    /// None: the job fails with its device.
    Never,
}

/// A request for one job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobSpec {
    /// The clip.
    pub input: InputSpec,
    /// Name of a profile, see `GET /v1/profiles`.
    #[serde(default = "default_profile")]
    #[cfg_attr(
        feature = "schema",
        schema(
            min_length = 1,
            max_length = 64,
            pattern = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$",
            default = "web"
        )
    )]
    pub profile: String,
    /// 0–100, higher first. From the configured breaking band on (90 by default) it takes the place of running work.
    #[serde(default = "default_priority", deserialize_with = "priority")]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 100, default = 50))]
    pub priority: u8,
    /// Where the job may go on when its device fails.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(default = "any"))]
    pub fallback: Fallback,
    /// For people, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 500, pattern = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$")
    )]
    pub title: Option<String>,
    /// For people, at most 5,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 5000, pattern = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$")
    )]
    pub description: Option<String>,
    /// The caller's own id for the story, at most 200 characters; need not be unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 200, pattern = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$")
    )]
    pub external_id: Option<String>,
    /// Whose job it is: tenants share the devices fairly. 1–64 characters of a–z, 0–9, `-` and `_`.
    #[serde(default = "default_tenant")]
    #[cfg_attr(
        feature = "schema",
        schema(
            min_length = 1,
            max_length = 64,
            pattern = "^[a-z0-9_-]{1,64}$",
            default = "default"
        )
    )]
    pub tenant: String,
    /// Kept and given back as it is: at most 50 keys of at most 100 characters, values of at most 1,000.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schema(schema_with = crate::schema::metadata))]
    pub metadata: BTreeMap<String, String>,
    /// `file:///absolute/directory/` to write to, instead of one under the daemon's own output root, or `s3://BUCKET/PREFIX` to
    /// deliver to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schema(
            min_length = 8,
            max_length = 4096,
            pattern = r"^(file:///|s3://)[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$"
        )
    )]
    pub destination: Option<String>,
    /// Files of subtitles beside the clip, at most 20; those inside it are found by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub subtitles: Vec<SubtitleSpec>,
    /// Sizes of poster and thumbnails beside the usual one, at most 8; they take the place of the profile's. All thumbnails in
    /// all sizes may be 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 8))]
    pub thumbnails: Vec<PictureSize>,
    /// Who is told what happens to the job, at most 8 receivers, beside those of the daemon's configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 8))]
    pub notifications: Vec<Notification>,
    /// Whether each rung is compared with the source when it is made (PSNR and SSIM, in `GET /v1/jobs/{id}/outputs` and
    /// `report.json`). That takes a while, during which everything can be played already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "schema", schema(default = false))]
    pub measure: bool,
    /// When it should be complete: among jobs outside the breaking band, the earlier deadline goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub deadline: Option<Timestamp>,
}

fn default_profile() -> String {
    "web".to_owned()
}
fn default_priority() -> u8 {
    50
}
fn default_tenant() -> String {
    "default".to_owned()
}

/// Reads a priority and, when it is none, says its range rather than the name of a type.
pub(crate) fn priority<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<u8, D::Error> {
    struct Range;
    impl Visitor<'_> for Range {
        type Value = u8;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a whole number 0–100")
        }

        fn visit_u64<E: serde::de::Error>(self, n: u64) -> std::result::Result<u8, E> {
            match u8::try_from(n) {
                Ok(n) if n <= 100 => Ok(n),
                _ => Err(E::invalid_value(Unexpected::Unsigned(n), &self)),
            }
        }

        // To JSON, 50.0 is as whole as 50, and some clients have no other numbers.
        fn visit_f64<E: serde::de::Error>(self, n: f64) -> std::result::Result<u8, E> {
            let whole = (0..=100).find(|whole| f64::from(*whole) == n);
            whole.ok_or_else(|| E::invalid_value(Unexpected::Float(n), &self))
        }
    }
    from.deserialize_u8(Range)
}

impl JobSpec {
    /// A spec with every default.
    #[must_use]
    pub fn new(input_url: impl Into<String>) -> Self {
        Self {
            input: InputSpec {
                url: input_url.into(),
                upload: None,
            },
            profile: default_profile(),
            priority: default_priority(),
            fallback: Fallback::Any,
            title: None,
            description: None,
            external_id: None,
            tenant: default_tenant(),
            metadata: BTreeMap::new(),
            destination: None,
            subtitles: Vec::new(),
            thumbnails: Vec::new(),
            notifications: Vec::new(),
            measure: false,
            deadline: None,
        }
    }

    /// Checks every range that needs nothing but the spec itself.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] with the field and what is allowed.
    pub fn check(&self) -> Result<()> {
        match (self.input.url.is_empty(), self.input.upload) {
            (true, Some(_)) => {}
            (false, None) => length("input.url", &self.input.url, 8, 4096)?,
            _ => return Err(invalid("input", "must have either `url` or `upload`")),
        }
        length("profile", &self.profile, 1, 64)?;
        if self.priority > 100 {
            return Err(invalid("priority", "must be 0–100"));
        }
        for (name, text, most) in [
            ("title", &self.title, 500),
            ("description", &self.description, 5000),
            ("external_id", &self.external_id, 200),
        ] {
            length(name, text.as_deref().unwrap_or(""), 0, most)?;
        }
        length("tenant", &self.tenant, 1, 64)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !self.tenant.chars().all(plain) {
            return Err(invalid("tenant", "may hold only a–z, 0–9, - and _"));
        }
        if self.metadata.len() > 50 {
            return Err(invalid("metadata", "may have at most 50 keys"));
        }
        for (key, value) in &self.metadata {
            length("metadata key", key, 1, 100).map_err(|error| error.in_field("metadata"))?;
            length(&format!("metadata.{key}"), value, 0, 1000)?;
        }
        if let Some(destination) = &self.destination {
            length("destination", destination, 8, 4096)?;
        }
        if self.subtitles.len() > MAX_SUBTITLES {
            return Err(invalid("subtitles", "may have at most 20 files"));
        }
        for (number, file) in self.subtitles.iter().enumerate() {
            length(&format!("subtitles[{number}].url"), &file.url, 8, 4096)?;
            let field = format!("subtitles[{number}].language");
            length(&field, &file.language, 0, 35)?;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if !file.language.chars().all(plain) {
                return Err(invalid(&field, "may hold only letters, digits and -"));
            }
        }
        // Together with the profile's number of thumbnails they are looked at again.
        let mut fewest = ThumbnailSpec {
            count: 0,
            ..ThumbnailSpec::default()
        };
        pictures::take_sizes(&mut fewest, &self.thumbnails)?;
        if self.notifications.len() > MAX_NOTIFICATIONS {
            return Err(invalid("notifications", "may have at most 8 receivers"));
        }
        for (number, notification) in self.notifications.iter().enumerate() {
            notification.check(&format!("notifications[{number}]"))?;
        }
        Ok(())
    }
}

fn invalid(field: &str, rule: &str) -> Error {
    Error::new(Code::RequestInvalid, format!("`{field}` {rule}")).in_field(field)
}

fn length(field: &str, text: &str, least: usize, most: usize) -> Result<()> {
    let found = text.chars().count();
    if found < least || found > most {
        return Err(invalid(
            field,
            &format!("must have {least}–{most} characters; it has {found}"),
        ));
    }
    // What a log line or a header must not carry is nobody's title either.
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return Err(invalid(field, "must not hold control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_with_defaults_is_valid_and_an_unknown_field_is_not() {
        let spec: JobSpec =
            serde_json::from_str(r#"{"input":{"url":"file:///in/story.mxf"}}"#).unwrap();
        assert_eq!(spec, JobSpec::new("file:///in/story.mxf"));
        spec.check().unwrap();
        let odd = r#"{"input":{"url":"file:///in/story.mxf"},"prio":3}"#;
        assert!(serde_json::from_str::<JobSpec>(odd).is_err());
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        let mut spec = JobSpec::new("file:///in/story.mxf");
        spec.priority = 101;
        let error = spec.check().unwrap_err();
        assert_eq!(error.code(), Code::RequestInvalid);
        assert!(error.message().contains("priority"));
        assert_eq!(error.field(), Some("priority"));
        for (priority, fits) in [
            ("0", true),
            ("100", true),
            ("50.0", true),
            ("101", false),
            ("-1", false),
            ("0.5", false),
        ] {
            let text = format!(r#"{{"input":{{"url":"file:///a"}},"priority":{priority}}}"#);
            let read = serde_json::from_str::<JobSpec>(&text);
            assert_eq!(read.is_ok(), fits, "{priority}");
            assert!(read.is_ok() || read.unwrap_err().to_string().contains("0–100"));
        }
        let mut spec = JobSpec::new("file:///in/story.mxf");
        spec.tenant = "Sport!".to_owned();
        assert!(spec.check().unwrap_err().message().contains("tenant"));
    }
}
