//! The one form in which events are told outside, whatever carries them. Not here: who is told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::Event;
use crate::id::JobId;
use crate::store::LoggedEvent;

/// An event as every reader gets it: `{id, type, created_at, job_id, data}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Envelope {
    /// Its number in the log, in commit order, without repeats; gaps are possible. Absent from what is not logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub id: Option<u64>,
    /// What happened, such as `job.completed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// To which job; absent where it is none's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub job_id: Option<JobId>,
    /// What else is known, by the type.
    pub data: Map<String, Value>,
}

impl Envelope {
    /// An event that is not logged.
    #[must_use]
    pub fn transient(job_id: Option<JobId>, event: &Event, created_at: Timestamp) -> Self {
        let mut data = match serde_json::to_value(event) {
            Ok(Value::Object(data)) => data,
            // An event is a tagged structure: it is always an object.
            _ => Map::new(),
        };
        let kind = match data.remove("type") {
            Some(Value::String(kind)) => kind,
            _ => String::new(),
        };
        Self {
            id: None,
            kind,
            created_at,
            job_id,
            data,
        }
    }
}

impl Envelope {
    /// What a reader is told who asks for events after `after` when those up to `dropped` are kept no more.
    #[must_use]
    pub fn gap(after: u64, dropped: u64, created_at: Timestamp) -> Self {
        Self {
            id: None,
            kind: "log.gap".to_owned(),
            created_at,
            job_id: None,
            data: Map::from_iter([
                ("after".to_owned(), after.into()),
                ("dropped_to".to_owned(), dropped.into()),
            ]),
        }
    }
}

impl From<&LoggedEvent> for Envelope {
    fn from(logged: &LoggedEvent) -> Self {
        Self {
            id: Some(logged.id),
            ..Self::transient(logged.job_id, &logged.event, logged.created_at)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn type_and_job_stand_outside_and_the_rest_is_data() {
        let logged = LoggedEvent {
            id: 7,
            created_at: "2030-01-01T12:00:00Z".parse().unwrap(),
            job_id: None,
            tenant: None,
            event: Event::Failed {
                code: "input_unreadable".to_owned(),
                message: "it is damaged".to_owned(),
            },
        };
        let told = serde_json::to_value(Envelope::from(&logged)).unwrap();
        let expected = serde_json::json!({
            "id": 7, "type": "job.failed", "created_at": "2030-01-01T12:00:00Z",
            "data": {"code": "input_unreadable", "message": "it is damaged"}
        });
        assert_eq!(told, expected);
    }
}
