//! What makes sense for the daemon itself: where it listens and keeps, how it queues, what it may take and for how long.

use newsreel_model::webhook::Notification;

use super::Check;
use crate::daemon::{Queue, Server, Storage, Worker};
use crate::devices::Devices;
use crate::operation::{Prices, Retention, Traces};
use crate::remote::Remote;
use crate::uploads::Uploads;
use crate::webhooks::Network;

/// The most GPUs that can be left alone by name.
const MAX_EXCLUDED: usize = 256;

pub(super) fn server(check: &mut Check, server: &Server) {
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

pub(super) fn storage(check: &mut Check, storage: &Storage) {
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
    super::s3::stores(check, &storage.s3);
}

pub(super) fn uploads(check: &mut Check, uploads: &Uploads) {
    check.range("max_mib", uploads.max_mib, 1..=10_000_000, " MiB");
    let most = 10_000_000_000;
    check.range("tenant_mib", uploads.tenant_mib, 1..=most, " MiB");
    check.range("tenant_count", uploads.tenant_count, 1..=100_000, "");
    check.range("keep_h", uploads.keep_h, 1..=8760, " hours");
    check.range("early", uploads.early, 0..=64, "");
    let stall = "early_stall_s";
    check.range(stall, uploads.early_stall_s, 1..=3600, " seconds");
}

pub(super) fn remote(check: &mut Check, remote: &Remote) {
    check.range("max_mib", remote.max_mib, 1..=10_000_000, " MiB");
    check.range("at_once", remote.at_once, 1..=64, "");
    check.range("tries", remote.tries, 1..=100, "");
    let mut networks = remote.allowed_networks.iter();
    if let Some(wrong) = networks.find_map(|n| n.parse::<Network>().err()) {
        check.report("allowed_networks", wrong);
    }
}

pub(super) fn queue(check: &mut Check, queue: &Queue) {
    check.range("max_queued", queue.max_queued, 1..=1_000_000, "");
    check.range("breaking_priority", queue.breaking_priority, 1..=100, "");
    check.range("starvation_s", queue.starvation_s, 1..=86_400, " seconds");
    check.range("min_run_s", queue.min_run_s, 0..=3600, " seconds");
    check.range("preempt_gap_s", queue.preempt_gap_s, 0..=3600, " seconds");
    check.range("max_failures", queue.max_failures, 1..=100, "");
}

pub(super) fn worker(check: &mut Check, worker: &Worker) {
    check.range("memory_mib", worker.memory_mib, 256..=1_048_576, " MiB");
    check.range("stall_s", worker.stall_s, 1..=3600, " seconds");
    check.range("lease_s", worker.lease_s, 1..=600, " seconds");
    check.range(
        "max_session_s",
        worker.max_session_s,
        10..=604_800,
        " seconds",
    );
    check.range("nice", worker.nice, 0..=19, "");
}

pub(super) fn retention(check: &mut Check, retention: &Retention) {
    check.range("days", retention.days, 0..=36_500, " days");
    let most = 10_000_000_000;
    check.range("max_mib", retention.max_mib, 0..=most, " MiB");
}

pub(super) fn prices(check: &mut Check, prices: &Prices) {
    let currency = &prices.currency;
    let letters = currency.chars().all(|c| c.is_ascii_alphabetic());
    if !letters || !(1..=8).contains(&currency.len()) {
        let message = format!("`currency` is {currency:?}, expected 1–8 letters such as \"EUR\"");
        check.report("currency", message);
    }
    check.within("per_hour", |check| {
        for (device, price) in &prices.per_hour {
            check.range(device, *price, 0.0..=1_000_000.0, " an hour");
        }
    });
}

pub(super) fn traces(check: &mut Check, traces: &Traces) {
    let endpoint = &traces.endpoint;
    let receiver = Notification {
        url: endpoint.clone(),
        events: Vec::new(),
    };
    if !endpoint.is_empty() && receiver.check("endpoint").is_err() {
        let message =
            format!("`{endpoint}` is no address, expected one such as http://127.0.0.1:4318");
        check.report("endpoint", message);
    }
}

pub(super) fn devices(check: &mut Check, devices: &Devices) {
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
