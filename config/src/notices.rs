//! The settings of telling people: mail, and messages to chat services. Not here: webhooks, which tell programs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::webhooks::Secret;

/// Telling people by mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The mail server's name or address; none sends no mail.
    pub server: String,
    /// Its port, 1–65,535.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: Security,
    /// Who logs in; nobody when empty.
    pub user: String,
    /// With what.
    pub password: Secret,
    /// Whom mail comes from.
    pub from: String,
    /// What a mail's subject is made from.
    pub subject: String,
    /// What its text is made from.
    pub text: String,
    /// Receivers by name, 1–64 characters of a–z, 0–9, `-` and `_`.
    pub to: BTreeMap<String, Mailbox>,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            server: String::new(),
            port: 587,
            security: Security::Starttls,
            user: String::new(),
            password: Secret::default(),
            from: String::new(),
            subject: "Newsreel: {{ type }} {{ job.title or job.id }}".to_owned(),
            text: "{{ type }} at {{ created_at }}\n{% for key, value in data|items %}\n{{ key }}: {{ value }}{% endfor %}\n\njob: {{ job.id }}\ninput: {{ job.input }}\n".to_owned(),
            to: BTreeMap::new(),
        }
    }
}

/// How a connection to a mail server is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Encrypted from the start (port 465).
    Tls,
    /// Encrypted after a word in the clear (port 587); refused by a server that has no encryption.
    Starttls,
    /// Not at all: for a server on this machine.
    None,
}

/// People who get mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// Their addresses, 1–50.
    pub addresses: Vec<String>,
    /// Which kinds of events they are told.
    pub events: Vec<String>,
    /// Of which tenants' jobs; of all when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
}

/// Telling people by chat services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Messages {
    /// Receivers by name, 1–64 characters of a–z, 0–9, `-` and `_`.
    pub to: BTreeMap<String, Chat>,
}

/// A chat service's address and what it wants to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// `http://` or `https://`. Often a secret by itself, so it is never shown.
    pub url: Secret,
    /// Further headers of the request, such as `Authorization`; never shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
    /// What the body is made from: JSON, as a rule.
    pub body: String,
    /// The body's type; `application/json` when left out.
    #[serde(default = "json", skip_serializing_if = "is_json")]
    pub content_type: String,
    /// Which kinds of events it is told.
    pub events: Vec<String>,
    /// Of which tenants' jobs; of all when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
}

fn json() -> String {
    "application/json".to_owned()
}

fn is_json(content_type: &str) -> bool {
    content_type == json()
}

/// Whether a text is an address, alone or behind a name: `Newsreel <newsreel@example.org>`.
pub(crate) fn is_mail_address(text: &str) -> bool {
    let bare = match text.strip_suffix('>').and_then(|t| t.split_once('<')) {
        Some((name, address)) if !name.contains(['"', '<', ',', '@']) => address,
        Some(_) => return false,
        None => text,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let label = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    bare.len() <= 254
        && !text.chars().any(char::is_control)
        && bare.split_once('@').is_some_and(|(user, host)| {
            let user = user
                .split('.')
                .all(|part| !part.is_empty() && part.chars().all(plain));
            user && host.split('.').all(label)
        })
}
