//! Deliveries to receivers in their plainest form, and checks of them. Not here: sending anything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::store::Store;
use newsreel_model::webhook::{Delivery, EndpointView, NewDelivery, Settled};

use super::Check;
use super::fixtures::{at, id, kept_at, submit};

pub const CHECKS: &[Check] = &[
    deliveries_of_a_job_go_out_one_after_the_other,
    what_is_given_up_holds_nothing_up_and_may_be_tried_again,
    events_are_routed_once,
    a_tenant_has_its_own_deliveries_alone,
];

/// Deliveries in memory.
#[derive(Default)]
pub struct Deliveries {
    pub routed: u64,
    last: u64,
    all: Vec<(Delivery, Option<Timestamp>, Option<String>)>,
}

fn cut(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap()
}

impl Deliveries {
    pub fn add(&mut self, upto: u64, new: Vec<NewDelivery>) {
        self.routed = self.routed.max(upto);
        for mut new in new {
            let same = |d: &Delivery| (&d.new.endpoint, d.new.event) == (&new.endpoint, new.event);
            if self.all.iter().any(|(d, ..)| same(d)) {
                continue;
            }
            self.last += 1;
            new.created_at = cut(new.created_at);
            let (id, due) = (self.last, Some(new.created_at));
            self.all.push((
                Delivery {
                    id,
                    new,
                    attempts: 0,
                },
                due,
                None,
            ));
        }
    }

    pub fn due(&self, endpoint: &str, now: Timestamp, limit: u32) -> Vec<Delivery> {
        let mut heads: BTreeMap<Option<JobId>, (Timestamp, Delivery)> = BTreeMap::new();
        for (delivery, due, _) in &self.all {
            let Some(due) = due.filter(|_| delivery.new.endpoint == endpoint) else {
                continue;
            };
            let head = heads
                .entry(delivery.new.job)
                .or_insert_with(|| (due, delivery.clone()));
            if delivery.new.event < head.1.new.event {
                *head = (due, delivery.clone());
            }
        }
        let mut due: Vec<_> = heads.into_values().filter(|(due, _)| *due <= now).collect();
        due.sort_by_key(|(due, delivery)| (*due, delivery.id));
        due.truncate(usize::try_from(limit).unwrap());
        due.into_iter().map(|(_, delivery)| delivery).collect()
    }

    pub fn awaited(&self) -> Vec<String> {
        let waiting = self.all.iter().filter(|(_, due, _)| due.is_some());
        let names: BTreeSet<_> = waiting.map(|(d, ..)| d.new.endpoint.clone()).collect();
        names.into_iter().collect()
    }

    pub fn settle(&mut self, id: u64, settled: Settled) {
        let Some(place) = self.all.iter().position(|(d, ..)| d.id == id) else {
            return;
        };
        let (delivery, due, error) = &mut self.all[place];
        delivery.attempts += 1;
        match settled {
            Settled::Delivered => drop(self.all.remove(place)),
            Settled::Again { at, why } => (*due, *error) = (Some(cut(at)), Some(why)),
            Settled::Parked { why } => (*due, *error) = (None, Some(why)),
        }
    }

    pub fn endpoints(&self, counts: impl Fn(Option<JobId>) -> bool) -> Vec<EndpointView> {
        let mut views: BTreeMap<&str, EndpointView> = BTreeMap::new();
        for (delivery, due, error) in self.all.iter().filter(|(d, ..)| counts(d.new.job)) {
            let name = delivery.new.endpoint.as_str();
            let view = views.entry(name).or_insert_with(|| EndpointView {
                endpoint: name.to_owned(),
                waiting: 0,
                parked: 0,
                oldest_waiting_at: None,
                last_error: None,
            });
            if due.is_some() {
                view.waiting += 1;
                let made = delivery.new.created_at;
                view.oldest_waiting_at = Some(view.oldest_waiting_at.map_or(made, |t| t.min(made)));
            } else {
                view.parked += 1;
            }
            view.last_error = error.clone().or(view.last_error.take());
        }
        views.into_values().collect()
    }

    pub fn replay(
        &mut self,
        endpoint: &str,
        now: Timestamp,
        counts: impl Fn(Option<JobId>) -> bool,
    ) -> u64 {
        let mut again = 0;
        for (delivery, due, _) in &mut self.all {
            if delivery.new.endpoint == endpoint && due.is_none() && counts(delivery.new.job) {
                *due = Some(cut(now));
                delivery.attempts = 0;
                again += 1;
            }
        }
        again
    }
}

fn new(endpoint: &str, event: u64, job: Option<u32>) -> NewDelivery {
    NewDelivery {
        endpoint: endpoint.to_owned(),
        event,
        job: job.map(id),
        body: format!("{{\"id\":{event}}}"),
        created_at: at(1),
    }
}

fn events(store: &dyn Store, endpoint: &str, seconds: i64) -> Vec<u64> {
    let due = store.due(endpoint, at(seconds), 100).unwrap();
    due.iter().map(|d| d.new.event).collect()
}

