//! Which values make sense: ranges, and keys that depend on each other. Not here: where they stand in the file.

mod access;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use newsreel_model::profile::{Profile, RateControl, VideoCodec};
use newsreel_model::webhook::Notification;

use crate::config::{Config, Cpu, Limits};
use crate::daemon::{Queue, Server, Storage, Worker};
use crate::devices::Devices;
use crate::webhooks::{Endpoint, Network, Webhooks};

/// The most profiles in force, the built-in ones included.
const MAX_PROFILES: usize = 200;
/// The most GPUs that can be left alone by name.
const MAX_EXCLUDED: usize = 256;
/// The most rungs of a ladder.
const MAX_RUNGS: usize = 12;
/// The longest name of a profile, in characters.
const MAX_NAME_CHARS: usize = 64;
/// Names that libx264 and libx265 share.
const X26X_PRESETS: [&str; 10] = [
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
];
/// SVT-AV1's presets are numbers from 0 to this one.
const AV1_FASTEST_PRESET: u32 = 13;

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
    check.within("server", |check| server(check, &config.server));
    check.within("storage", |check| storage(check, &config.storage));
    check.within("access", |check| access::access(check, &config.access));
    check.within("queue", |check| queue(check, &config.queue));
    check.within("worker", |check| worker(check, &config.worker));
    check.within("devices", |check| devices(check, &config.devices));
    check.within("webhooks", |check| webhooks(check, &config.webhooks));
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
            check.within(name, |check| profile(check, spec));
        }
    });
    check.found
}

fn server(check: &mut Check, server: &Server) {
    if server.listen.parse::<std::net::SocketAddr>().is_err() {
        let message = format!(
            "`{}` is no address, expected one with its port such as 127.0.0.1:8470 or [::]:8470",
            server.listen
        );
        check.report("listen", message);
    }
    check.range(
        "max_body_bytes",
        server.max_body_bytes,
        1024..=67_108_864,
        " bytes",
    );
}

fn storage(check: &mut Check, storage: &Storage) {
    if storage.data_dir.is_empty() {
        check.report("data_dir", "expected a directory".to_owned());
    }
    for (key, roots) in [
        ("input_roots", &storage.input_roots),
        ("output_roots", &storage.output_roots),
    ] {
        if let Some(root) = roots.iter().find(|root| !root.starts_with('/')) {
            let message = format!("`{root}` is no absolute path, which a root has to be");
            check.report(key, message);
        }
    }
    check.range(
        "disk_reserve_mib",
        storage.disk_reserve_mib,
        0..=10_000_000,
        " MiB",
    );
    check.range("event_days", storage.event_days, 1..=3650, " days");
}

fn queue(check: &mut Check, queue: &Queue) {
    check.range("max_queued", queue.max_queued, 1..=1_000_000, "");
    check.range("breaking_priority", queue.breaking_priority, 1..=100, "");
    check.range("starvation_s", queue.starvation_s, 1..=86_400, " seconds");
    check.range("min_run_s", queue.min_run_s, 0..=3600, " seconds");
    check.range("preempt_gap_s", queue.preempt_gap_s, 0..=3600, " seconds");
    check.range("max_failures", queue.max_failures, 1..=100, "");
}

fn worker(check: &mut Check, worker: &Worker) {
    check.range("memory_mib", worker.memory_mib, 256..=1_048_576, " MiB");
    check.range("stall_s", worker.stall_s, 1..=3600, " seconds");
    check.range("lease_s", worker.lease_s, 1..=600, " seconds");
    check.range(
        "max_session_s",
        worker.max_session_s,
        10..=604_800,
        " seconds",
    );
}

fn devices(check: &mut Check, devices: &Devices) {
    if devices.exclude.len() > MAX_EXCLUDED {
        let message = format!("expected at most {MAX_EXCLUDED} names");
        check.report("exclude", message);
    }
    check.range(
        "vram_reserve_mib",
        devices.vram_reserve_mib,
        0..=1_048_576,
        " MiB",
    );
    check.range(
        "max_encoder_sessions",
        devices.max_encoder_sessions,
        0..=10_000,
        "",
    );
    check.range(
        "sessions_per_worker",
        devices.sessions_per_worker,
        1..=64,
        "",
    );
}

fn webhooks(check: &mut Check, webhooks: &Webhooks) {
    check.range("timeout_s", webhooks.timeout_s, 1..=120, " seconds");
    check.range("give_up_h", webhooks.give_up_h, 1..=720, " hours");
    check.range("max_in_flight", webhooks.max_in_flight, 1..=1024, "");
    if let Some(wrong) = webhooks
        .allowed_networks
        .iter()
        .find_map(|n| n.parse::<Network>().err())
    {
        check.report("allowed_networks", wrong);
    }
    check.within("endpoints", |check| {
        for (name, endpoint) in &webhooks.endpoints {
            if !is_profile_name(name) {
                let message = format!("`{name}` is no name of a receiver, expected 1–{MAX_NAME_CHARS} characters of a–z, 0–9, `-` and `_`, starting with a letter or a digit");
                check.report(name, message).point = Point::Key;
            }
            check.within(name, |check| self::endpoint(check, endpoint));
        }
    });
}

