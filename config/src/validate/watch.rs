//! What makes sense for watched folders.

use newsreel_model::access::is_tenant;

use super::notices::receiver_name;
use super::{Check, Point};
use crate::config::Config;
use crate::s3::S3Store;
use crate::watch::Watch;

/// The most folders.
const MAX_FOLDERS: usize = 100;

pub(super) fn watch(check: &mut Check, watch: &Watch, config: &Config) {
    check.range("settle_s", watch.settle_s, 1..=3600, " seconds");
    let count = watch.folders.len();
    if count > MAX_FOLDERS {
        let message = format!("there are {count} folders; expected at most {MAX_FOLDERS}");
        check.report("folders", message).point = Point::Key;
        return;
    }
    check.within("folders", |check| {
        for (name, folder) in &watch.folders {
            receiver_name(check, name);
            check.within(name, |check| {
                if let Some(message) = misplaced(&folder.directory, config) {
                    check.report("directory", message);
                }
                if !config.profiles.contains_key(&folder.profile) {
                    let message = format!("there is no profile `{}`", folder.profile);
                    check.report("profile", message);
                }
                check.range("priority", folder.priority, 0..=100, "");
                if !is_tenant(&folder.tenant) {
                    let message = "expected 1–64 characters of a–z, 0–9, `-` and `_`";
                    check.report("tenant", message.to_owned());
                }
            });
        }
    });
}

/// What is wrong with the place of a folder.
fn misplaced(directory: &str, config: &Config) -> Option<String> {
    let Some(place) = directory.strip_prefix("s3://") else {
        let absolute = directory.starts_with('/');
        return (!absolute).then(|| format!("`{directory}` is no absolute path"));
    };
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let prefix = prefix.trim_end_matches('/');
    let held = |store: &S3Store| store.holds(bucket, prefix);
    if bucket.is_empty() || prefix.is_empty() {
        return Some(format!("`{directory}` is not s3://BUCKET/PREFIX"));
    }
    (!config.storage.s3.values().any(held))
        .then(|| format!("no section [storage.s3.NAME] has `{bucket}/{prefix}` in its `buckets`"))
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn a_folder_is_a_path_or_lies_in_a_bucket_that_there_is() {
        let said = |directory: &str| {
            let text = format!(
                "[storage.s3.agency]\nbuckets = [\"rushes/in\"]\nkey = \"k\"\nsecret = \"s\"\n\
                 [watch.folders.one]\ndirectory = \"{directory}\"\n"
            );
            let read = Config::parse(&text, "n.toml");
            read.err().map(|error| error.to_string())
        };
        for right in ["/mnt/in", "s3://rushes/in", "s3://rushes/in/today/"] {
            assert_eq!(said(right), None, "{right}");
        }
        for (wrong, why) in [
            ("in", "no absolute path"),
            ("s3://rushes", "s3://BUCKET/PREFIX"),
            ("s3://rushes/other", "no section [storage.s3.NAME]"),
            ("s3://others/in", "no section [storage.s3.NAME]"),
        ] {
            let said = said(wrong).unwrap_or_default();
            assert!(said.contains(why), "{wrong}: {said}");
        }
    }
}