fn first(store: &dyn Store, endpoint: &str, event: u64) -> u64 {
    let due = store.due(endpoint, at(1000), 100).unwrap();
    due.iter().find(|d| d.new.event == event).unwrap().id
}

fn deliveries_of_a_job_go_out_one_after_the_other(store: &dyn Store) {
    let all = [
        (1, Some(1)),
        (2, Some(2)),
        (3, Some(1)),
        (4, None),
        (5, None),
    ];
    let mut deliveries: Vec<_> = all.map(|(event, job)| new("a", event, job)).to_vec();
    deliveries.push(new("b", 3, Some(1)));
    store.route(5, deliveries).unwrap();
    assert_eq!(events(store, "a", 0), [0; 0], "not before it happened");
    assert_eq!(events(store, "a", 1), [1, 2, 4]);
    assert_eq!(
        events(store, "b", 1),
        [3],
        "receivers do not wait for each other"
    );
    assert_eq!(store.due("a", at(1), 2).unwrap().len(), 2);
    let delivery = store.due("a", at(1), 1).unwrap().remove(0);
    let kept = NewDelivery {
        created_at: kept_at(1),
        ..new("a", 1, Some(1))
    };
    assert_eq!((delivery.attempts, &delivery.new), (0, &kept));
    let again = Settled::Again {
        at: at(60),
        why: "503".to_owned(),
    };
    store.settle(vec![(delivery.id, again)]).unwrap();
    assert_eq!(
        events(store, "a", 59),
        [2, 4],
        "the next of its job waits with it"
    );
    assert_eq!(events(store, "a", 60), [2, 4, 1]);
    assert_eq!(store.due("a", at(60), 9).unwrap()[2].attempts, 1);
    assert_eq!(store.awaited().unwrap(), ["a", "b"]);
    store
        .settle(vec![
            (delivery.id, Settled::Delivered),
            (delivery.id, Settled::Delivered),
            (first(store, "b", 3), Settled::Delivered),
        ])
        .unwrap();
    assert_eq!(
        store.awaited().unwrap(),
        ["a"],
        "nothing waits for the other"
    );
    assert_eq!(events(store, "a", 60), [2, 3, 4]);
}

fn what_is_given_up_holds_nothing_up_and_may_be_tried_again(store: &dyn Store) {
    let deliveries = [1, 2].map(|event| new("a", event, Some(1)));
    store.route(2, deliveries.to_vec()).unwrap();
    let why = "422".to_owned();
    store
        .settle(vec![(first(store, "a", 1), Settled::Parked { why })])
        .unwrap();
    assert_eq!(events(store, "a", 1), [2]);
    let view = store.endpoints(None).unwrap();
    let expected = EndpointView {
        endpoint: "a".to_owned(),
        waiting: 1,
        parked: 1,
        oldest_waiting_at: Some(kept_at(1)),
        last_error: Some("422".to_owned()),
    };
    assert_eq!(view, [expected]);
    assert_eq!(store.replay("b", None, at(5)).unwrap(), 0);
    assert_eq!(store.replay("a", None, at(5)).unwrap(), 1);
    assert_eq!(store.replay("a", None, at(5)).unwrap(), 0);
    assert_eq!(events(store, "a", 5), [1], "its own order again");
    assert_eq!(store.due("a", at(5), 9).unwrap()[0].attempts, 0);
}

fn a_tenant_has_its_own_deliveries_alone(store: &dyn Store) {
    // Odd jobs are of `sport`, even ones of `news`; the last is of a job that is gone.
    submit(store, [1, 2]);
    let all = [
        (1, Some(1)),
        (2, Some(2)),
        (3, Some(2)),
        (4, None),
        (5, Some(9)),
    ];
    let deliveries = all.map(|(event, job)| new("a", event, job));
    store.route(5, deliveries.to_vec()).unwrap();
    for event in [1, 2, 4, 5] {
        let why = format!("of {event}");
        let id = first(store, "a", event);
        store.settle(vec![(id, Settled::Parked { why })]).unwrap();
    }
    let of = |tenant| {
        let views = store.endpoints(Some(tenant)).unwrap();
        let numbers = |view: &EndpointView| (view.waiting, view.parked, view.last_error.clone());
        views.iter().map(numbers).collect::<Vec<_>>()
    };
    assert_eq!(of("sport"), [(0, 1, Some("of 1".to_owned()))]);
    assert_eq!(of("news"), [(1, 1, Some("of 2".to_owned()))]);
    assert_eq!(of("sports"), []);
    assert_eq!(store.replay("a", Some("sports"), at(5)).unwrap(), 0);
    assert_eq!(store.replay("a", Some("news"), at(5)).unwrap(), 1);
    assert_eq!(store.replay("a", None, at(5)).unwrap(), 3);
}

fn events_are_routed_once(store: &dyn Store) {
    assert_eq!(store.routed().unwrap(), 0);
    for _ in 0..2 {
        store.route(7, vec![new("a", 7, None)]).unwrap();
    }
    assert_eq!(store.routed().unwrap(), 7);
    store.route(3, Vec::new()).unwrap();
    assert_eq!(store.routed().unwrap(), 7, "never back");
    assert_eq!(events(store, "a", 1), [7]);
}
