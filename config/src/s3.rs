//! The settings of object stores that speak S3: where they are, which buckets in them jobs may name, and with which key.

use serde::{Deserialize, Serialize};

use crate::webhooks::Secret;

/// One store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Store {
    /// Its address, `http://` or `https://`; Amazon's of the region when it is empty.
    #[serde(default)]
    pub endpoint: String,
    /// Its region.
    #[serde(default = "first_region")]
    pub region: String,
    /// Buckets jobs may name, each with a prefix or without: `stories`, `rushes/incoming`.
    pub buckets: Vec<String>,
    /// Whether the bucket stands in the path of an address and not in its host.
    #[serde(default = "yes")]
    pub path_style: bool,
    /// The id of the access key.
    #[serde(default)]
    pub key: String,
    /// The environment variable that has it.
    #[serde(default)]
    pub key_env: String,
    /// The file that has it.
    #[serde(default)]
    pub key_file: String,
    /// The key's secret.
    #[serde(default)]
    pub secret: Secret,
    /// The environment variable that has it.
    #[serde(default)]
    pub secret_env: String,
    /// The file that has it.
    #[serde(default)]
    pub secret_file: String,
    /// Networks of this site that the store may be in, as `10.1.0.0/16`.
    #[serde(default)]
    pub allowed_networks: Vec<String>,
    /// Of which tenants jobs may use it; of all when there are none.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Whether the files of a job stay under `data_dir` when all of them are in their bucket.
    #[serde(default = "yes")]
    pub keep_local: bool,
    /// Seconds for which a store that takes nothing is tried before the job fails, 1–604,800.
    #[serde(default = "a_while")]
    pub give_up_s: u32,
}

fn first_region() -> String {
    "us-east-1".to_owned()
}
fn yes() -> bool {
    true
}
fn a_while() -> u32 {
    3600
}

impl S3Store {
    /// Whether jobs may name what lies under `key` in `bucket`.
    #[must_use]
    pub fn holds(&self, bucket: &str, key: &str) -> bool {
        self.buckets.iter().any(|allowed| {
            let (name, prefix) = allowed.split_once('/').unwrap_or((allowed, ""));
            let prefix = prefix.trim_end_matches('/');
            let below = key.strip_prefix(prefix);
            let below = below.filter(|rest| prefix.is_empty() || rest.starts_with('/'));
            name == bucket && (below.is_some() || key == prefix)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_bucket_or_a_prefix_of_one_is_held_and_nothing_beside_it() {
        let store: S3Store =
            toml::from_str("buckets = [\"stories\", \"rushes/incoming/\"]").unwrap();
        for (bucket, key) in [
            ("stories", ""),
            ("stories", "a/b"),
            ("rushes", "incoming"),
            ("rushes", "incoming/a"),
        ] {
            assert!(store.holds(bucket, key), "{bucket}/{key}");
        }
        for (bucket, key) in [
            ("storie", "a"),
            ("rushes", ""),
            ("rushes", "incoming2/a"),
            ("rushes", "other/incoming"),
        ] {
            assert!(!store.holds(bucket, key), "{bucket}/{key}");
        }
        assert!(store.path_style && store.keep_local);
    }
}
