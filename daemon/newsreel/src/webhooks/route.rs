//! Who is told of which event. Not here: how.

use std::collections::BTreeMap;

use newsreel_config::{Endpoint, Webhooks};
use newsreel_model::Result;
use newsreel_model::envelope::Envelope;
use newsreel_model::store::{LoggedEvent, Store, StoredJob};
use newsreel_model::webhook::{KINDS, NewDelivery};

/// The most events routed in one commit.
const AT_ONCE: u32 = 200;

/// A receiver, as it is to be reached.
#[derive(Clone, Debug)]
pub struct Receiver {
    pub url: String,
    /// Of one in the configuration; others have one derived from their address.
    pub secret: Option<String>,
}

/// Who is told of what.
pub struct Router {
    endpoints: BTreeMap<String, Endpoint>,
}

impl Router {
    /// Over the receivers of the configuration; jobs bring their own.
    pub fn new(config: &Webhooks) -> Self {
        Self {
            endpoints: config.endpoints.clone(),
        }
    }

    /// Where deliveries under a name go; none for a name the configuration has no more.
    pub fn receiver(&self, endpoint: &str) -> Option<Receiver> {
        if let Some(url) = endpoint.strip_prefix("url:") {
            return Some(Receiver {
                url: url.to_owned(),
                secret: None,
            });
        }
        let named = self.endpoints.get(endpoint.strip_prefix("name:")?)?;
        Some(Receiver {
            url: named.url.clone(),
            secret: Some(named.secret.reveal().to_owned()),
        })
    }

    /// Makes deliveries of everything logged since the last time.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn route(&self, store: &dyn Store) -> Result<()> {
        loop {
            let events = store.events(store.routed()?, AT_ONCE, None)?;
            let Some(upto) = events.last().map(|logged| logged.id) else {
                return Ok(());
            };
            let mut deliveries = Vec::new();
            let mut jobs: BTreeMap<_, Option<StoredJob>> = BTreeMap::new();
            for logged in &events {
                let job = match logged.job_id {
                    Some(id) => match jobs.entry(id) {
                        std::collections::btree_map::Entry::Occupied(known) => {
                            known.into_mut().as_ref()
                        }
                        std::collections::btree_map::Entry::Vacant(place) => {
                            place.insert(store.job(id)?).as_ref()
                        }
                    },
                    None => None,
                };
                self.told(logged, job, &mut deliveries)?;
            }
            store.route(upto, deliveries)?;
        }
    }

    fn told(
        &self,
        logged: &LoggedEvent,
        job: Option<&StoredJob>,
        to: &mut Vec<NewDelivery>,
    ) -> Result<()> {
        let envelope = Envelope::from(logged);
        let kind = envelope.kind.as_str();
        if !KINDS.contains(&kind) {
            return Ok(());
        }
        let wants = |events: &[String]| events.is_empty() || events.iter().any(|e| e == kind);
        let mut names = Vec::new();
        for (name, endpoint) in &self.endpoints {
            let own = endpoint.tenants.is_empty()
                || job.is_none_or(|job| endpoint.tenants.contains(&job.spec.tenant));
            if wants(&endpoint.events) && own {
                names.push(format!("name:{name}"));
            }
        }
        for notification in job.iter().flat_map(|job| &job.spec.notifications) {
            let name = format!("url:{}", notification.url);
            if wants(&notification.events) && !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        let body = serde_json::to_string(&envelope)
            .map_err(|e| newsreel_model::Error::bug(format!("an event is no JSON: {e}")))?;
        to.extend(names.into_iter().map(|endpoint| NewDelivery {
            endpoint,
            event: logged.id,
            job: logged.job_id,
            body: body.clone(),
            created_at: logged.created_at,
        }));
        Ok(())
    }
}
