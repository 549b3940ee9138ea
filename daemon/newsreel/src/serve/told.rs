//! What a job's own threads report, on its way to the scheduler's. Not the log.

use crossbeam::channel::Sender;
use newsreel_model::JobId;
use newsreel_model::event::Event;
use newsreel_model::ports::EventSink;

use super::message::Message;

/// Passes a job's events on to be logged.
pub struct Told {
    /// Whose.
    pub job: JobId,
    /// To the scheduler's thread.
    pub tell: Sender<Message>,
}

impl EventSink for Told {
    fn emit(&self, event: &Event) {
        let event = event.clone();
        // The scheduler's thread ends only with the process.
        let _ = self.tell.send(Message::Event {
            job: self.job,
            event,
        });
    }
}
