//! One attempt to deliver: sent, to programs signed, and what its outcome means. Not here: when the next one is made to whom.

use std::collections::HashMap;
use std::io::Read;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use newsreel_config::{Chat, Config, Mailbox, Network};
use newsreel_model::Result;
use newsreel_model::webhook::{Delivery, Settled};
use parking_lot::Mutex;
use standardwebhooks::Webhook;
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::DefaultConnector;
use url::{Position, Url};

use super::mailer::{Mailer, Unsent};
use super::people;
use super::route::Receiver;
use super::secrets;
use crate::faults;
use crate::outgoing::{self, Guard, REFUSED};

/// The longest pause between two attempts.
const LONGEST_PAUSE_S: i64 = 3 * 3600;

/// The longest pause a receiver can ask for.
const LONGEST_ASKED_S: i64 = 3600;

/// Connections kept for the next event, to one address.
const MAX_IDLE: usize = 8;

/// Addresses to which connections are kept. ureq looks through all that an agent keeps at each request, so that each address
/// has an agent of its own.
const MAX_ADDRESSES: usize = 256;

/// How much of an answer's body is read, so that its connection can be used again; bytes.
const MAX_ANSWER: u64 = 16 * 1024;

/// What came of a request.
type Sent = std::result::Result<ureq::http::Response<ureq::Body>, String>;

/// What may be called.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Trust {
    /// A receiver of the configuration, wherever it is.
    Full,
    /// A receiver of a job: what is private is refused.
    Guarded,
}

/// Sends.
pub struct Postman {
    timeout: Duration,
    allowed: Vec<Network>,
    /// By what they may reach and whom they call.
    agents: Mutex<HashMap<(Trust, String), Agent>>,
    mailer: Mailer,
    master: [u8; 32],
    give_up: SignedDuration,
}

impl Postman {
    /// # Errors
    /// A setting that was checked before is wrong after all.
    pub fn new(config: &Config, master: [u8; 32]) -> Result<Self> {
        let mailer = Mailer::new(&config.mail, config.webhooks.timeout_s);
        let config = &config.webhooks;
        Ok(Self {
            timeout: Duration::from_secs(u64::from(config.timeout_s)),
            allowed: outgoing::networks(&config.allowed_networks)?,
            agents: Mutex::default(),
            mailer,
            master,
            give_up: SignedDuration::from_hours(i64::from(config.give_up_h)),
        })
    }

    /// Who calls a receiver, with the connections kept to it.
    fn agent(&self, trust: Trust, url: &str) -> Agent {
        let address = Url::parse(url).map_or_else(
            |_| url.to_owned(),
            |url| url[..Position::BeforePath].to_owned(),
        );
        let key = (trust, address);
        let mut agents = self.agents.lock();
        if agents.len() >= MAX_ADDRESSES && !agents.contains_key(&key) {
            // Those that are called again connect again.
            agents.clear();
        }
        let made = agents.entry(key).or_insert_with(|| self.new_agent(trust));
        made.clone()
    }

    fn new_agent(&self, trust: Trust) -> Agent {
        let settings = outgoing::settings()
            .timeout_global(Some(self.timeout))
            .max_redirects(0)
            .max_idle_connections_per_host(MAX_IDLE)
            .max_idle_connections(MAX_IDLE)
            .build();
        let connector = DefaultConnector::default();
        match trust {
            Trust::Full => Agent::with_parts(settings, connector, DefaultResolver::default()),
            Trust::Guarded => {
                Agent::with_parts(settings, connector, Guard::new(self.allowed.clone()))
            }
        }
    }

    /// Tries once.
    pub fn deliver(&self, receiver: &Receiver, delivery: &Delivery) -> Settled {
        let answer = match receiver {
            Receiver::Program { url, secret } => self.send(url, secret.as_deref(), delivery),
            Receiver::Chat(chat) => match people::message(chat, delivery) {
                Ok(body) => self.say(chat, body),
                Err(why) => return Settled::Parked { why },
            },
            Receiver::Mailbox(mailbox) => return self.mail(mailbox, delivery),
        };
        match answer {
            Ok(answer) => {
                let settled = self.judge(&answer, delivery);
                read_out(answer);
                settled
            }
            Err(why) => self.again(delivery, why, None),
        }
    }

