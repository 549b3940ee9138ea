//! `s3://BUCKET/KEY`: what it names, and whether a job may. Not here: asking the store.

use std::fmt;

use newsreel_config::{Config, S3Store};
use newsreel_model::{Code, Error, Result};

const SCHEME: &str = "s3://";

/// The longest key: room is left for the names of a job's files within the 1,024 bytes that stores take.
const MAX_KEY_BYTES: usize = 900;

/// Whether an address is one in an object store.
pub fn is_s3(url: &str) -> bool {
    let start = url.get(..SCHEME.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// An object, or the beginning of the names of some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// What follows it, without slashes at its ends.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

impl Place {
    /// Reads the address in `field` of a request. It is taken as it is, without percent-decoding.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] with what is wrong.
    pub fn parse(field: &str, url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let words = format!("`{field}` {why}; expected s3://BUCKET/KEY");
            Err(Error::new(Code::RequestInvalid, words).in_field(field))
        };
        let rest = match url.get(SCHEME.len()..) {
            Some(rest) if is_s3(url) => rest,
            _ => return wrong("is no address in an object store"),
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let key = key.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        if !(1..=63).contains(&bucket.len()) || !bucket.chars().all(plain) {
            return wrong("names no bucket");
        }
        if key.is_empty() {
            return wrong("names nothing in the bucket");
        }
        if key.len() > MAX_KEY_BYTES {
            return wrong(&format!("has a key of more than {MAX_KEY_BYTES} bytes"));
        }
        if object_store::path::Path::parse(key).is_err() {
            return wrong("has an empty part, `.`, `..` or a control character in its key");
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The configured store that jobs of a tenant find it in, with its name there.
    ///
    /// # Errors
    /// [`Code::PathForbidden`] with what would have to stand in the file.
    pub fn store<'a>(
        &self,
        field: &str,
        config: &'a Config,
        tenant: &str,
    ) -> Result<(&'a str, &'a S3Store)> {
        let mut holding = config.storage.s3.iter();
        let found = holding.find(|(_, store)| store.holds(&self.bucket, &self.key));
        let refused = |why: String| {
            let words = format!("`{field}`: {self} may not be used: {why}");
            Err(Error::new(Code::PathForbidden, words).in_field(field))
        };
        match found {
            None => refused(format!(
                "no store of the configuration has it; name \"{}\" in the `buckets` of a section [storage.s3.NAME]",
                self.bucket
            )),
            Some((name, store))
                if !store.tenants.is_empty() && !store.tenants.iter().any(|t| t == tenant) =>
            {
                refused(format!(
                    "it is not for tenant `{tenant}`; name that in storage.s3.{name}.tenants"
                ))
            }
            Some((name, store)) => Ok((name, store)),
        }
    }

    /// Looks at an address when a job is submitted: the key's `roots`, then as [`Place::parse`] and [`Place::store`].
    ///
    /// # Errors
    /// As those; [`Code::PathForbidden`] for a key that is bound to directories.
    pub fn check(
        field: &str,
        url: &str,
        config: &Config,
        tenant: &str,
        roots: &[String],
    ) -> Result<Self> {
        let place = Self::parse(field, url)?;
        if !roots.is_empty() {
            let words = format!(
                "`{field}`: the key is bound to directories and may not use {place}; ask for one without roots"
            );
            return Err(Error::new(Code::PathForbidden, words).in_field(field));
        }
        place.store(field, config, tenant)?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = "[storage.s3.one]\nbuckets = [\"stories\", \"rushes/in\"]\ntenants = [\"sport\"]\nkey = \"k\"\nsecret = \"s\"\n";
        Config::parse(text, "n.toml").unwrap()
    }

    #[test]
    fn an_address_names_a_bucket_and_a_key() {
        let place = Place::parse("destination", "S3://stories/a b/%20/").unwrap();
        assert_eq!((&*place.bucket, &*place.key), ("stories", "a b/%20"));
        assert_eq!(place.to_string(), "s3://stories/a b/%20");
        for url in [
            "s3:/stories/a",
            "s3://",
            "s3://stories",
            "s3://stories/",
            "s3:///a",
            "s3://Stories/a",
            "s3://stories/a//b",
            "s3://stories/../b",
            "s3://k:s@stories/a",
            "file:///a",
        ] {
            let error = Place::parse("destination", url).unwrap_err();
            assert_eq!(error.code(), Code::RequestInvalid, "{url}");
        }
    }

    #[test]
    fn only_what_the_configuration_names_may_be_used_and_the_answer_says_what_to_write() {
        let config = config();
        let check = |url, tenant, roots: &[String]| {
            Place::check("input.url", url, &config, tenant, roots).map(|_| ())
        };
        check("s3://stories/a", "sport", &[]).unwrap();
        check("s3://rushes/in/a", "sport", &[]).unwrap();
        for (url, tenant, roots, named) in [
            ("s3://other/a", "sport", vec![], "[storage.s3.NAME]"),
            ("s3://rushes/out/a", "sport", vec![], "[storage.s3.NAME]"),
            ("s3://stories/a", "news", vec![], "storage.s3.one.tenants"),
            ("s3://stories/a", "sport", vec!["/in".to_owned()], "roots"),
        ] {
            let error = check(url, tenant, &roots).unwrap_err();
            assert_eq!(error.code(), Code::PathForbidden, "{url}");
            assert!(error.message().contains(named), "{error}");
        }
    }
}
