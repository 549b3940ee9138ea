//! Changing a job that was accepted, and what it has made so far. Not here: submitting, cancelling or deleting it (`control`).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use newsreel_model::control::JobView;
use newsreel_model::job::{JobState, layout};
use newsreel_model::output::{OutputView, outputs};
use newsreel_model::report::{Quality, Report};
use newsreel_model::steer::PosterChoice;
use newsreel_model::store::{Applied, Change};
use newsreel_model::{Code, Error, JobId, Result};

use super::control::{Daemon, open_below};
use super::message::Message;
use super::place;
use crate::job::{files, record};

/// Larger than any report.
const MAX_REPORT_BYTES: u64 = 4 << 20;

/// Larger than any thumbnail we make.
const MAX_PICTURE_BYTES: u64 = 16 << 20;

impl Daemon {
    pub(super) fn prioritise_now(&self, id: JobId, priority: u8) -> Result<JobView> {
        let _in_order = self.arrivals.order.lock();
        self.find(id)?;
        let change = Change::Prioritise { job: id, priority };
        let applied = self.store.apply(vec![(change, None)])?;
        let job = self.find(id)?;
        if applied.first() != Some(&Applied::Yes) {
            let rule = "only a queued or running job has a place among others";
            return Err(wrong_state(job.state, rule));
        }
        self.tell(Message::Prioritised { job: id, priority })?;
        Ok(self.view(job))
    }

    /// The poster appears whole under its name; the record's journal follows, so that the directory verifies as before.
    pub(super) fn poster_now(&self, id: JobId, choice: &PosterChoice) -> Result<JobView> {
        let path = choice.path()?;
        let _in_order = self.arrivals.order.lock();
        let job = self.find(id)?;
        if job.state != JobState::Completed {
            let rule = "a poster is chosen once it is completed";
            return Err(wrong_state(job.state, rule));
        }
        let dir = &place::of(&job, &self.data_dir);
        let picture = read_picture(dir, &path)?;
        let Some(mut record) = record::read(dir)? else {
            let words = "the job's directory has no job.json any more; it was moved or emptied";
            return Err(Error::new(Code::JobState, words));
        };
        let poster = files::replace(dir, layout::POSTER, &picture)?;
        match record.journal.iter_mut().find(|p| p.path == layout::POSTER) {
            Some(entry) => *entry = poster,
            None => record.journal.push(poster),
        }
        let written = record::write(dir, &record);
        // Of a completed job nothing unfinished is left behind.
        let _ = std::fs::remove_dir(files::staging(dir));
        let _ = std::fs::remove_dir(dir.join(layout::WORK));
        written.map(|()| self.view(job))
    }

    /// None before the plan is known.
    pub(super) fn outputs_now(&self, id: JobId) -> Result<Vec<OutputView>> {
        let job = self.find(id)?;
        let Some((_, plan)) = self.store.plan(id)? else {
            return Ok(Vec::new());
        };
        let mut outputs = outputs(&plan, &self.store.pieces(id)?);
        if job.spec.measure && job.state == JobState::Completed {
            let measured = qualities(&place::of(&job, &self.data_dir));
            for (output, quality) in outputs.iter_mut().zip(measured) {
                output.quality = quality;
            }
        }
        Ok(outputs)
    }
}

/// What the report says of each rung's quality: nothing where it was moved or delivered elsewhere.
fn qualities(dir: &Path) -> Vec<Option<Quality>> {
    let mut text = Vec::new();
    let opened = open_below(dir, Path::new(layout::REPORT)).map(File::from);
    let read = opened.map(|file| file.take(MAX_REPORT_BYTES).read_to_end(&mut text));
    let report = matches!(read, Ok(Ok(_))).then(|| serde_json::from_slice::<Report>(&text));
    let rungs = report.and_then(Result::ok).map(|report| report.rungs);
    let rungs = rungs.unwrap_or_default().into_iter();
    rungs.map(|rung| rung.quality).collect()
}

fn read_picture(dir: &Path, path: &str) -> Result<Vec<u8>> {
    let missing = || {
        let words = "`thumbnail` names none that the job has";
        Error::new(Code::RequestInvalid, words).in_field("thumbnail")
    };
    let file = open_below(dir, Path::new(path)).map_err(|_| missing())?;
    let mut picture = Vec::new();
    let read = File::from(file)
        .take(MAX_PICTURE_BYTES + 1)
        .read_to_end(&mut picture);
    match read {
        Ok(bytes) if bytes as u64 <= MAX_PICTURE_BYTES => Ok(picture),
        _ => Err(missing()),
    }
}

pub(super) fn unknown() -> Error {
    Error::new(
        Code::JobUnknown,
        "there is no job of that id; it may have been deleted",
    )
}

pub(super) fn wrong_state(state: JobState, rule: &str) -> Error {
    Error::new(
        Code::JobState,
        format!("the job is {}; {rule}", state.name()),
    )
}