    /// What an answer over HTTP means.
    fn judge(&self, answer: &ureq::http::Response<ureq::Body>, delivery: &Delivery) -> Settled {
        let status = answer.status();
        if status.is_success() {
            return Settled::Delivered;
        }
        let why = format!("it answered {status}");
        // What may pass by itself; anything else it refuses will be refused again.
        let passes = status.is_server_error()
            || [
                StatusCode::REQUEST_TIMEOUT,
                StatusCode::TOO_EARLY,
                StatusCode::TOO_MANY_REQUESTS,
            ]
            .contains(&status);
        if passes {
            let asked = answer.headers().get("retry-after");
            let asked = asked.and_then(|v| v.to_str().ok()?.trim().parse::<i64>().ok());
            return self.again(delivery, why, asked);
        }
        if status.is_redirection() {
            let why = format!("{why}; redirects are not followed, give the address itself");
            return Settled::Parked { why };
        }
        Settled::Parked { why }
    }

    fn send(&self, url: &str, secret: Option<&str>, delivery: &Delivery) -> Sent {
        let derived = || secrets::of_url(&self.master, url);
        let key = secret.map_or_else(derived, str::to_owned);
        let words = |e: standardwebhooks::WebhookError| format!("it cannot be signed: {e}");
        let signer = Webhook::new(&key).map_err(words)?;
        let (new, now) = (&delivery.new, Timestamp::now().as_second());
        // The same for every attempt: a receiver that has it already knows it by this.
        let id = format!("evt_{}_{:x}", new.event, new.created_at.as_microsecond());
        let signature = signer.sign(&id, now, new.body.as_bytes()).map_err(words)?;
        let trust = match secret {
            Some(_) => Trust::Full,
            None => Trust::Guarded,
        };
        self.agent(trust, url)
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.to_string())
            .header("webhook-signature", signature)
            .send(&new.body)
            .map_err(|e| match e {
                ureq::Error::Other(e) if e.to_string() == REFUSED => REFUSED.to_owned(),
                e => e.to_string(),
            })
    }

    fn say(&self, chat: &Chat, body: String) -> Sent {
        let url = chat.url.reveal();
        let mut request = self.agent(Trust::Full, url).post(url);
        request = request.header("content-type", &chat.content_type);
        for (name, value) in &chat.headers {
            request = request.header(name, value.reveal());
        }
        // The address may be a secret: only what went wrong is told.
        request.send(body).map_err(|e| match e {
            ureq::Error::BadUri(_) => "its address cannot be used".to_owned(),
            e => e.to_string(),
        })
    }

    fn mail(&self, mailbox: &Mailbox, delivery: &Delivery) -> Settled {
        match self.mailer.send(mailbox, delivery) {
            Ok(()) => Settled::Delivered,
            Err(Unsent::Again(why)) => self.again(delivery, why, None),
            Err(Unsent::Never(why)) => Settled::Parked { why },
        }
    }

    /// When it is tried again: ever later, a little before or after so that receivers are not all asked at once.
    fn again(&self, delivery: &Delivery, why: String, asked_s: Option<i64>) -> Settled {
        let now = Timestamp::now();
        let pause = pause(delivery, asked_s);
        let at = now.checked_add(pause).unwrap_or(now);
        let age = at.duration_since(delivery.new.created_at);
        if age > self.give_up {
            let why = format!(
                "{why}; it was tried {} times",
                delivery.attempts.saturating_add(1)
            );
            return Settled::Parked { why };
        }
        Settled::Again { at, why }
    }
}

/// Nothing is wanted of the body, and what goes wrong with it changes nothing.
fn read_out(answer: ureq::http::Response<ureq::Body>) {
    let mut body = answer.into_body().into_reader().take(MAX_ANSWER);
    let _ = std::io::copy(&mut body, &mut std::io::sink());
}

fn pause(delivery: &Delivery, asked_s: Option<i64>) -> SignedDuration {
    let step = faults::webhook_step_ms();
    let factor = 3i64.saturating_pow(delivery.attempts.min(20));
    let growing = step.saturating_mul(factor).min(LONGEST_PAUSE_S * 1000);
    let asked = asked_s.unwrap_or(0).clamp(0, LONGEST_ASKED_S) * 1000;
    // A fifth at most, by the delivery's number.
    let spread = i64::try_from(delivery.id % 21).unwrap_or(0) * growing / 100;
    SignedDuration::from_millis(growing.max(asked).saturating_add(spread))
}
