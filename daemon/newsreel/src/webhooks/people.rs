//! What people are told: an event and its job as the values of a template, and the texts made from them. Not here: sending them.

use newsreel_config::{Chat, Mail, fill_in};
use newsreel_model::envelope::Envelope;
use newsreel_model::store::StoredJob;
use newsreel_model::webhook::Delivery;
use newsreel_model::{Error, Result};
use serde_json::{Value, json};

/// Longer subjects are cut, in characters.
const MAX_SUBJECT_CHARS: usize = 200;

/// What templates are filled in from. It is what a delivery keeps, so that a template that was put right can be tried again.
///
/// # Errors
/// None that is expected.
pub fn values(envelope: &Envelope, job: Option<&StoredJob>) -> Result<Value> {
    let mut values = serde_json::to_value(envelope).map_err(|e| Error::bug(e.to_string()))?;
    values["job"] = job.map_or(Value::Null, |job| {
        json!({
            "id": job.id,
            "title": job.spec.title,
            "external_id": job.spec.external_id,
            "tenant": job.spec.tenant,
            "profile": job.spec.profile,
            "priority": job.spec.priority,
            "input": job.spec.input.to_string(),
        })
    });
    Ok(values)
}

/// The body of a message to a chat service.
///
/// # Errors
/// Why there is none.
pub fn message(chat: &Chat, delivery: &Delivery) -> std::result::Result<String, String> {
    fill_in(&chat.body, &kept(delivery)?)
}

/// Subject and text of a mail.
///
/// # Errors
/// Why there is none.
pub fn mail(config: &Mail, delivery: &Delivery) -> std::result::Result<(String, String), String> {
    let values = kept(delivery)?;
    let subject = fill_in(&config.subject, &values)?;
    // One line, whatever a title holds.
    let plain = subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let subject = plain.take(MAX_SUBJECT_CHARS).collect();
    Ok((subject, fill_in(&config.text, &values)?))
}

fn kept(delivery: &Delivery) -> std::result::Result<Value, String> {
    serde_json::from_str(&delivery.new.body).map_err(|e| format!("what was kept is no JSON: {e}"))
}
