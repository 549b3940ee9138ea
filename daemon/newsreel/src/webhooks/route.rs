//! Who is told of which event. Not here: how.

use std::collections::BTreeMap;
use std::sync::Arc;

use newsreel_config::{Chat, Config, Mailbox};
use newsreel_model::envelope::Envelope;
use newsreel_model::store::{LoggedEvent, Store, StoredJob};
use newsreel_model::webhook::{KINDS, NewDelivery};
use newsreel_model::{Error, Result};

use super::people;

/// The most events routed in one commit.
const AT_ONCE: u32 = 200;

/// A receiver, as it is to be reached.
#[derive(Clone, Debug)]
pub enum Receiver {
    /// A program that a job brought along, or one of the configuration: that has a secret of its own.
    Program { url: String, secret: Option<String> },
    /// People who get mail.
    Mailbox(Mailbox),
    /// People at a chat service.
    Chat(Chat),
}

/// Who is told of what.
pub struct Router {
    config: Arc<Config>,
}

impl Router {
    /// Over the receivers of the configuration; jobs bring their own.
    pub fn new(config: &Arc<Config>) -> Self {
        Self {
            config: Arc::clone(config),
        }
    }

    /// Where deliveries under a name go; none for a name the configuration has no more.
    pub fn receiver(&self, endpoint: &str) -> Option<Receiver> {
        let (kind, name) = endpoint.split_once(':')?;
        match kind {
            "url" => Some(Receiver::Program {
                url: name.to_owned(),
                secret: None,
            }),
            "name" => {
                let named = self.config.webhooks.endpoints.get(name)?;
                Some(Receiver::Program {
                    url: named.url.clone(),
                    secret: Some(named.secret.reveal().to_owned()),
                })
            }
            "mail" => self
                .config
                .mail
                .to
                .get(name)
                .cloned()
                .map(Receiver::Mailbox),
            "message" => self
                .config
                .messages
                .to
                .get(name)
                .cloned()
                .map(Receiver::Chat),
            _ => None,
        }
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
        let own = |tenants: &[String]| {
            tenants.is_empty() || job.is_none_or(|job| tenants.contains(&job.spec.tenant))
        };
        let (webhooks, mail) = (&self.config.webhooks, &self.config.mail);
        let mut programs = Vec::new();
        for (name, endpoint) in &webhooks.endpoints {
            if wants(&endpoint.events) && own(&endpoint.tenants) {
                programs.push(format!("name:{name}"));
            }
        }
        for notification in job.iter().flat_map(|job| &job.spec.notifications) {
            let name = format!("url:{}", notification.url);
            if wants(&notification.events) && !programs.contains(&name) {
                programs.push(name);
            }
        }
        let mut people = Vec::new();
        for (name, mailbox) in &mail.to {
            if wants(&mailbox.events) && own(&mailbox.tenants) {
                people.push(format!("mail:{name}"));
            }
        }
        for (name, chat) in &self.config.messages.to {
            if wants(&chat.events) && own(&chat.tenants) {
                people.push(format!("message:{name}"));
            }
        }
        let delivery = |endpoint, body: &str| NewDelivery {
            endpoint,
            event: logged.id,
            job: logged.job_id,
            body: body.to_owned(),
            created_at: logged.created_at,
        };
        if !programs.is_empty() {
            let body = json(&envelope)?;
            to.extend(programs.into_iter().map(|name| delivery(name, &body)));
        }
        if !people.is_empty() {
            let body = json(&people::values(&envelope, job)?)?;
            to.extend(people.into_iter().map(|name| delivery(name, &body)));
        }
        Ok(())
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::bug(format!("an event is no JSON: {e}")))
}
