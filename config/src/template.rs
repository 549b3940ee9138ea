//! Texts with holes, filled in from an event: whether one can be read, and what it makes. Not here: what is in an event.

use minijinja::{AutoEscape, Environment};
use serde::Serialize;

/// The longest template, in characters.
pub(crate) const MAX_CHARS: usize = 10_000;

/// The longest text a template may make, in bytes.
const MAX_MADE_BYTES: usize = 64 * 1024;

/// Steps a template may take: more than any message needs, less than a loop without end.
const FUEL: u64 = 50_000;

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    // What is made is text or JSON (with the filter `tojson`), never HTML.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
}

/// What is wrong with a template, if anything.
pub(crate) fn problem(template: &str) -> Option<String> {
    if template.chars().count() > MAX_CHARS {
        return Some(format!("the template has more than {MAX_CHARS} characters"));
    }
    let read = environment().template_from_str(template).err();
    read.map(|error| format!("the template cannot be read: {error}"))
}

/// Fills in a template.
///
/// # Errors
/// What is wrong with it, for people: it cannot be read, takes too long, or makes too much.
pub fn fill_in(template: &str, values: &impl Serialize) -> Result<String, String> {
    let made = environment().render_str(template, values);
    let made = made.map_err(|error| format!("the template cannot be filled in: {error}"))?;
    if made.len() > MAX_MADE_BYTES {
        return Err(format!(
            "the template made more than {MAX_MADE_BYTES} bytes"
        ));
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn holes_are_filled_in_and_what_is_not_there_is_nothing() {
        let values =
            serde_json::json!({"type": "job.failed", "job": {"title": "A \"B\" <c>"}, "data": {}});
        let made = |template: &str| fill_in(template, &values).unwrap();
        assert_eq!(
            made("{{ type }}: {{ job.title }}{{ data.code }}"),
            "job.failed: A \"B\" <c>"
        );
        let json = made(r#"{"text": {{ (type ~ ": " ~ job.title)|tojson }}}"#);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["text"], "job.failed: A \"B\" <c>");
    }

    #[test]
    fn what_cannot_be_read_or_has_no_end_is_an_error() {
        assert!(problem("{{ type }}").is_none());
        for wrong in ["{{ type", "{% if %}", &"x".repeat(MAX_CHARS + 1)] {
            assert!(problem(wrong).is_some(), "{wrong}");
        }
        let values = serde_json::json!({});
        for wrong in [
            "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}",
            "{{ job.title.first }}",
        ] {
            assert!(fill_in(wrong, &values).is_err(), "{wrong}");
        }
    }
}
