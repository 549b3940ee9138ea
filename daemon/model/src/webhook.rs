//! Events on their way to receivers outside: what is sent to whom, and how it went. Not here: sending it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::JobId;
use crate::{Code, Error, Result};

/// The most receivers of one job.
pub const MAX_NOTIFICATIONS: usize = 8;

/// The longest address, in characters.
pub const MAX_URL_CHARS: usize = 2048;

/// The kinds of events that receivers are told of.
pub const KINDS: [&str; 14] = [
    "job.queued",
    "job.started",
    "thumbnails.ready",
    "output.playable",
    "output.completed",
    "output.delivered",
    "job.preempted",
    "job.fell_back",
    "job.warning",
    "job.completed",
    "job.failed",
    "job.cancelled",
    "device.quarantined",
    "device.restored",
];

/// A receiver that a job brings along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Notification {
    /// `http://` or `https://`, at most 2,048 characters, without a user name or password in it.
    #[cfg_attr(
        feature = "schema",
        schema(
            min_length = 8,
            max_length = 2048,
            pattern = "^https?://[!-~]+$",
            example = "https://cms.example/hook"
        )
    )]
    pub url: String,
    /// Which kinds of events it is told; all of the job's when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(max_items = 14, example = json!(["job.completed", "thumbnails.ready"])))]
    pub events: Vec<String>,
}

impl Notification {
    /// Checks what needs nothing but itself.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] with the field and what is allowed.
    pub fn check(&self, field: &str) -> Result<()> {
        let invalid = |name: &str, rule: String| {
            let field = format!("{field}.{name}");
            Error::new(Code::RequestInvalid, format!("`{field}` {rule}")).in_field(field)
        };
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| self.url.strip_prefix(scheme));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        let fits =
            self.url.len() <= MAX_URL_CHARS && self.url.bytes().all(|b| b.is_ascii_graphic());
        if !fits || host.is_none_or(|host| host.is_empty() || host.contains('@')) {
            let rule = format!(
                "must be http:// or https://, a host and a path, at most {MAX_URL_CHARS} characters, without a user name in it"
            );
            return Err(invalid("url", rule));
        }
        match unknown(&self.events) {
            Some(kind) => {
                let rule = format!(
                    "names `{kind}`, which is no event; there are {}",
                    KINDS.join(", ")
                );
                Err(invalid("events", rule))
            }
            None => Ok(()),
        }
    }
}

/// The first of these kinds that there is not.
#[must_use]
pub fn unknown(kinds: &[String]) -> Option<&String> {
    kinds.iter().find(|kind| !KINDS.contains(&kind.as_str()))
}

/// Something to be delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// The receiver: of the configuration `name:NAME`, `mail:NAME` or `message:NAME`, of a job `url:URL`.
    pub endpoint: String,
    /// The event's number.
    pub event: u64,
    /// Whose event it is: deliveries of one receiver and job go out one after the other.
    pub job: Option<JobId>,
    /// The envelope as JSON; for people with the job beside it.
    pub body: String,
    /// When it happened.
    pub created_at: Timestamp,
}

/// Something to be delivered now.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its number.
    pub id: u64,
    /// What is to be delivered to whom.
    pub new: NewDelivery,
    /// How often it was tried.
    pub attempts: u32,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// The receiver has it: it is forgotten.
    Delivered,
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// What went wrong.
        why: String,
    },
    /// It is kept until somebody asks for it to be tried again.
    Parked {
        /// What went wrong.
        why: String,
    },
}

/// How it stands with a receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EndpointView {
    /// `name:NAME`, `mail:NAME` or `message:NAME` of one in the configuration, `url:URL` of one that a job brought along.
    pub endpoint: String,
    /// Deliveries that wait or are tried again.
    pub waiting: u64,
    /// Deliveries that were given up, and are kept until somebody asks for them to be tried again.
    pub parked: u64,
    /// When the oldest that waits happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime, nullable = false))]
    pub oldest_waiting_at: Option<Timestamp>,
    /// What went wrong last, of those that wait or were given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub last_error: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_address_is_http_with_a_host_and_nothing_hidden_in_it() {
        let check = |url: &str, events: &[&str]| {
            let events = events.iter().map(|e| (*e).to_owned()).collect();
            let url = url.to_owned();
            Notification { url, events }.check("notifications[0]")
        };
        check("https://cms.example/hook?a=b", &["job.completed"]).unwrap();
        check("http://10.0.0.1:8080", &[]).unwrap();
        for url in [
            "ftp://cms.example/",
            "cms.example/hook",
            "https://",
            "https:///hook",
            "https://user:word@cms.example/",
            "https://cms.example/a b",
            "https://cms.example/\n",
        ] {
            assert!(check(url, &[]).is_err(), "{url}");
        }
        let error = check("https://cms.example/", &["job.done"]).unwrap_err();
        assert_eq!(error.field(), Some("notifications[0].events"));
        assert!(error.message().contains("job.done"));
    }
}
