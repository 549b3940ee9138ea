//! What makes sense for watched folders.

use newsreel_model::access::is_tenant;

use super::notices::receiver_name;
use super::{Check, Point};
use crate::config::Config;
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
                if !folder.directory.starts_with('/') {
                    let message = format!("`{}` is no absolute path", folder.directory);
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
