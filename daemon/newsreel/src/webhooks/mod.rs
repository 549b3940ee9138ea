//! Events to receivers outside (programs, mail, chat services), at least once and in order per receiver and job. The log and the store are the truth; what is
//! lost here is found there again.
//!
//! Not here: events to whoever listens (`newsreel-api`), or what a job says about its receivers (`newsreel_model::webhook`).

mod attempt;
mod mailer;
mod people;
mod route;
mod secrets;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use jiff::Timestamp;
use newsreel_config::Config;
use newsreel_model::Result;
use newsreel_model::store::Store;
use newsreel_model::webhook::{Delivery, Settled};

use crate::settings::Settings;
use crate::telemetry::Delivered;
use crate::threads;
use attempt::Postman;
use route::Router;
pub use secrets::{master, of_url};

/// How often it is looked for deliveries whose time has come.
const LOOK: Duration = Duration::from_millis(500);

/// The most deliveries under way to one receiver: one that is slow holds no other up.
const PER_ENDPOINT: usize = 4;

/// Starts to tell receivers what is logged. The sender wakes it when something was.
///
/// # Errors
/// The secret for receivers of jobs cannot be kept, or no thread can be started.
pub fn start(
    store: Arc<dyn Store>,
    settings: &Arc<Settings>,
    data_dir: &Path,
) -> Result<Sender<()>> {
    let master = secrets::master(data_dir)?;
    let config = settings.in_force();
    let postman = Arc::new(Postman::new(&config, master)?);
    let (wake, woken) = bounded(1);
    let (tell, told) = unbounded();
    let office = Office {
        router: Router::new(&config),
        settings: Arc::clone(settings),
        config,
        master,
        store,
        postman,
        under_way: HashMap::new(),
        last_served: String::new(),
        errands: unbounded(),
        carriers: 0,
        tell,
    };
    threads::start("webhooks", move || office.run(&woken, &told))?;
    Ok(wake)
}

/// An attempt that is over.
struct Done {
    delivery: Delivery,
    settled: Settled,
    wall_s: f64,
}

/// The one thread that decides what goes out when.
struct Office {
    router: Router,
    store: Arc<dyn Store>,
    postman: Arc<Postman>,
    master: [u8; 32],
    settings: Arc<Settings>,
    /// What `router` and `postman` were made by.
    config: Arc<Config>,
    /// Deliveries under way, by receiver.
    under_way: HashMap<String, HashSet<u64>>,
    /// Who had a turn last: when there is more to send than may be under way, the next one comes first.
    last_served: String,
    tell: Sender<Done>,
    /// Deliveries for the carriers to take: never more than there are of those.
    errands: (Sender<Errand>, Receiver<Errand>),
    /// Threads that carry; as many as there ever were deliveries under way at once.
    carriers: usize,
}

impl Office {
    fn run(mut self, woken: &Receiver<()>, told: &Receiver<Done>) {
        loop {
            crossbeam::select! {
                recv(woken) -> word => if word.is_err() {
                    // The daemon is gone.
                    return;
                },
                recv(told) -> done => self.settle(done.into_iter().chain(told.try_iter()).collect()),
                default(LOOK) => {}
            }
            if let Err(error) = self
                .heed_settings()
                .and_then(|()| self.router.route(self.store.as_ref()))
                .and_then(|()| self.send())
            {
                tracing::warn!(
                    code = error.code().name(),
                    detail = error.detail(),
                    "webhooks: {error}"
                );
                std::thread::sleep(LOOK);
            }
        }
    }

    /// Goes by another configuration once one is in force; what is under way goes on by the one before.
    fn heed_settings(&mut self) -> Result<()> {
        let config = self.settings.in_force();
        if !Arc::ptr_eq(&config, &self.config) {
            self.postman = Arc::new(Postman::new(&config, self.master)?);
            self.router = Router::new(&config);
            self.config = config;
        }
        Ok(())
    }

    fn settle(&mut self, done: Vec<Done>) {
        let mut attempts = Vec::with_capacity(done.len());
        for done in done {
            Delivered {
                delivery: &done.delivery,
                settled: &done.settled,
                wall_s: done.wall_s,
            }
            .emit();
            let endpoint = &done.delivery.new.endpoint;
            if let Some(all) = self.under_way.get_mut(endpoint) {
                all.remove(&done.delivery.id);
                if all.is_empty() {
                    self.under_way.remove(endpoint);
                }
            }
            attempts.push((done.delivery.id, done.settled));
        }
        // What cannot be written now is tried again: at least once, not at most.
        if let Err(error) = self.store.settle(attempts) {
            tracing::warn!(code = error.code().name(), "webhooks: {error}");
        }
    }

    /// Sends what is due, a few at a time to each receiver, and to each in its turn.
    fn send(&mut self) -> Result<()> {
        let now = Timestamp::now();
        let mut waiting = self.store.awaited()?;
        let turn = waiting.partition_point(|name| *name <= self.last_served);
        waiting.rotate_left(turn);
        for endpoint in waiting {
            let most = self.config.webhooks.max_in_flight;
            let room = most.saturating_sub(self.count_under_way());
            if room == 0 {
                break;
            }
            let own = self.under_way.get(&endpoint);
            let own_room = PER_ENDPOINT.saturating_sub(own.map_or(0, HashSet::len));
            if own_room == 0 {
                continue;
            }
            // Those under way are still among them.
            let most = u32::try_from(PER_ENDPOINT).unwrap_or(u32::MAX);
            let due = self.store.due(&endpoint, now, most)?;
            let fresh = due
                .into_iter()
                .filter(|d| own.is_none_or(|own| !own.contains(&d.id)));
            let fresh: Vec<Delivery> = fresh.take(room.min(own_room)).collect();
            if !fresh.is_empty() {
                self.last_served = endpoint;
            }
            fresh
                .into_iter()
                .try_for_each(|delivery| self.send_one(delivery))?;
        }
        Ok(())
    }

    fn count_under_way(&self) -> usize {
        self.under_way.values().map(HashSet::len).sum()
    }

    fn send_one(&mut self, delivery: Delivery) -> Result<()> {
        let endpoint = delivery.new.endpoint.clone();
        let receiver = self.router.receiver(&endpoint);
        let own = self.under_way.entry(endpoint).or_default();
        own.insert(delivery.id);
        if self.count_under_way() > self.carriers {
            let (errands, tell) = (self.errands.1.clone(), self.tell.clone());
            threads::start("webhook", move || carry(&errands, &tell))?;
            self.carriers += 1;
        }
        let errand = Errand {
            postman: Arc::clone(&self.postman),
            receiver,
            delivery,
        };
        // The other end is here as well.
        let _ = self.errands.0.send(errand);
        Ok(())
    }
}

/// A delivery to be tried.
struct Errand {
    postman: Arc<Postman>,
    receiver: Option<route::Receiver>,
    delivery: Delivery,
}

/// Tries one delivery after the other.
fn carry(errands: &Receiver<Errand>, tell: &Sender<Done>) {
    for errand in errands {
        let began = Instant::now();
        let settled = match &errand.receiver {
            Some(receiver) => errand.postman.deliver(receiver, &errand.delivery),
            None => Settled::Parked {
                why: "the configuration names this receiver no more".to_owned(),
            },
        };
        let done = Done {
            delivery: errand.delivery,
            settled,
            wall_s: began.elapsed().as_secs_f64(),
        };
        if tell.send(done).is_err() {
            return;
        }
    }
}
