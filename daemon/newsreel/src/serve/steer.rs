//! Changing a job that was accepted, and what it has made so far. Not here: submitting, cancelling or deleting it (`control`), or its poster (`poster`).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use newsreel_model::control::JobView;
use newsreel_model::job::{JobState, layout};
use newsreel_model::output::{OutputView, outputs};
use newsreel_model::pictures::{self, PictureSet};
use newsreel_model::report::{Quality, Report};
use newsreel_model::store::{Applied, Change};
use newsreel_model::{Code, Error, JobId, Result};

use super::control::{Daemon, open_below};
use super::message::Message;
use super::place;

/// Larger than any report.
const MAX_REPORT_BYTES: u64 = 4 << 20;

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

    /// None before the plan is known.
    pub(super) fn pictures_now(&self, id: JobId) -> Result<Vec<PictureSet>> {
        self.find(id)?;
        let plan = self.store.plan(id)?.map(|(_, plan)| plan);
        let Some(plan) = plan.filter(|plan| !plan.is_sound_alone()) else {
            return Ok(Vec::new());
        };
        let pieces = self.store.pieces(id)?;
        let paths = pieces.iter().map(|piece| piece.path.as_str());
        Ok(pictures::sets(&plan.thumbnails, paths))
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
