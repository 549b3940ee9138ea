//! What differs between two configurations, and what of it only a restart takes up. Not here: taking it up.

use std::collections::BTreeMap;
use std::fmt;

use newsreel_model::Error;
use toml::{Table, Value};

use crate::config::Config;
use crate::devices::Devices;

/// Keys that are read once, when the daemon starts; a name with a dot at its end is a whole section.
/// [`Config::with_started`] says the same in code.
const AT_START: [&str; 9] = [
    "server.",
    "access.",
    "storage.data_dir",
    "remote.at_once",
    "devices.gpus",
    "devices.exclude",
    "devices.sessions_per_worker",
    "devices.scaler",
    "traces.",
];

/// The most characters of a value that are shown.
const MAX_VALUE_CHARS: usize = 200;

/// A key whose value differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// With its sections, such as `queue.max_queued`.
    pub key: String,
    /// As TOML; none where the key is not there. A secret is never shown.
    pub before: Option<String>,
    /// The same, afterwards.
    pub after: Option<String>,
    /// Whether a daemon that runs goes on with the value from before until it is started again.
    pub needs_restart: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |value: &Option<String>| value.as_deref().map_or("(none)".to_owned(), shortened);
        let (before, after) = (shown(&self.before), shown(&self.after));
        write!(f, "{}: {before} → {after}", self.key)?;
        if self.needs_restart {
            f.write_str(" (needs a restart)")?;
        }
        Ok(())
    }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_VALUE_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Every key whose value differs, by name.
///
/// # Errors
/// [`newsreel_model::Code::Internal`] for a value TOML cannot express, which no valid configuration has.
pub fn differences(before: &Config, after: &Config) -> Result<Vec<Difference>, Error> {
    let (old, new) = (leaves(before)?, leaves(after)?);
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let (old_secrets, new_secrets) = (before.secrets(), after.secrets());
    let differs = |key: &&String| {
        old.get(*key) != new.get(*key) || old_secrets.get(*key) != new_secrets.get(*key)
    };
    let difference = |key: &String| Difference {
        key: key.clone(),
        before: old.get(key).cloned(),
        after: new.get(key).cloned(),
        needs_restart: AT_START
            .iter()
            .any(|start| key == start || (start.ends_with('.') && key.starts_with(start))),
    };
    Ok(keys.into_iter().filter(differs).map(difference).collect())
}

impl Config {
    /// This configuration as it can be in force in a daemon that was started with another one.
    #[must_use]
    pub fn with_started(mut self, started: &Self) -> Self {
        self.server = started.server.clone();
        self.storage.data_dir = started.storage.data_dir.clone();
        self.remote.at_once = started.remote.at_once;
        self.access = started.access.clone();
        self.devices = Devices {
            vram_reserve_mib: self.devices.vram_reserve_mib,
            max_encoder_sessions: self.devices.max_encoder_sessions,
            ..started.devices.clone()
        };
        self.traces = started.traces.clone();
        self
    }
}

/// Every value with its whole name.
fn leaves(config: &Config) -> Result<BTreeMap<String, String>, Error> {
    let table: Table = config.to_toml()?.parse().map_err(|e: toml::de::Error| {
        Error::bug("the configuration is no TOML").with_detail(e.to_string())
    })?;
    let mut all = BTreeMap::new();
    gather("", &table, &mut all);
    Ok(all)
}

fn gather(prefix: &str, table: &Table, all: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            Value::Table(inner) => gather(&format!("{key}."), inner, all),
            leaf => {
                all.insert(key, leaf.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text, "n.toml").unwrap()
    }

    fn shown(before: &str, after: &str) -> Vec<String> {
        let all = differences(&config(before), &config(after)).unwrap();
        all.iter().map(Difference::to_string).collect()
    }

    const RECEIVER: &str = "[webhooks.endpoints.cms]\nurl = \"https://cms.example/\"\nsecret = ";

    #[test]
    fn what_differs_is_named_with_both_values() {
        assert_eq!(shown("", ""), [""; 0]);
        assert_eq!(
            shown("[queue]\nmax_queued = 7\n", "[worker]\nstall_s = 61\n"),
            ["queue.max_queued: 7 → 10000", "worker.stall_s: 60 → 61"]
        );
        let added = shown(
            "",
            "[profiles.story]\nrungs = [{ short_side_px = 96, bitrate_kbps = 90 }]\n",
        );
        let rungs = "profiles.story.rungs: (none) → [{ bitrate_kbps = 90, short_side_px = 96 }]";
        assert!(added.iter().any(|line| line == rungs), "{added:#?}");
    }

    #[test]
    fn what_needs_a_restart_says_so_and_is_kept_as_it_was() {
        let (before, after) = (
            config("[queue]\nmax_queued = 7\n"),
            config(
                "[server]\nlisten = \"127.0.0.1:1\"\nmax_body_bytes = 2048\n[storage]\ndata_dir = \"/d\"\nevent_days = 3\n[devices]\ngpus = false\nvram_reserve_mib = 5\nmax_encoder_sessions = 2\nscaler = \"scale_cuda\"\n[traces]\nendpoint = \"http://otel\"\n",
            ),
        );
        let all = differences(&before, &after).unwrap();
        let restart: Vec<&str> = all
            .iter()
            .filter(|d| d.needs_restart)
            .map(|d| d.key.as_str())
            .collect();
        assert_eq!(
            restart,
            [
                "devices.gpus",
                "devices.scaler",
                "server.listen",
                "server.max_body_bytes",
                "storage.data_dir",
                "traces.endpoint"
            ]
        );
        assert!(
            all.iter()
                .any(|d| d.key == "queue.max_queued" && !d.needs_restart)
        );
        let merged = after.with_started(&before);
        let left = differences(&before, &merged).unwrap();
        assert!(left.iter().all(|d| !d.needs_restart), "{left:?}");
        let live: Vec<&str> = left.iter().map(|d| d.key.as_str()).collect();
        assert_eq!(
            live,
            [
                "devices.max_encoder_sessions",
                "devices.vram_reserve_mib",
                "queue.max_queued",
                "storage.event_days"
            ]
        );
    }

    #[test]
    fn another_secret_is_a_difference_and_is_not_shown() {
        let with = |byte: char| format!("{RECEIVER}\"whsec_{}\"\n", byte.to_string().repeat(44));
        assert_eq!(
            shown(&with('A'), &with('B')),
            ["webhooks.endpoints.cms.secret: \"(hidden)\" → \"(hidden)\""]
        );
        assert_eq!(shown(&with('A'), &with('A')), [""; 0]);
    }

    #[test]
    fn every_hidden_value_is_among_the_secrets() {
        let all = config(&format!(
            "{RECEIVER}\"whsec_{}\"\n[mail]\npassword = \"a\"\n[messages.to.chat]\nurl = \"https://chat.example/\"\nbody = \"\"\n\
             events = [\"job.failed\"]\nheaders = {{ Authorization = \"Bearer b\" }}\n\
             [storage.s3.archive]\nbuckets = [\"b\"]\nkey = \"k\"\nsecret = \"s\"\n[translation]\nsecret = \"t\"\n",
            "A".repeat(44)
        ));
        let hidden = leaves(&all).unwrap();
        let hidden: Vec<&String> = hidden
            .iter()
            .filter(|(_, v)| v.contains("(hidden)"))
            .map(|(k, _)| k)
            .collect();
        let secrets = all.secrets();
        assert_eq!(hidden, secrets.keys().collect::<Vec<_>>());
    }
}
