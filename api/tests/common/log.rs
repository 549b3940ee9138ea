//! An event log in memory.

use std::sync::Mutex;

use jiff::Timestamp;
use newsreel_model::JobId;
use newsreel_model::control::{EventPage, RunningJob};
use newsreel_model::event::Event;
use newsreel_model::store::{LogEnds, LoggedEvent};
use tokio::sync::watch;

/// The log of a stand-in, and what runs.
pub struct Log {
    events: Mutex<Vec<LoggedEvent>>,
    dropped: Mutex<u64>,
    pub running: Mutex<Vec<RunningJob>>,
    pub count: watch::Sender<u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            events: Mutex::default(),
            dropped: Mutex::default(),
            running: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl Log {
    /// Logs something of a job, and says under which number.
    pub fn add(&self, job: Option<JobId>, event: Event) -> u64 {
        self.add_of(job, None, event)
    }

    /// The same for a tenant's job.
    pub fn add_of(&self, job: Option<JobId>, tenant: Option<&str>, event: Event) -> u64 {
        let mut events = self.events.lock().unwrap();
        let id = events
            .last()
            .map_or(*self.dropped.lock().unwrap(), |last| last.id)
            + 1;
        events.push(LoggedEvent {
            id,
            created_at: Timestamp::now(),
            job_id: job,
            tenant: tenant.map(str::to_owned),
            event,
        });
        drop(events);
        self.count.send_modify(|count| *count += 1);
        id
    }

    /// Drops everything there is.
    pub fn trim(&self) {
        let mut events = self.events.lock().unwrap();
        *self.dropped.lock().unwrap() = events.last().map_or(0, |last| last.id);
        events.clear();
    }

    pub fn page(&self, after: u64, job: Option<JobId>) -> EventPage {
        let events = self.events.lock().unwrap();
        let dropped = *self.dropped.lock().unwrap();
        let wanted = events
            .iter()
            .filter(|logged| logged.id > after && (job.is_none() || logged.job_id == job));
        EventPage {
            // Few at a time, so that whoever reads has to go on.
            events: wanted.take(3).cloned().collect(),
            ends: LogEnds {
                newest: events.last().map_or(dropped, |last| last.id),
                dropped,
            },
        }
    }
}
