//! How things stand when somebody asks: the queue, the devices, the disk. Not what happens between two looks.

use metrics::gauge;
use newsreel_model::capacity::Resources;
use newsreel_model::control::DeviceView;
use newsreel_model::store::Counts;
use newsreel_model::webhook::EndpointView;

/// How the queue stands, by band of priority: breaking news, and the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    pub waiting: u64,
    pub running: u64,
    /// Seconds.
    pub oldest_waiting_s: f64,
}

/// Everything that is shown of one moment.
pub struct Moment<'a> {
    pub counts: Counts,
    pub breaking: Standing,
    pub other: Standing,
    pub devices: &'a [DeviceView],
    pub workers: usize,
    pub disk_free_bytes: u64,
    pub newest_event: u64,
    pub endpoints: &'a [EndpointView],
}

/// Sets every gauge.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub fn show(moment: &Moment<'_>) {
    let counts = &moment.counts;
    for (state, jobs) in [
        ("queued", counts.queued),
        ("running", counts.running),
        ("completed", counts.completed),
        ("failed", counts.failed),
        ("cancelled", counts.cancelled),
    ] {
        gauge!("newsreel_jobs", "state" => state).set(jobs as f64);
    }
    for (band, standing) in [("breaking", moment.breaking), ("other", moment.other)] {
        gauge!("newsreel_queue_jobs", "band" => band, "is" => "waiting")
            .set(standing.waiting as f64);
        gauge!("newsreel_queue_jobs", "band" => band, "is" => "running")
            .set(standing.running as f64);
        gauge!("newsreel_queue_oldest_seconds", "band" => band).set(standing.oldest_waiting_s);
    }
    moment.devices.iter().for_each(device);
    moment.endpoints.iter().for_each(endpoint);
    gauge!("newsreel_workers").set(moment.workers as f64);
    gauge!("newsreel_disk_free_bytes").set(moment.disk_free_bytes as f64);
    gauge!("newsreel_events_logged").set(moment.newest_event as f64);
    gauge!("newsreel_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

#[allow(clippy::cast_precision_loss, reason = "quantities far below 2^53")]
fn device(device: &DeviceView) {
    let id = device.id.clone();
    let pairs = device
        .capacity
        .quantities()
        .into_iter()
        .zip(device.used.quantities());
    for (resource, (capacity, used)) in Resources::NAMES.into_iter().zip(pairs) {
        gauge!("newsreel_device_capacity", "device" => id.clone(), "resource" => resource)
            .set(capacity as f64);
        gauge!("newsreel_device_used", "device" => id.clone(), "resource" => resource)
            .set(used as f64);
    }
    gauge!("newsreel_device_sessions", "device" => id.clone()).set(f64::from(device.sessions));
    gauge!("newsreel_device_quarantined", "device" => id).set(if device.quarantined {
        1.0
    } else {
        0.0
    });
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn endpoint(view: &EndpointView) {
    for (state, deliveries) in [("waiting", view.waiting), ("parked", view.parked)] {
        let labels = [
            ("endpoint", view.endpoint.clone()),
            ("state", state.to_owned()),
        ];
        gauge!("newsreel_webhook_deliveries", &labels).set(deliveries as f64);
    }
    let age = view.oldest_waiting_at.map_or(0.0, |at| {
        jiff::Timestamp::now().duration_since(at).as_secs_f64()
    });
    gauge!("newsreel_webhook_oldest_seconds", "endpoint" => view.endpoint.clone()).set(age);
}
