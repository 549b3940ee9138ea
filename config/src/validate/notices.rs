//! What makes sense for those who are told: programs by webhooks, people by mail and messages.

use std::collections::BTreeMap;

use newsreel_model::webhook::Notification;

use super::{Check, MAX_NAME_CHARS, Point, is_profile_name};

use crate::notices::{Mail, Messages, is_mail_address};
use crate::template;
use crate::webhooks::{Endpoint, Network, Webhooks};

/// The most addresses of one receiver of mail.
const MAX_ADDRESSES: usize = 50;

pub(super) fn webhooks(check: &mut Check, webhooks: &Webhooks) {
    check.range("timeout_s", webhooks.timeout_s, 1..=120, " seconds");
    check.range("give_up_h", webhooks.give_up_h, 1..=720, " hours");
    check.range("max_in_flight", webhooks.max_in_flight, 1..=1024, "");
    if let Some(wrong) = webhooks
        .allowed_networks
        .iter()
        .find_map(|n| n.parse::<Network>().err())
    {
        check.report("allowed_networks", wrong);
    }
    check.within("endpoints", |check| {
        for (name, endpoint) in &webhooks.endpoints {
            receiver_name(check, name);
            check.within(name, |check| self::endpoint(check, endpoint));
        }
    });
}

fn endpoint(check: &mut Check, endpoint: &Endpoint) {
    let receiver = Notification {
        url: endpoint.url.clone(),
        events: endpoint.events.clone(),
    };
    if let Err(error) = receiver.check("endpoint") {
        let key = error
            .field()
            .and_then(|field| field.rsplit('.').next())
            .unwrap_or("url");
        check.report(key, error.message().replace("endpoint.", ""));
    }
    if !is_webhook_secret(endpoint.secret.reveal()) {
        let message = "expected `whsec_` and 24–64 random bytes in base64, such as `echo whsec_$(head -c 32 /dev/urandom | base64)` prints";
        check.report("secret", message.to_owned());
    }
}

/// Whether a text is a secret as Standard Webhooks has it: base64 of 24–64 bytes behind a prefix.
fn is_webhook_secret(text: &str) -> bool {
    let Some(base64) = text.strip_prefix("whsec_") else {
        return false;
    };
    let letters = base64.trim_end_matches('=');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let bytes = letters.len() * 3 / 4;
    base64.len().is_multiple_of(4)
        && base64.len() - letters.len() <= 2
        && letters.bytes().all(plain)
        && (24..=64).contains(&bytes)
}

pub(super) fn receiver_name(check: &mut Check, name: &str) {
    if !is_profile_name(name) {
        let message = format!(
            "`{name}` is no name, expected 1–{MAX_NAME_CHARS} characters of a–z, 0–9, `-` and `_`, starting with a letter or a digit"
        );
        check.report(name, message).point = Point::Key;
    }
}

pub(super) fn mail(check: &mut Check, mail: &Mail) {
    check.range("port", mail.port, 1..=u16::MAX, "");
    for (key, text) in [("subject", &mail.subject), ("text", &mail.text)] {
        template(check, key, text);
    }
    if mail
        .server
        .chars()
        .any(|c| c.is_whitespace() || c.is_control())
    {
        let message = "expected the name or address of a mail server, without its port";
        check.report("server", message.to_owned());
    }
    let sends = !mail.server.is_empty();
    if (sends || !mail.from.is_empty()) && !is_mail_address(&mail.from) {
        let message = format!(
            "`{}` is no address, expected one such as newsreel@example.org or Newsreel <newsreel@example.org>",
            mail.from
        );
        check.report("from", message);
    }
    if !sends && !mail.to.is_empty() {
        let message = "`to` names receivers, and no `server` is there to send them mail";
        check.report("to", message.to_owned());
    }
    receivers(check, &mail.to, |check, to| {
        let count = to.addresses.len();
        if !(1..=MAX_ADDRESSES).contains(&count) {
            let message = format!("`addresses` has {count}, expected 1–{MAX_ADDRESSES}");
            check.report("addresses", message);
        }
        if let Some(wrong) = to.addresses.iter().find(|a| !is_mail_address(a)) {
            check.report("addresses", format!("`{wrong}` is no mail address"));
        }
        events(check, &to.events);
    });
}

pub(super) fn messages(check: &mut Check, messages: &Messages) {
    receivers(check, &messages.to, |check, to| {
        let receiver = Notification {
            url: to.url.reveal().to_owned(),
            events: Vec::new(),
        };
        if receiver.check("url").is_err() {
            let message =
                "expected http:// or https://, a host and a path, without a user name in it";
            check.report("url", message.to_owned());
        }
        for (name, value) in &to.headers {
            let token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let plain = |c: char| c == ' ' || c.is_ascii_graphic();
            let fits =
                !name.is_empty() && name.chars().all(token) && value.reveal().chars().all(plain);
            if !fits {
                let message = format!(
                    "`{name}` is no header, expected a name of letters, digits and `-`, and a value of printable characters"
                );
                check.report("headers", message);
            }
        }
        let plain = |c: char| c.is_ascii_graphic() || c == ' ';
        if to.content_type.is_empty() || !to.content_type.chars().all(plain) {
            check.report(
                "content_type",
                "expected a type such as application/json".to_owned(),
            );
        }
        template(check, "body", &to.body);
        events(check, &to.events);
    });
}

fn receivers<T>(check: &mut Check, to: &BTreeMap<String, T>, each: impl Fn(&mut Check, &T)) {
    check.within("to", |check| {
        for (name, receiver) in to {
            receiver_name(check, name);
            check.within(name, |check| each(check, receiver));
        }
    });
}

/// People are told what they chose, never everything.
fn events(check: &mut Check, events: &[String]) {
    let kinds = newsreel_model::webhook::KINDS.join(", ");
    if events.is_empty() {
        check.report("events", format!("names no event; there are {kinds}"));
    } else if let Some(kind) = newsreel_model::webhook::unknown(events) {
        check.report(
            "events",
            format!("names `{kind}`, which is no event; there are {kinds}"),
        );
    }
}

fn template(check: &mut Check, key: &str, text: &str) {
    if let Some(problem) = template::problem(text) {
        check.report(key, format!("`{key}`: {problem}"));
    }
}
