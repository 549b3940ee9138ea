//! What sessions take of devices, in seconds of a whole device and at the configured prices. Not here: who is told (`telemetry`).

use newsreel_config::Prices;
use newsreel_model::capacity::Resources;
use newsreel_model::event::Spent;
use newsreel_scheduler::{Epoch, Task};

use super::core::{Core, Session};
use crate::telemetry::SessionSpent;

impl Core {
    /// Takes a session that is over out of the books, and counts what it took.
    pub(super) fn close_books(&mut self, epoch: Epoch) -> Option<Session> {
        let session = self.sessions.remove(&epoch)?;
        let device = self.scheduler.devices().find(|d| d.id == session.device);
        let share = device.map_or(0.0, |device| share(session.demand, device.capacity));
        let wall_s = session.began.elapsed().as_secs_f64();
        let device_s = wall_s * share;
        let spent = spent(&self.config.prices, session.device.as_ref(), device_s);
        if let Some(entry) = self.jobs.get_mut(&session.job) {
            entry.spent.device_s += spent.device_s;
            entry.spent.cost += spent.cost;
            SessionSpent {
                job: session.job,
                task: match session.task {
                    Task::Prepare => "prepare",
                    Task::Encode { .. } => "run",
                    Task::Finish => "finish",
                },
                wall_s,
                tenant: &entry.job.spec.tenant,
                device: session.device.as_ref(),
                spent: &spent,
            }
            .emit();
        }
        Some(session)
    }

    /// A job's sum, in the currency of today.
    pub(super) fn priced(&self, spent: &Spent) -> Spent {
        Spent {
            currency: self.config.prices.currency.clone(),
            ..spent.clone()
        }
    }
}

fn spent(prices: &Prices, device: &str, device_s: f64) -> Spent {
    let per_hour = prices.per_hour.get(device).copied().unwrap_or(0.0);
    Spent {
        device_s,
        cost: device_s / 3600.0 * per_hour,
        currency: prices.currency.clone(),
    }
}

/// The part of a device that is gone for others: of whichever resource the session takes most of. 0–1.
#[allow(clippy::cast_precision_loss, reason = "quantities far below 2^53")]
fn share(demand: Resources, capacity: Resources) -> f64 {
    let pairs = demand.quantities().into_iter().zip(capacity.quantities());
    pairs
        .filter(|(_, whole)| *whole > 0)
        .map(|(part, whole)| part as f64 / whole as f64)
        .fold(0.0, f64::max)
        .min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "numbers that binary fractions have")]
    fn a_session_is_charged_for_its_share_of_the_device() {
        let of = |cpu_millicores, memory_mib| Resources {
            cpu_millicores,
            memory_mib,
            ..Resources::default()
        };
        assert_eq!(share(of(4000, 100), of(16_000, 1000)), 0.25);
        assert_eq!(share(of(4000, 500), of(16_000, 1000)), 0.5);
        assert_eq!(share(of(32_000, 0), of(16_000, 0)), 1.0);
        let prices = Prices {
            currency: "CHF".to_owned(),
            per_hour: [("cpu".to_owned(), 0.5)].into(),
        };
        let cost = |device| spent(&prices, device, 7200.0).cost;
        assert_eq!((cost("cpu"), cost("cuda:0")), (1.0, 0.0));
    }
}
