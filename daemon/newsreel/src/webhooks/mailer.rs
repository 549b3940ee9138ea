//! Mail to a server, and what its answer means. Not here: what a mail says (`people`).

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use newsreel_config::{Mail, Mailbox, Security};
use newsreel_model::webhook::Delivery;

use super::people;

/// Why a mail was not sent.
pub enum Unsent {
    /// It may be another time.
    Again(String),
    /// It will not be as things are.
    Never(String),
}

/// Sends mail: a connection for each.
pub struct Mailer {
    config: Mail,
    timeout: Duration,
}

impl Mailer {
    /// By the configuration.
    pub fn new(config: &Mail, timeout_s: u32) -> Self {
        Self {
            config: config.clone(),
            timeout: Duration::from_secs(u64::from(timeout_s)),
        }
    }

    /// Sends one.
    ///
    /// # Errors
    /// Why not, and whether to try again.
    pub fn send(&self, mailbox: &Mailbox, delivery: &Delivery) -> Result<(), Unsent> {
        let message = self.message(mailbox, delivery).map_err(Unsent::Never)?;
        let sent = self.transport().map_err(Unsent::Again)?.send(&message);
        sent.map(|_| ()).map_err(|e| {
            let why = format!("the mail server: {}", with_causes(&e));
            if e.is_permanent() {
                Unsent::Never(why)
            } else {
                Unsent::Again(why)
            }
        })
    }

    fn message(&self, mailbox: &Mailbox, delivery: &Delivery) -> Result<Message, String> {
        let (subject, text) = people::mail(&self.config, delivery)?;
        let address = |text: &str| {
            let wrong = |e: lettre::address::AddressError| format!("{text} is no address: {e}");
            text.parse::<lettre::message::Mailbox>().map_err(wrong)
        };
        let new = &delivery.new;
        let from = address(&self.config.from)?;
        // The same for every attempt: a mail program shows what came twice once.
        let id = format!(
            "<evt-{}-{:x}@{}>",
            new.event,
            new.created_at.as_microsecond(),
            from.email.domain()
        );
        let mut builder = Message::builder()
            .message_id(Some(id))
            .from(from)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN);
        for to in &mailbox.addresses {
            builder = builder.to(address(to)?);
        }
        let made = builder.body(text);
        made.map_err(|e| format!("the mail cannot be made: {e}"))
    }

    fn transport(&self) -> Result<SmtpTransport, String> {
        let server = self.config.server.clone();
        let parameters = || {
            let made = TlsParameters::new(server.clone());
            made.map_err(|e| format!("no encryption to the mail server: {}", with_causes(&e)))
        };
        let tls = match self.config.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::Starttls => Tls::Required(parameters()?),
            Security::None => Tls::None,
        };
        let mut builder = SmtpTransport::builder_dangerous(&server)
            .port(self.config.port)
            .timeout(Some(self.timeout))
            .tls(tls);
        if !self.config.user.is_empty() {
            let password = self.config.password.reveal().to_owned();
            builder = builder.credentials(Credentials::new(self.config.user.clone(), password));
        }
        Ok(builder.build())
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