fn endpoint(check: &mut Check, endpoint: &Endpoint) {
    let receiver = Notification {
        url: endpoint.url.clone(),
        events: endpoint.events.clone(),
    };
    if let Err(error) = receiver.check("endpoint") {
        let key = error
            .field()
            .and_then(|field| field.rsplit('.').next())
            .unwrap_or("url");
        check.report(key, error.message().replace("endpoint.", ""));
    }
    if !is_webhook_secret(endpoint.secret.reveal()) {
        let message = "expected `whsec_` and 24–64 random bytes in base64, such as `echo whsec_$(head -c 32 /dev/urandom | base64)` prints";
        check.report("secret", message.to_owned());
    }
}

/// Whether a text is a secret as Standard Webhooks has it: base64 of 24–64 bytes behind a prefix.
fn is_webhook_secret(text: &str) -> bool {
    let Some(base64) = text.strip_prefix("whsec_") else {
        return false;
    };
    let letters = base64.trim_end_matches('=');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let bytes = letters.len() * 3 / 4;
    base64.len().is_multiple_of(4)
        && base64.len() - letters.len() <= 2
        && letters.bytes().all(plain)
        && (24..=64).contains(&bytes)
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

fn profile(check: &mut Check, profile: &Profile) {
    let codec = codec_name(profile.codec);
    if let Some(preset) = &profile.preset
        && !is_preset(profile.codec, preset)
    {
        let expected = match profile.codec {
            VideoCodec::H264 | VideoCodec::Hevc => format!("one of {}", X26X_PRESETS.join(", ")),
            VideoCodec::Av1 => format!("\"0\" to \"{AV1_FASTEST_PRESET}\""),
        };
        check.report(
            "preset",
            format!("`{preset}` is no preset of {codec}, expected {expected}"),
        );
    }
    check.range(
        "crf",
        profile.crf,
        0..=max_crf(profile.codec),
        &format!(" for {codec}"),
    );
    check.range("segment_s", profile.segment_s, 1.0..=30.0, " seconds");
    let first = profile.first_segment_s;
    if check.range("first_segment_s", first, 1.0..=30.0, " seconds") && first > profile.segment_s {
        let message = format!(
            "`first_segment_s` is {first}, expected at most `segment_s`, which is {}",
            profile.segment_s
        );
        // With the default length of the first segment, the other key is the one in the file.
        check.report("first_segment_s", message).stand_in = Some("segment_s");
    }
    ladder(check, profile);
    let audio = &profile.audio;
    check.within("audio", |check| {
        check.range("bitrate_kbps", audio.bitrate_kbps, 16..=512, " kbit/s");
        check.range("max_channels", audio.max_channels, 1..=2, "");
    });
    let thumbnails = &profile.thumbnails;
    check.within("thumbnails", |check| {
        check.range("count", thumbnails.count, 0..=100, "");
        check.range("width_px", thumbnails.width_px, 16..=4096, " pixels");
        let tile_width_px = thumbnails.storyboard_tile_width_px;
        check.range("storyboard_tiles", thumbnails.storyboard_tiles, 0..=400, "");
        check.range(
            "storyboard_tile_width_px",
            tile_width_px,
            16..=640,
            " pixels",
        );
    });
}

fn ladder(check: &mut Check, profile: &Profile) {
    let count = profile.rungs.len();
    if count == 0 || count > MAX_RUNGS {
        let message = format!("`rungs` has {count} rungs, expected 1–{MAX_RUNGS}");
        check.report("rungs", message);
    }
    let mut sizes = BTreeSet::new();
    for (index, rung) in profile.rungs.iter().enumerate().take(MAX_RUNGS) {
        check.at(
            [Step::Key("rungs".to_owned()), Step::Index(index)],
            |check| {
                if let Some(short_side_px) = rung.short_side_px {
                    check.range("short_side_px", short_side_px, 16..=8192, " pixels");
                }
                if !sizes.insert(rung.short_side_px) {
                    let message = match rung.short_side_px {
                        Some(px) => {
                            format!("a rung of {px} pixels is there already, expected another size")
                        }
                        None => "a rung of the source's size is there already, expected a `short_side_px`".to_owned(),
                    };
                    check.report("short_side_px", message);
                }
                match rung.bitrate_kbps {
                    Some(kbps) => {
                        check.range("bitrate_kbps", kbps, 16..=400_000, " kbit/s");
                    }
                    None if profile.rate_control == RateControl::Crf => {}
                    None => {
                        let message = "missing `bitrate_kbps`, expected 16–400000 kbit/s; only `rate_control = \"crf\"` goes without";
                        check.report("bitrate_kbps", message.to_owned());
                    }
                }
            },
        );
    }
}

fn is_profile_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= MAX_NAME_CHARS
        && name.starts_with(plain)
        && name.chars().all(|c| plain(c) || c == '-' || c == '_')
}

fn is_preset(codec: VideoCodec, preset: &str) -> bool {
    match codec {
        VideoCodec::H264 | VideoCodec::Hevc => X26X_PRESETS.contains(&preset),
        VideoCodec::Av1 => (0..=AV1_FASTEST_PRESET).any(|number| number.to_string() == preset),
    }
}

fn max_crf(codec: VideoCodec) -> u32 {
    match codec {
        VideoCodec::H264 | VideoCodec::Hevc => 51,
        VideoCodec::Av1 => 63,
    }
}

fn codec_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "h264",
        VideoCodec::Hevc => "hevc",
        VideoCodec::Av1 => "av1",
    }
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
