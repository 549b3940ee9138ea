//! A job's end: recorded, told, its directory tidied. Not who decides that it has ended.

use newsreel_model::control::Failure;
use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::store::Change;
use newsreel_model::{Code, JobId};

use super::core::{Core, since};
use crate::telemetry::JobEnded;

impl Core {
    pub(super) fn complete(&mut self, job: JobId) {
        let Some(entry) = self.jobs.remove(&job) else {
            return;
        };
        let wall_s = since(entry.job.created_at);
        let (tenant, state) = (&entry.job.spec.tenant, JobState::Completed);
        let spent = self.priced(&entry.spent);
        JobEnded {
            job,
            tenant,
            state,
            code: None,
            after_s: wall_s,
            spent: &spent,
        }
        .emit();
        let end = Change::End {
            job,
            state: JobState::Completed,
            failure: None,
            at: jiff::Timestamp::now(),
        };
        let spent = Some(spent);
        self.apply(vec![(end, Some(Event::Completed { wall_s, spent }))]);
        if let Some(live) = entry.live {
            live.end(JobState::Completed);
            live.tidy();
        }
    }

    pub(super) fn tell_of_cancelled(&self, job: JobId) {
        let Some(entry) = self.jobs.get(&job) else {
            return;
        };
        JobEnded {
            job,
            tenant: &entry.job.spec.tenant,
            state: JobState::Cancelled,
            code: None,
            after_s: since(entry.job.created_at),
            spent: &self.priced(&entry.spent),
        }
        .emit();
    }

    pub(super) fn fail(&mut self, job: JobId, code: Code) {
        self.give_place_back(job);
        let Some(entry) = self.jobs.get(&job) else {
            return;
        };
        let live = entry.live.clone();
        JobEnded {
            job,
            tenant: &entry.job.spec.tenant,
            state: JobState::Failed,
            code: Some(code),
            after_s: since(entry.job.created_at),
            spent: &self.priced(&entry.spent),
        }
        .emit();
        let words = entry.error.as_ref().filter(|e| e.code() == code);
        let message = words.map_or_else(|| in_general(code).to_owned(), |e| e.message().to_owned());
        let failure = Failure {
            code: code.name().to_owned(),
            message,
        };
        let event = Event::Failed {
            code: failure.code.clone(),
            message: failure.message.clone(),
        };
        let end = Change::End {
            job,
            state: JobState::Failed,
            failure: Some(failure),
            at: jiff::Timestamp::now(),
        };
        self.apply(vec![(end, Some(event))]);
        if let Some(live) = live {
            live.end(JobState::Failed);
        }
        self.forget_if_idle(job);
    }
}

/// Words for a code that no session gave words for.
fn in_general(code: Code) -> &'static str {
    match code {
        Code::InputKillsWorker => {
            "the input made its worker crash or hang each time it was tried; it is probably damaged: make it anew, or report it"
        }
        Code::EngineUnavailable => "no device can do what the profile asks for",
        _ => "the job failed; see the log of the daemon for details",
    }
}
