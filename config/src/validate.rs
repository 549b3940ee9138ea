//! Which values make sense: ranges, and keys that depend on each other. Not here: where they stand in the file.

mod access;
mod daemon;
mod notices;
mod profile;
mod s3;
mod translation;
mod watch;

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::config::{Config, Cpu, Limits};
/// The most profiles in force, the built-in ones included.
const MAX_PROFILES: usize = 200;
/// The longest name of a profile, in characters.
const MAX_NAME_CHARS: usize = 64;

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Which side of `key = value` is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Key,
    Value,
}

/// A value that makes no sense.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) path: Vec<Step>,
    pub(crate) point: Point,
    /// A key beside it that is at fault when the last step of the path was left out.
    pub(crate) stand_in: Option<&'static str>,
    pub(crate) message: String,
}

/// Everything that is wrong.
pub(crate) fn problems(config: &Config) -> Vec<Problem> {
    let mut check = Check::default();
    check.within("server", |check| daemon::server(check, &config.server));
    check.within("storage", |check| daemon::storage(check, &config.storage));
    check.within("access", |check| access::access(check, &config.access));
    check.within("uploads", |check| daemon::uploads(check, &config.uploads));
    check.within("remote", |check| daemon::remote(check, &config.remote));
    check.within("watch", |check| watch::watch(check, &config.watch, config));
    check.within("queue", |check| daemon::queue(check, &config.queue));
    check.within("worker", |check| daemon::worker(check, &config.worker));
    check.within("devices", |check| daemon::devices(check, &config.devices));
    check.within("webhooks", |check| {
        notices::webhooks(check, &config.webhooks)
    });
    check.within("mail", |check| notices::mail(check, &config.mail));
    check.within("messages", |check| {
        notices::messages(check, &config.messages)
    });
    check.within("retention", |check| {
        daemon::retention(check, &config.retention)
    });
    check.within("prices", |check| daemon::prices(check, &config.prices));
    check.within("traces", |check| daemon::traces(check, &config.traces));
    check.within("translation", |check| {
        translation::translation(check, &config.translation);
    });
    check.within("cpu", |check| cpu(check, &config.cpu));
    check.within("limits", |check| limits(check, &config.limits));
    let count = config.profiles.len();
    if count > MAX_PROFILES {
        let message = format!(
            "there are {count} profiles, the built-in ones included; expected at most {MAX_PROFILES}"
        );
        check.report("profiles", message);
        return check.found;
    }
    check.within("profiles", |check| {
        for (name, spec) in &config.profiles {
            if !is_profile_name(name) {
                check.report(name, format!("`{name}` is no profile name, expected 1–{MAX_NAME_CHARS} characters of a–z, 0–9, `-` and `_`, starting with a letter or a digit"))
                    .point = Point::Key;
            }
            check.within(name, |check| profile::profile(check, spec));
        }
    });
    check.found
}

fn cpu(check: &mut Check, cpu: &Cpu) {
    check.range("runs", cpu.runs, 0..=64, "");
    check.range("threads_per_encoder", cpu.threads_per_encoder, 0..=64, "");
}

fn limits(check: &mut Check, limits: &Limits) {
    check.range(
        "max_input_frames",
        limits.max_input_frames,
        1..=100_000_000,
        "",
    );
    check.range(
        "max_duration_s",
        limits.max_duration_s,
        1.0..=604_800.0,
        " seconds",
    );
    check.range("max_gap_s", limits.max_gap_s, 0.1..=3600.0, " seconds");
    check.range("lead_in_packets", limits.lead_in_packets, 1..=1_000_000, "");
}

fn is_profile_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= MAX_NAME_CHARS
        && name.starts_with(plain)
        && name.chars().all(|c| plain(c) || c == '-' || c == '_')
}

/// Collects problems, knowing where it is.
#[derive(Default)]
struct Check {
    path: Vec<Step>,
    found: Vec<Problem>,
}

impl Check {
    /// Runs `inner` one table further in.
    fn within(&mut self, key: &str, inner: impl FnOnce(&mut Self)) {
        self.at([Step::Key(key.to_owned())], inner);
    }

    fn at<const N: usize>(&mut self, steps: [Step; N], inner: impl FnOnce(&mut Self)) {
        let depth = self.path.len();
        self.path.extend(steps);
        inner(self);
        self.path.truncate(depth);
    }

    /// Notes a problem of `key` in the table it is in.
    fn report(&mut self, key: &str, message: String) -> &mut Problem {
        let mut path = self.path.clone();
        path.push(Step::Key(key.to_owned()));
        self.found.push_mut(Problem {
            path,
            point: Point::Value,
            stand_in: None,
            message,
        })
    }

    /// Whether `value` is in `range`; if not, that is noted. Not-a-number is in no range.
    fn range<T: PartialOrd + Display>(
        &mut self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
        unit: &str,
    ) -> bool {
        let good = range.contains(&value);
        if !good {
            let (low, high) = (range.start(), range.end());
            self.report(
                key,
                format!("`{key}` is {value}, expected {low}–{high}{unit}"),
            );
        }
        good
    }
}
